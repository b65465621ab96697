"""The log file: private, masked, and never in the way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from occopus.diagnostics import Diagnostics
from occopus.logs import set_up_logging, take_down
from occopus.masking import Masker


@pytest.fixture(autouse=True)
def level_of_the_root() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    yield
    root.setLevel(before)


def test_records_go_to_the_file_masked_and_by_level(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "occopus.log"
    diagnostics = Diagnostics()
    handler = set_up_logging(file, "INFO", Masker(["hunter2"]), diagnostics)
    logging.getLogger("occopus_ec2.handler").info("logged in with %s", "hunter2")
    logging.getLogger("occopus").debug("too fine")
    take_down(handler)
    logging.getLogger("occopus").error("too late")
    text = file.read_text()
    assert "INFO occopus_ec2.handler" in text
    assert "logged in with ********" in text
    assert "too" not in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert diagnostics.faults == ()


def test_a_file_that_is_there_is_continued(tmp_path: Path) -> None:
    file = tmp_path / "occopus.log"
    file.write_text("before\n")
    handler = set_up_logging(file, "INFO", Masker(), Diagnostics())
    logging.getLogger("occopus").warning("after")
    take_down(handler)
    assert file.read_text().startswith("before\n")
    assert "after" in file.read_text()


def test_a_file_that_cannot_be_written_is_one_warning(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    take_down(set_up_logging(tmp_path, "INFO", Masker(), diagnostics))
    assert [(fault.message, fault.warning) for fault in diagnostics.faults] == [
        (f"the log file '{tmp_path}' cannot be written: Is a directory", True)
    ]


def test_without_a_file_nothing_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    handler = set_up_logging(None, "INFO", Masker(), Diagnostics())
    logging.getLogger("occopus").warning("unheard")
    take_down(handler)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")

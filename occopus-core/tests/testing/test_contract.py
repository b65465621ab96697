"""A check that fails ends with where the contract says so; one that is skipped or passes does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from occopus.plugins import ErrorKind, ResourceError
from occopus.testing.contract import error_of, unwritten, wanted, written_in

DROP = "occopus.plugins.ResourceHandler.drop"

TESTS = """
import pytest
from occopus.testing.contract import written_in

DROP = "occopus.plugins.ResourceHandler.drop"

class Suite:
    @written_in(DROP, "Succeeds on what is already gone")
    def test_failing(self):
        assert 1 == 2, "drop must succeed"

    @written_in(DROP, "Succeeds on what is already gone")
    def test_breaking(self):
        raise OSError("no such thing")

    @written_in(DROP, "Succeeds on what is already gone")
    def test_skipped(self):
        pytest.skip("needs a fixture")

    def test_of_somebody_else(self):
        assert 1 == 2

class TestMine(Suite):
    pass
"""


def test_failing_check_ends_with_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert "3 failed, 1 skipped" in done.stdout
    said = [line for line in done.stdout.splitlines() if line.startswith("E ")]
    contract = f'E       The contract, {DROP}: "Succeeds on what is already gone"'
    assert said.count(contract) == 2, "the failing and the breaking one, neither the skipped one nor somebody else's"
    assert said[said.index(contract) - 2 :][:4] == [
        "E       AssertionError: drop must succeed",
        "E       assert 1 == 2",
        contract,
        f"E       Read it with: python -m pydoc {DROP}",
    ]


class Sloppy:
    def test_without(self) -> None: ...

    @written_in(DROP, "Never fails.")
    def test_misquoted(self) -> None: ...

    @written_in("occopus.plugins.Nothing", "Succeeds on what is already gone")
    def test_nowhere(self) -> None: ...

    @written_in(DROP, "Begin or go on to remove everything that `create` made for this node and nothing else, and return without waiting")
    def test_right(self) -> None: ...


def test_what_is_not_written_is_noticed() -> None:
    assert sorted(unwritten(Sloppy)) == [
        f"test_misquoted: {DROP} does not say: Never fails.",
        "test_nowhere: occopus.plugins.Nothing does not say: Succeeds on what is already gone",
        "test_without has no 'written_in'",
    ]


def failing(error: Exception) -> None:
    raise error


def test_error_of_gives_only_errors_of_the_contract() -> None:
    error = ResourceError(ErrorKind.QUOTA, "no more")
    assert error_of(lambda: failing(error), "it must be told") is error
    with pytest.raises(AssertionError, match="it must be told, as a ResourceError; OSError left the plugin: gone"):
        error_of(lambda: failing(OSError("gone")), "it must be told")
    with pytest.raises(AssertionError, match="it must be told, as a ResourceError; there was no error"):
        error_of(lambda: None, "it must be told")


def test_wanted_says_what_was_wanted() -> None:
    with pytest.raises(AssertionError, match="it must succeed; it raised OSError: gone"), wanted("it must succeed"):
        failing(OSError("gone"))
    with pytest.raises(AssertionError, match=r"^as it was$"), wanted("it must succeed"):
        failing(AssertionError("as it was"))

"""occopus validate, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
INFRA, NODES = EXAMPLE / "infra.yaml", EXAMPLE / "nodes" / "node_definitions.yaml"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    file.write_text("infra_name: a_b\nnodes: []\ntypo: 1\n")
    return file


@pytest.mark.parametrize("files", [[INFRA, NODES], [NODES, INFRA], [INFRA, "--nodes", NODES], ["-n", NODES, INFRA]])
def test_the_example_is_valid(files: list[Path], site: Any) -> None:
    done = site.run("occopus", "validate", *files)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "valid: message: 2 nodes, 1 dependency, 2 node definitions\n"


def test_definitions_alone(site: Any) -> None:
    done = site.run("occopus", "validate", NODES)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "valid: 2 node definitions\n")


def test_faults_are_shown_with_the_line_and_a_mark_under_it(wrong: Path, site: Any) -> None:
    done = site.run("occopus", "validate", wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{wrong}:1:13: error: 'infra_name' must be 1 to 63 letters, digits and hyphens, not 'a_b'\n" in done.stderr
    assert "  1 | infra_name: a_b\n    |             ^\n" in done.stderr
    assert done.stderr.count("error: ") == 3
    assert done.stderr.count("warning: ") == 1


def test_faults_as_json(wrong: Path, site: Any) -> None:
    done = site.run("occopus", "validate", "--json", wrong)
    assert (done.returncode, done.stderr) == (2, "")
    faults = json.loads(done.stdout)
    assert [(fault["severity"], fault["file"], fault["line"], fault["column"]) for fault in faults] == [
        ("warning", str(wrong), 1, 1),
        ("error", str(wrong), 1, 13),
        ("error", str(wrong), 2, 8),
        ("error", str(wrong), 3, 1),
    ]
    assert faults[3]["message"] == "unknown key 'typo'"
    assert faults[3].keys() == {"severity", "message", "file", "line", "column", "hint"}


def test_warnings_as_json_are_no_failure(tmp_path: Path, site: Any) -> None:
    infra = tmp_path / "infra.yaml"
    infra.write_text(INFRA.read_text().replace("user_id: you@example.org\n", ""))
    done = site.run("occopus", "validate", "--json", infra, NODES)
    assert done.returncode == 0
    assert [fault["severity"] for fault in json.loads(done.stdout)] == ["warning"]
    shown = site.run("occopus", "validate", infra, NODES)
    assert shown.returncode == 0
    assert "warning: the key 'user_id' is missing" in shown.stderr
    assert shown.stderr.endswith("valid: message: 2 nodes, 1 dependency, 2 node definitions\n")


def test_valid_as_json_is_an_empty_list(site: Any) -> None:
    assert json.loads(site.run("occopus", "validate", "--json", INFRA, NODES).stdout) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'FILE...'"),
        (["--jsn", "x"], "No such option"),
        (["no-such-file.yaml"], "there is no file 'no-such-file.yaml'"),
        (["."], "is a folder, not a file"),
        (["--cfg", "no-such-file.yaml", str(INFRA)], "no-such-file.yaml"),
    ],
)
def test_bad_usage_ends_with_2(arguments: list[str], words: str, site: Any) -> None:
    done = site.run("occopus", "validate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_store_that_cannot_be_opened_is_a_failure_and_not_the_users_fault(tmp_path: Path, site: Any) -> None:
    """The definition is not in the files, so the store is asked."""
    (tmp_path / "in-the-way").write_text("")
    infra = tmp_path / "infra.yaml"
    infra.write_text("infra_name: i\nuser_id: me\nnodes: [{name: a, type: n}]\n")
    done = site.run("occopus", "validate", infra, OCCOPUS_DATA_DIR=str(tmp_path / "in-the-way"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


def test_debug_shows_where_an_error_arose(site: Any, wrong: Path) -> None:
    command = [Path(sys.executable).parent / "occopus", "validate", "--debug", wrong]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_nothing_is_left_behind(site: Any, occopus_home: Path) -> None:
    assert site.run("occopus", "validate", INFRA, NODES).returncode == 0
    assert list(occopus_home.iterdir()) == []

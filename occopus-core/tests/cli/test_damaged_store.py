"""A store whose file or records are damaged: every command says what is wrong and what to do, and changes nothing, here or there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import Home, until

pytestmark = pytest.mark.endurance

READING = (["list"], ["report", "-i"], ["plan", "-i"])
WRITING = (["maintain", "-i"], ["scale", "-n", "w", "-s", "3", "-i"], ["destroy", "-i"], ["build", "test.yaml", "-i"])
PAGE = 4096


@pytest.fixture
def built(home: Home) -> str:
    """An infrastructure whose records fill several pages."""
    infra_id = home.build(home.describe("a", "w: type: plain, scaling: {min: 2, max: 4}"), "--parallelize")
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it in one file
    return infra_id


def garbage_at_the_beginning(content: bytes) -> bytes:
    return b"garbage!" * 64 + content[512:]


def zeros_in_the_last_page(content: bytes) -> bytes:
    return content[:-PAGE] + bytes(PAGE)


def garbage_from_the_second_page_on(content: bytes) -> bytes:
    return content[:PAGE] + b"\xff" * (len(content) - PAGE)


def without_its_end(content: bytes) -> bytes:
    return content[:-1000]


DAMAGES = (garbage_at_the_beginning, zeros_in_the_last_page, garbage_from_the_second_page_on, without_its_end)
WHOLE = (garbage_at_the_beginning, garbage_from_the_second_page_on)
"""With these nothing can be read; with the others, what is elsewhere in the file can."""


def run_all(home: Home, infra_id: str, commands: Any) -> list[tuple[int, str, str]]:
    """The exit code and output of each, all at once: they leave the store as it is."""
    processes = [home.start("occopus", *command, *([infra_id] if command[-1] == "-i" else [])) for command in commands]
    said = [process.communicate(timeout=60) for process in processes]
    return [(process.returncode, *each) for process, each in zip(processes, said, strict=True)]


def assert_said(said: str, file: Path) -> None:
    reason, hint = said.rstrip("\n").split("\n")[-2:]
    assert reason.startswith(
        (f"error: the store '{file}' is damaged (", f"error: the store '{file}' is not an SQLite database (", "error: the record ")
    )
    assert "restore" in hint
    assert "backup" in hint
    assert "Traceback" not in said


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_left_as_it_is(home: Home, built: str, damage: Callable[[bytes], bytes]) -> None:
    file = home.data / "occopus.db"
    good, running = file.read_bytes(), home.processes
    file.write_bytes(damage(good))
    for code, out, err in run_all(home, built, READING):
        if code == 0 and damage not in WHOLE:
            assert out
        else:
            assert code == 1
            assert_said(err, file)
    for code, _, err in run_all(home, built, WRITING):
        assert code == 1
        assert_said(err, file)
    assert file.read_bytes() == damage(good)
    assert home.processes == running
    file.write_bytes(good)
    home.run("occopus", "destroy", "-i", built)
    home.assert_nothing_left()


def test_a_store_that_is_lost_is_made_anew_from_what_runs(home: Home, built: str) -> None:
    """An empty file is an empty store: it can't be told from one that is being made."""
    running = home.processes
    (home.data / "occopus.db").write_bytes(b"")
    for code, _, err in run_all(home, built, [*READING[1:], *WRITING[:3]]):
        assert code == 2
        assert f"there is no infrastructure '{built}'" in err
    assert home.processes == running
    home.run("occopus", "adopt", "test.yaml", "-i", built, "--nodes", "nodes.yaml")
    assert home.processes == running
    home.run("occopus", "destroy", "-i", built)
    home.assert_nothing_left()


BREAKS = {
    "no JSON": ("substr(value, 1, 40)", "is damaged: "),
    "a field is missing": ("json_remove(value, '$.phase')", "is damaged: KeyError: 'phase'"),
    "a newer form": ("json_set(value, '$.v', 2)", "has the form 2, this version of Occopus knows up to 1"),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_damaged_record_is_named_and_nothing_is_done(home: Home, built: str, broken: str) -> None:
    change, reason = BREAKS[broken]
    victim, running = home.named("a")[0], home.processes
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        good = db.execute("SELECT value FROM records WHERE name = ?", [victim.node_id]).fetchone()
        db.execute(f"UPDATE records SET value = {change} WHERE name = ?", [victim.node_id])
        db.commit()
    before = home.rows
    for code, _, err in run_all(home, built, [*READING[1:], *WRITING]):
        assert code == 1
        assert f"error: the record instance/{built}/{victim.node_id} {reason}" in err
        assert ("upgrade occopus-core" if broken == "a newer form" else "restore the store from a backup") in err
        assert "Traceback" not in err
    assert (home.rows, home.processes) == (before, running)
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        db.execute("UPDATE records SET value = ? WHERE name = ?", [*good, victim.node_id])
        db.commit()
    home.run("occopus", "destroy", "-i", built)
    home.assert_nothing_left()


def test_the_log_of_a_killed_build_is_lost(home: Home) -> None:
    """With it, all that was written goes: the machines are still there, and are found by their marks."""
    process = home.start("occopus", "build", home.describe("a", "b", depends="[[b, a]]"), "--nodes", "nodes.yaml")
    until(lambda: len(home.processes) > 1, "the first node")
    process.kill()
    process.communicate()
    (infra_id,) = (path.name for path in (home.data / "local").glob("[!.]*"))
    for companion in ("-wal", "-shm"):
        Path(f"{home.data}/occopus.db{companion}").unlink()
    listed = home.run("occopus", "list")
    assert "Traceback" not in listed.stderr
    if infra_id not in listed.stdout:
        home.run("occopus", "adopt", "test.yaml", "-i", infra_id, "--nodes", "nodes.yaml")
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()

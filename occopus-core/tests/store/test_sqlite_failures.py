"""What users read when the file of an SQLite store can't be used: a sentence, not a traceback; and nothing is half done."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from occopus.errors import StoreError
from occopus.store import sqlite_file
from occopus.store.base import Key, Put
from occopus.store.sqlite import SqliteStore

KEY = Key("thing", "scope", "name")


def refusal(work: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(StoreError) as caught:
        work()
    return caught.value.message, caught.value.hint or ""


def write(store: SqliteStore) -> Callable[[], None]:
    return lambda: store.write([Put(KEY, {}, None)])


def raw(path: Path, script: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(script)
    db.close()


def test_newer_form_is_refused(path: Path, store: SqliteStore) -> None:
    write(store)()
    store.close()
    raw(path, "PRAGMA user_version = 7")
    assert refusal(lambda: store.get(KEY)) == (
        f"the store '{path}' has the form 7, this version of Occopus knows up to 1",
        "upgrade occopus-core",
    )


def test_database_of_another_program_is_left_alone(path: Path, store: SqliteStore) -> None:
    raw(path, "CREATE TABLE theirs (a)")
    path.chmod(0o644)
    before = path.read_bytes()
    message, hint = refusal(write(store))
    assert (message, hint) == (f"the store '{path}' is the database of another program", "choose another file for the store")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, os.listdir(path.parent)) == (before, 0o644, ["state.db"])


def test_file_that_is_no_database_is_left_alone(path: Path, store: SqliteStore) -> None:
    path.write_text("Dear diary, " * 500)
    path.chmod(0o644)
    message, hint = refusal(write(store))
    assert message.startswith(f"the store '{path}' is not an SQLite database (")
    assert "choose another file" in hint
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("Dear diary, " * 500, 0o644)


def test_damaged_file(path: Path, store: SqliteStore) -> None:
    store.write([Put(Key("thing", "scope", str(number)), {"text": "x" * 500}, 0) for number in range(200)])
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # all pages but the first, which has the header
    path.write_bytes(content)
    message, hint = refusal(lambda: list(store.scan("thing")))
    assert message == f"the store '{path}' is damaged (database disk image is malformed)"
    assert "backup" in hint


@pytest.mark.parametrize("text", ["{", "[1]", "", '{"a": ' + "[" * 100_000])
def test_damaged_value(path: Path, store: SqliteStore, text: str) -> None:
    write(store)()
    with store._opened() as db:
        db.execute("UPDATE records SET value = ?", (text,))
    message, _ = refusal(lambda: store.get(KEY))
    assert message.startswith("the record thing/scope/name is damaged: ")


def test_path_of_a_directory(path: Path, store: SqliteStore) -> None:
    path.mkdir(mode=0o755)
    assert refusal(write(store)) == (f"the store '{path}' is a directory", "name a file in it")
    assert path.stat().st_mode & 0o777 == 0o755


def test_directory_is_a_file(path: Path) -> None:
    path.write_text("")
    message, hint = refusal(write(SqliteStore(path / "state.db")))
    assert message.startswith(f"the store '{path / 'state.db'}' can't be ")
    assert "directory" in hint


def test_full_disk_leaves_all_as_it_was(store: SqliteStore) -> None:
    store.write([Put(KEY, {"text": "old"}, 0)])
    with store._opened() as db:
        db.execute("PRAGMA max_page_count = 10")
    message, hint = refusal(
        lambda: store.write([Put(KEY, {"text": "new"}, None), Put(KEY._replace(name="big"), {"text": "x" * 100_000}, 0)])
    )
    assert "can't grow, nothing was written (database or disk is full)" in message
    assert "free space" in hint
    assert [(record.key, record.value) for record in store.scan("thing")] == [(KEY, {"text": "old"})]
    store.write([Put(KEY, {"text": "new"}, 1)])


def test_writer_that_stays_too_long(path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    write(SqliteStore(path))()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    message, hint = refusal(write(store))
    assert "in use by another process" in message
    assert "try again" in hint
    assert store.get(KEY) is not None, "reading goes on while somebody writes"
    db.execute("ROLLBACK")
    db.close()
    write(store)()


def test_name_that_is_no_text(store: SqliteStore) -> None:
    message, _ = refusal(lambda: store.get(Key("thing", "\udcff")))
    assert message == r"'\udcff' can't name anything in a store: it is not valid text"


UNPRIVILEGED = """
import os, sys, urllib.parse  # the last is needed later, and an interpreter in root's home can't be read then
from pathlib import Path
from occopus.errors import StoreError
from occopus.store.base import Key, Put
from occopus.store.sqlite import SqliteStore
if os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)
store = SqliteStore(Path(sys.argv[1]))
for work in [lambda: store.get(Key("thing", "scope")), lambda: store.write([Put(Key("thing", "scope"), {}, None)])]:
    try:
        print(work())
    except StoreError as error:
        print(f"{error} | {error.hint}")
"""


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A directory that only its owner could write to if it allowed that; also where the tests run as root."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


def unprivileged(path: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, path], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_file_can_not_be_made_in_a_read_only_directory(read_only: Path) -> None:
    read_only.chmod(0o555)
    path = read_only / "state.db"
    assert unprivileged(path) == [f"the store '{path}' can't be made: Permission denied | check that you may write to its directory"] * 2


def test_file_and_directory_are_read_only(read_only: Path) -> None:
    path = read_only / "state.db"
    store = SqliteStore(path)
    write(store)()
    store.close()
    path.chmod(0o444)
    read_only.chmod(0o555)
    read, written = unprivileged(path)
    assert "Traceback" not in read + written
    assert written.startswith(f"the store '{path}' ")
    assert "check that you may" in written


def test_file_of_somebody_else(read_only: Path) -> None:
    path = read_only / "state.db"
    store = SqliteStore(path)
    write(store)()
    store.close()
    path.chmod(0)
    for line in unprivileged(path):
        assert line == (
            f"the store '{path}' can't be opened (unable to open database file) | check that you may read and write it and its directory"
        )

"""The file under the SQLite store: made so that only its owner can read it, checked for its form, its failures put into words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from occopus.errors import StoreError

FORM = 1
"""The version of the tables, kept in the file as its `user_version`."""

MARK = 0x4F63636F
"""Tells our files from those of other programs (SQLite's `application_id`, the letters `Occo`)."""

BUSY_SECONDS = 10.0
"""How long a statement waits for other processes."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, scope, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (scope TEXT PRIMARY KEY, owner TEXT NOT NULL, fence INTEGER NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
PRAGMA application_id = {MARK};
PRAGMA user_version = {FORM};
COMMIT;
"""

_RESTORE = "restore it from a backup, or move it away: 'occopus adopt' takes over what runs into an empty store"
_REASONS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (f"has been in use by another process for more than {BUSY_SECONDS:.0f} s", "try again when that one is done"),
    sqlite3.SQLITE_CANTOPEN: ("can't be opened", "check that you may read and write it and its directory"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _RESTORE),
    sqlite3.SQLITE_FULL: ("can't grow, nothing was written", "free space on its disk"),
    sqlite3.SQLITE_IOERR: ("can't be read or written", "check its disk and the free space there"),
    sqlite3.SQLITE_NOTADB: ("is not an SQLite database", f"choose another file for the store; if it was one, {_RESTORE}"),
    sqlite3.SQLITE_READONLY: ("is read-only", "check that you may write to it and to its directory"),
}

# While a file is made in one thread, no other may open it: closing a descriptor drops all locks that the process has on that file.
_opening = threading.Lock()


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to the store's file, which is made where it is missing. From a disk that is read-only it can still be read.

    Raises:
        StoreError: it can't be made, or it is no store of a form that we know.
        sqlite3.Error: SQLite can't open it; `explain` turns this into words.
    """
    real = os.path.realpath(path)
    with _opening:
        _make_private(real)
        fixed = _never_changes(real)
        address = f"{Path(real).as_uri()}?{'mode=ro&immutable=1' if fixed else 'mode=rw'}"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _check_form(connection, real)
        if not fixed:
            _prepare(connection, real)
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_if_damaged(connection: sqlite3.Connection, path: Path) -> None:
    """Look through the whole file: what is damaged somewhere must not be written to anywhere. Takes 2 ms for each MB.

    Raises:
        StoreError: it is damaged.
    """
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        raise StoreError(f"the store '{path}' is damaged ({found.splitlines()[-1]})", _RESTORE)


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """What went wrong with this file, for its user."""
    if os.path.isdir(path):
        return StoreError(f"the store '{path}' is a directory", "name a file in it")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the higher bits only tell where in SQLite it happened
    reason, hint = _REASONS.get(code, ("failed", None))
    return StoreError(f"the store '{path}' {reason} ({error})", hint)


def _make_private(path: str) -> None:
    """Make an empty file that never had another mode; SQLite gives its companions (-wal, -shm) the same one."""
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"the store '{path}' can't be made: {error.strerror}", "check that you may write to its directory") from error


def _never_changes(path: str) -> bool:
    """Whether a file is on a read-only disk, with all that was written to it: else its companions are needed, which can't be made there."""
    if sys.platform == "win32" or os.path.exists(f"{path}-wal"):
        return False
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:  # opening it will say why
        return False


def _check_form(connection: sqlite3.Connection, path: str) -> None:
    """Nothing is changed in a file that is not ours."""
    mark, form, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
        "(SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if mark != MARK and tables:
        raise StoreError(f"the store '{path}' is the database of another program", "choose another file for the store")
    if mark == MARK and form > FORM:
        raise StoreError(
            f"the store '{path}' has the form {form}, this version of Occopus knows up to {FORM}",
            "upgrade occopus-core",
        )


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """Bring a connection into the mode we need, and a new file into our form."""
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS leaves data in the disk's cache without it; nothing changes elsewhere
    if connection.execute("PRAGMA application_id").fetchone() != (MARK,):
        connection.executescript(_TABLES)
    _tighten(path)


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Write to a log first, so that readers and the writer don't wait for each other.

    A file changes to this once; of processes that ask for it at the same moment, SQLite refuses all but one without waiting.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _tighten(path: str) -> None:
    """Take from others what they may do with a file that was copied or restored with a wider mode."""
    for name in (path, f"{path}-wal", f"{path}-shm"):
        with contextlib.suppress(OSError):  # not there, or not our user's: then it is for its owner to change
            if stat.S_IMODE(os.stat(name).st_mode) & 0o077:
                os.chmod(name, 0o600)

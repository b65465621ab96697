"""A store in one SQLite file: the default. Several processes on one machine may share it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from occopus.errors import StoreError
from occopus.store.backend import conflict, decode, lost, refuse_if_held, with_texts
from occopus.store.base import Append, Change, Delete, Key, Lease, Put, Record, Store
from occopus.store.sqlite_file import explain, open_file, refuse_if_damaged

_PUT = """
INSERT INTO records (kind, scope, name, version, value) VALUES (?, ?, ?, 1, ?)
ON CONFLICT (kind, scope, name) DO UPDATE SET version = version + 1, value = excluded.value
"""
_COUNT = "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"


class SqliteStore(Store):
    """`clock` gives the seconds by which leases expire; all processes that share the file must go by the same one.

    The file is opened or made on first use, and again on the first use after `close`.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        # All threads share one connection under this lock. SQLite has one writer at a time anyway; threads that wait for a lock go on
        # at once and in turn, while connections would poll each other; and none outlives the thread that opened it.
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._was_checked = False

    def get(self, key: Key) -> Record | None:
        with self._opened() as db:
            row = db.execute("SELECT version, value FROM records WHERE kind = ? AND scope = ? AND name = ?", key).fetchone()
        return _record(key, *row) if row else None

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        # The rows are fetched at once, so that they belong together whatever is written meanwhile; values are decoded one by one.
        with self._opened() as db:
            rows = db.execute(*range_query(kind, scope, after)).fetchall()
        return (_record(Key(kind, *names), version, text) for *names, version, text in rows)

    def last_appended(self) -> str:
        with self._opened() as db:
            row = db.execute("SELECT value FROM counters WHERE name = 'appended'").fetchone()
        return _name(row[0]) if row else ""

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        prepared = with_texts(changes)
        with self._transaction() as db:
            if lease is not None and not _is_current(db, lease):
                raise lost(lease)
            for change in changes:
                _check(db, change)
            for change, text in prepared:
                _apply(db, change, text)

    def acquire(self, scope: str, owner: str, seconds: float, instead_of: str | None = None) -> Lease:
        with self._transaction() as db:
            row = db.execute("SELECT scope, owner, fence, expires FROM leases WHERE scope = ?", (scope,)).fetchone()
            now, held = self._clock(), Lease(*row) if row else None
            refuse_if_held(held, owner, now, instead_of)
            fence = held.fence if held and held.owner == owner else _next(db, "fence")
            lease = Lease(scope, owner, fence, now + seconds)
            db.execute("REPLACE INTO leases (scope, owner, fence, expires) VALUES (?, ?, ?, ?)", astuple(lease))
        return lease

    def release(self, lease: Lease) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM leases WHERE scope = ? AND fence = ?", (lease.scope, lease.fence))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
                self._was_checked = False

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; whatever SQLite complains of leaves as a `StoreError`."""
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = open_file(self._path)
                yield self._connection
        except sqlite3.Error as error:
            raise explain(error, self._path) from error
        except UnicodeEncodeError as error:
            raise StoreError(f"{error.object!r} can't name anything in a store: it is not valid text") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection while nobody else writes. What was changed stays if the body ends well, else nothing of it does."""
        with self._opened() as db:
            if not self._was_checked:
                refuse_if_damaged(db, self._path)
                self._was_checked = True
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite has rolled back by itself after some failures
                    db.execute("ROLLBACK")
                raise


def range_query(kind: str, scope: str | None, after: str) -> tuple[str, list[str]]:
    """The statement and parameters of a scan: one range of the primary key, in its order."""
    wanted = {"kind = ?": kind} | ({} if scope is None else {"scope = ?": scope}) | ({"name > ?": after} if after else {})
    query = f"SELECT scope, name, version, value FROM records WHERE {' AND '.join(wanted)} ORDER BY scope, name"  # noqa: S608 - no input
    return query, list(wanted.values())


def _record(key: Key, version: int, text: str) -> Record:
    return Record(key, decode(key, text), version)


def _is_current(db: sqlite3.Connection, lease: Lease) -> bool:
    return db.execute("SELECT 1 FROM leases WHERE scope = ? AND fence = ?", (lease.scope, lease.fence)).fetchone() is not None


def _check(db: sqlite3.Connection, change: Change) -> None:
    if isinstance(change, Append) or change.version is None:
        return
    row = db.execute("SELECT version FROM records WHERE kind = ? AND scope = ? AND name = ?", change.key).fetchone()
    if (row[0] if row else 0) != change.version:
        raise conflict(change.key)


def _apply(db: sqlite3.Connection, change: Change, text: str) -> None:
    if isinstance(change, Append):
        db.execute(_PUT, (change.kind, change.scope, _name(_next(db, "appended")), text))
    elif isinstance(change, Put):
        db.execute(_PUT, (*change.key, text))
    elif isinstance(change, Delete):
        db.execute("DELETE FROM records WHERE kind = ? AND scope = ? AND name = ?", change.key)


def _name(number: int) -> str:
    return f"{number:016d}"


def _next(db: sqlite3.Connection, counter: str) -> int:
    """The next number of a counter; as the counter is kept apart, no number comes twice, whatever is deleted."""
    db.execute(_COUNT, (counter,))
    number: int = db.execute("SELECT value FROM counters WHERE name = ?", (counter,)).fetchone()[0]
    return number

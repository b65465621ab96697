"""A store in a Redis, which many machines may share."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from occopus.errors import StoreError
from occopus.store.backend import conflict, damaged, decode, lost, refuse_if_held, with_texts
from occopus.store.base import Append, Change, Delete, Key, Lease, Record, Store
from occopus.store.redis_address import read_address
from occopus.store.redis_connection import PatientRedis
from occopus.store.redis_form import prepare
from occopus.store.redis_scripts import ACQUIRE, COUNTERS, RELEASE, SCAN, WRITE, quoted, records_key

PATIENCE = 60.0
"""Seconds for which a server that has gone is tried again."""


def _ignore(text: str) -> None:
    """Nobody is told."""


class RedisStore(Store):
    """Keeps everything in one database, under keys that begin with `occopus:`; others there are left alone.

    Each write is one script, which the server carries out whole and alone. `write` returns when the server has accepted it; whether
    that survives a crash of the server's machine is decided by its settings `appendonly` and `appendfsync`. Leases go by the server's
    clock. Scripts work out their keys by themselves, which a Redis Cluster does not support; it needs a Redis of version 5 or newer.

    A server that goes away is tried again for `patience` seconds, and `tell` is told. Nothing is connected before first use.

    Raises:
        UsageError: the URL is none of a Redis.
    """

    def __init__(self, url: str, patience: float = PATIENCE, tell: Callable[[str], None] = _ignore) -> None:
        self._server = PatientRedis(read_address(url), patience, tell)
        self._write = self._server.script(WRITE)
        self._scan = self._server.script(SCAN)
        self._acquire = self._server.script(ACQUIRE)
        self._release = self._server.script(RELEASE)
        self._lock = threading.Lock()
        self._prepared = False

    def get(self, key: Key) -> Record | None:
        kept = self._ask(lambda: self._server.call(lambda redis: redis.hget(records_key(key.kind, key.scope), key.name)))
        return None if kept is None else _record(key, kept)

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        start = f"({after}" if after else "-"
        found = self._ask(lambda: self._scan(quoted(kind), start, *([] if scope is None else [scope])))
        return _records(kind, found)

    def last_appended(self) -> str:
        number = self._ask(lambda: self._server.call(lambda redis: redis.hget(COUNTERS, "appended")))
        return f"{int(number):016d}" if number else ""

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        prepared = with_texts(changes)
        # By the token the server knows a write that comes again because its reply was lost.
        head = [uuid.uuid4().hex, lease.scope if lease else "", str(lease.fence) if lease else ""]
        answer, *place = self._ask(lambda: self._write(*head, *(part for change, text in prepared for part in _parts(change, text))))
        if answer == b"conflict":
            raise conflict(changes[place[0]].key)
        if answer == b"lost" and lease is not None:
            raise lost(lease)

    def acquire(self, scope: str, owner: str, seconds: float, instead_of: str | None = None) -> Lease:
        # Without somebody to displace it may displace itself, which changes nothing.
        displaced = owner if instead_of is None else instead_of
        holder, fence, expires, now = self._ask(lambda: self._acquire(scope, owner, int(seconds * 1e6), displaced))
        lease = Lease(scope, holder.decode(), int(fence), int(expires) / 1e6)
        refuse_if_held(lease, owner, int(now) / 1e6, None)
        return lease

    def release(self, lease: Lease) -> None:
        self._ask(lambda: self._release(lease.scope, lease.fence))

    def close(self) -> None:
        self._server.close()

    def _ask(self, question: Callable[[], Any]) -> Any:
        """The server's answer, once it is known to be fit for a store."""
        try:
            if not self._prepared:
                self._prepare()
            answer = question()
        except UnicodeEncodeError as error:
            raise StoreError(f"{error.object!r} can't name anything in a store: it is not valid text") from error
        if answer == [b"form"]:
            raise StoreError(
                f"the store {self._server.address.name} was emptied, or changed its form, since it was opened; nothing was written",
                "restore it from a backup if it has lost its records; a Redis keeps them over a restart with 'appendonly yes'",
            )
        return answer

    def _prepare(self) -> None:
        with self._lock:
            if not self._prepared:
                prepare(self._server)
                self._prepared = True


def _parts(change: Change, text: str) -> tuple[str, ...]:
    """A change as the script expects it."""
    if isinstance(change, Append):
        return "append", quoted(change.kind), change.scope, "", "", text
    what = "delete" if isinstance(change, Delete) else "put"
    return what, quoted(change.key.kind), change.key.scope, change.key.name, "" if change.version is None else str(change.version), text


def _records(kind: str, found: Sequence[Any]) -> Iterator[Record]:
    for scope, names in zip(found[::2], found[1::2], strict=True):
        for name, kept in zip(names[::2], names[1::2], strict=True):
            yield _record(Key(kind, scope.decode(), name.decode()), kept)


def _record(key: Key, kept: bytes | None) -> Record:
    version, _, text = (kept or b"").decode(errors="replace").partition(" ")
    if not version.isdecimal():
        raise damaged(key, "it has no version")
    return Record(key, decode(key, text), int(version))

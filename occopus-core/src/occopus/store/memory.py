"""A store in this process's memory, for tests and for trying things out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from occopus.store.backend import conflict, decode, lost, refuse_if_held, with_texts
from occopus.store.base import Append, Change, Key, Lease, Put, Record, Store


class _Kept(NamedTuple):
    """A value as text, so that nobody can change it from outside."""

    text: str
    version: int


class MemoryStore(Store):
    """`clock` gives the seconds by which leases expire."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[Key, _Kept] = {}
        self._leases: dict[str, Lease] = {}
        self._fence = 0
        self._appended = 0
        self._lock = threading.RLock()

    def get(self, key: Key) -> Record | None:
        with self._lock:
            kept = self._records.get(key)
        return _record(key, kept) if kept else None

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        with self._lock:
            wanted = [key for key in self._records if key.kind == kind and scope in (None, key.scope) and (not after or key.name > after)]
            found = [(key, self._records[key]) for key in sorted(wanted)]
        return (_record(key, kept) for key, kept in found)

    def last_appended(self) -> str:
        with self._lock:
            return _name(self._appended) if self._appended else ""

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        prepared = with_texts(changes)
        with self._lock:
            if lease is not None and not self._holds(lease):
                raise lost(lease)
            for change in changes:
                self._check(change)
            for change, text in prepared:
                self._apply(change, text)

    def acquire(self, scope: str, owner: str, seconds: float, instead_of: str | None = None) -> Lease:
        with self._lock:
            now, held = self._clock(), self._leases.get(scope)
            refuse_if_held(held, owner, now, instead_of)
            fence = held.fence if held and held.owner == owner else self._next_fence()
            lease = self._leases[scope] = Lease(scope, owner, fence, now + seconds)
            return lease

    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._holds(lease):
                del self._leases[lease.scope]

    def _holds(self, lease: Lease) -> bool:
        held = self._leases.get(lease.scope)
        return held is not None and held.fence == lease.fence

    def _next_fence(self) -> int:
        self._fence += 1
        return self._fence

    def _check(self, change: Change) -> None:
        if isinstance(change, Append) or change.version is None:
            return
        kept = self._records.get(change.key)
        if (kept.version if kept else 0) != change.version:
            raise conflict(change.key)

    def _apply(self, change: Change, text: str) -> None:
        if isinstance(change, Append):
            self._appended += 1
            self._records[Key(change.kind, change.scope, _name(self._appended))] = _Kept(text, 1)
        elif isinstance(change, Put):
            kept = self._records.get(change.key)
            self._records[change.key] = _Kept(text, kept.version + 1 if kept else 1)
        else:
            self._records.pop(change.key, None)


def _name(number: int) -> str:
    return f"{number:016d}"


def _record(key: Key, kept: _Kept) -> Record:
    return Record(key, decode(key, kept.text), kept.version)

"""A store in this process's memory, for tests and for trying things out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from occopus.errors import LeaseHeld, LeaseLost, VersionConflict
from occopus.store.base import Append, Change, Delete, Key, Lease, Put, Record, Store


class MemoryStore(Store):
    """`clock` gives the seconds by which leases expire."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[Key, Record] = {}
        self._leases: dict[str, Lease] = {}
        self._fence = 0
        self._appended = 0
        self._lock = threading.RLock()

    def get(self, key: Key) -> Record | None:
        with self._lock:
            return self._records.get(key)

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        with self._lock:
            keys = [key for key in self._records if key.kind == kind and scope in (None, key.scope) and key.name >= after]
            found = [self._records[key] for key in sorted(keys)]
        return (record for record in found if not after or record.key.name > after)

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        with self._lock:
            if lease is not None and not self._holds(lease):
                raise LeaseLost(f"the lease of '{lease.scope}' has passed to somebody else")
            for change in changes:
                self._check(change)
            for change in changes:
                self._apply(change)

    def acquire(self, scope: str, owner: str, seconds: float) -> Lease:
        with self._lock:
            now = self._clock()
            held = self._leases.get(scope)
            if held and held.expires > now and held.owner != owner:
                raise LeaseHeld(f"'{scope}' is being worked on by {held.owner} (for {held.expires - now:.0f} s at most)")
            if held and held.expires > now:
                lease = Lease(scope, owner, held.fence, now + seconds)
            else:
                self._fence += 1
                lease = Lease(scope, owner, self._fence, now + seconds)
            self._leases[scope] = lease
            return lease

    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._holds(lease):
                del self._leases[lease.scope]

    def _holds(self, lease: Lease) -> bool:
        held = self._leases.get(lease.scope)
        return held is not None and held.fence == lease.fence

    def _check(self, change: Change) -> None:
        if isinstance(change, Append) or change.version is None:
            return
        found = self._records.get(change.key)
        if (found.version if found else 0) != change.version:
            raise VersionConflict(f"{'/'.join(change.key)} has changed since it was read")

    def _apply(self, change: Change) -> None:
        if isinstance(change, Append):
            self._appended += 1
            key = Key(change.kind, change.scope, f"{self._appended:016d}")
            self._records[key] = Record(key, change.value, 1)
        elif isinstance(change, Put):
            found = self._records.get(change.key)
            self._records[change.key] = Record(change.key, change.value, found.version + 1 if found else 1)
        elif isinstance(change, Delete):
            self._records.pop(change.key, None)

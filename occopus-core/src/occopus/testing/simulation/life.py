"""Processes that die or stand still: at a point that is chosen, before or after each write to the store and each call of a cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from occopus.store.base import Change, Key, Lease, Record, Store


class Death(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """Counts the points at which a process can die, and ends it at the one with the number `end`, counted from 1.

    Afterwards nothing that it tries has an effect. At the point `frozen_at` the whole process stands still, its renewing of the lease
    included, until `meanwhile` is over: what other processes do in that time. Several threads of a process may share its life.
    """

    end: int | None = None
    frozen_at: int | None = None
    meanwhile: Callable[[], object] = lambda: None
    points: list[str] = field(default_factory=list)
    is_over: bool = False
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def pass_by(self, point: str) -> None:
        """Raises:
        Death: the process died here, or before.
        """
        with self._lock:
            if alive := not self.is_over:
                self.points.append(point)
                self.is_over = len(self.points) == self.end
            number = len(self.points)
        if alive and number == self.frozen_at:
            _elsewhere(self.meanwhile)
        self.go_on()

    def end_if(self, condition: bool) -> None:
        """End it here where a condition holds.

        Raises:
        Death: the process died here, or before.
        """
        with self._lock:
            self.is_over = self.is_over or condition
        self.go_on()

    def go_on(self) -> None:
        """Raises:
        Death: the process is dead.
        """
        if self.is_over:
            raise Death(*self.points[-1:])


class MortalStore(Store):
    """What a process sees of a store as long as it lives."""

    def __init__(self, store: Store, life: Life) -> None:
        self._store = store
        self._life = life

    def get(self, key: Key) -> Record | None:
        self._life.go_on()
        return self._store.get(key)

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        self._life.go_on()
        return self._store.scan(kind, scope, after)

    def last_appended(self) -> str:
        self._life.go_on()
        return self._store.last_appended()

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        self._life.pass_by("before write")
        self._store.write(changes, lease)
        self._life.pass_by("after write")

    def acquire(self, scope: str, owner: str, seconds: float, instead_of: str | None = None) -> Lease:
        self._life.pass_by("before acquire")
        lease = self._store.acquire(scope, owner, seconds, instead_of)
        self._life.pass_by("after acquire")
        return lease

    def release(self, lease: Lease) -> None:
        self._life.pass_by("before release")
        self._store.release(lease)
        self._life.pass_by("after release")


def _elsewhere(what: Callable[[], object]) -> None:
    """In another thread, since this one's event loop stands still until it is over."""
    with ThreadPoolExecutor(1) as other:
        other.submit(what).result()

"""The interface of a store: versioned records, atomic batches, leases with fencing.

A store knows nothing of what it keeps. Records are plain JSON mappings under a key of three parts, and every write says which
version it replaces. Methods may be called from several threads, and values are copied on their way in and out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Value = Mapping[str, Any]
"""Plain JSON data."""


class Key(NamedTuple):
    """Names a record: what it is (`instance`), what it belongs to (an infrastructure's id) and its own name there."""

    kind: str
    scope: str
    name: str = ""


@dataclass(frozen=True)
class Record:
    """A stored value. `version` starts at 1 and grows with each write."""

    key: Key
    value: Value
    version: int


@dataclass(frozen=True)
class Put:
    """Write a value over the version that was read; 0 means that the record must not exist yet, None that its version does not matter."""

    key: Key
    value: Value
    version: int | None


@dataclass(frozen=True)
class Delete:
    """Remove a record of this version; None means that its version does not matter, nor whether it exists."""

    key: Key
    version: int | None


@dataclass(frozen=True)
class Append:
    """Add a record at the end of a sequence.

    The store gives it a name: a number of fixed width, greater than all before it in that store, also those that were deleted.
    """

    kind: str
    scope: str
    value: Value


Change = Put | Delete | Append


@dataclass(frozen=True)
class Lease:
    """The right to write to one scope: until it expires nobody else gets it, and it lasts until somebody else does.

    `fence` grows with each new holder; times are the store's own clock, in seconds.
    """

    scope: str
    owner: str
    fence: int
    expires: float


class Store(ABC):
    """Keeps records. Every method raises `StoreError` where the store can't be reached or read."""

    @abstractmethod
    def get(self, key: Key) -> Record | None:
        """One record, None where there is none."""

    @abstractmethod
    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        """The records of a kind (and scope), ordered by scope and name; of a scope, those whose name is greater than `after`."""

    @abstractmethod
    def last_appended(self) -> str:
        """The name of what was appended last, of whatever kind and scope and also if it is deleted by now; empty before the first. As
        long as it stays the same there is nothing new in any sequence: cheap enough to be asked every second.
        """

    @abstractmethod
    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        """Carry out all changes or none; all versions are compared before the first change is made.

        When it returns, a durable store's changes survive a crash of this process and of the machine.

        Raises:
            VersionConflict: a record does not have the version that the change names.
            LeaseLost: the lease was released or is somebody else's by now. One that expired and that nobody took still counts.
        """

    @abstractmethod
    def acquire(self, scope: str, owner: str, seconds: float, instead_of: str | None = None) -> Lease:
        """Take the lease of a scope, or prolong it where `owner` is its last holder (the fence stays, also when it had expired).

        `instead_of` is a holder that is known to be dead: nobody waits until its lease expires.

        Raises:
            LeaseHeld: somebody else holds it; the message says who, and for how long.
        """

    @abstractmethod
    def release(self, lease: Lease) -> None:
        """Give a lease back. Nothing happens where it has passed to somebody else."""

    def close(self) -> None:  # noqa: B027 - most stores have something to close, not all
        """Let go of files and connections."""

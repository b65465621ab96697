"""What all backends do alike: how values become text, who may have a lease, and the words of a refusal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from occopus.errors import LeaseHeld, LeaseLost, StoreError, VersionConflict
from occopus.store.base import Append, Change, Delete, Key, Lease, Value


def with_texts(changes: Sequence[Change]) -> list[tuple[Change, str]]:
    """Each change with the text of the value that it brings; a `Delete` brings none.

    Raises:
        StoreError: a value is not plain data.
    """
    return [(change, "" if isinstance(change, Delete) else encode(_kind_of(change), change.value)) for change in changes]


def encode(kind: str, value: Value) -> str:
    """The compact JSON text of a value that is to be kept under this kind.

    Raises:
        StoreError: it holds something that is not plain data.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_simpler)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"a value of the kind '{kind}' can't be kept: {error}", "only text, numbers, lists and mappings can be") from error


def decode(key: Key, text: str) -> dict[str, Any]:
    """The value that `encode` made into this text, new on each call so that nobody shares it.

    Raises:
        StoreError: the text is damaged.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(key, error) from error
    if not isinstance(value, dict):
        raise damaged(key, "it is not a mapping")
    return value


def plain(kind: str, value: Value) -> dict[str, Any]:
    """A copy of a value as it will come back from the store: text, numbers, lists and dicts only."""
    copy: dict[str, Any] = json.loads(encode(kind, value))
    return copy


def refuse_if_held(held: Lease | None, owner: str, now: float, instead_of: str | None) -> None:
    """See whether `owner` may have a scope whose last lease is `held`.

    Raises:
        LeaseHeld: somebody else has it, has not let it expire, and is not known to be dead.
    """
    if held is not None and held.owner not in (owner, instead_of) and held.expires > now:
        raise LeaseHeld(f"'{held.scope}' is being worked on by {held.owner} (for {held.expires - now:.0f} s at most)", held.owner)


def conflict(key: Key) -> VersionConflict:
    return VersionConflict(f"the record {path_of(key)} has changed since it was read", "run the command again")


def lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"{lease.owner} no longer holds the lease of '{lease.scope}'; nothing was written", "run the command again")


def damaged(key: Key, reason: object) -> StoreError:
    return StoreError(f"the record {path_of(key)} is damaged: {reason}", "restore the store from a backup")


def path_of(key: Key) -> str:
    """How messages name a record."""
    return "/".join(part for part in key if part)


def _kind_of(change: Change) -> str:
    return change.kind if isinstance(change, Append) else change.key.kind


def _simpler(value: Any) -> Any:
    """What stands in JSON for a value that it has no notion of."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"a {type(value).__name__} is not plain data")

"""Short words for what the checks do again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import monotonic
from typing import Any, TypeVar

from occopus.errors import VersionConflict
from occopus.store.base import Key, Put, Store

KEY = Key("thing", "scope", "name")
PATIENCE = 30.0
"""After so many seconds a check gives up."""

T = TypeVar("T")


def put(store: Store, key: Key = KEY, version: int | None = None, **value: Any) -> None:
    store.write([Put(key, value, version)])


def value_of(store: Store, key: Key = KEY) -> dict[str, Any] | None:
    record = store.get(key)
    return dict(record.value) if record else None


def version_of(store: Store, key: Key = KEY) -> int:
    """0 where there is no record, as in a change."""
    record = store.get(key)
    return record.version if record else 0


def names(store: Store, kind: str, scope: str | None = None, after: str = "") -> list[str]:
    return [record.key.name for record in store.scan(kind, scope, after)]


def count_up(store: Store, times: int) -> None:
    """Add 1 to a counter, by compare-and-set, so many times."""
    done, until = 0, monotonic() + PATIENCE
    while done < times:
        assert monotonic() < until, "compare-and-set must succeed in the end: of all who write at once, one gets through"
        record = store.get(KEY)
        try:
            put(store, version=record.version if record else 0, count=record.value["count"] + 1 if record else 1)
        except VersionConflict:
            continue
        done += 1


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """The results of jobs that start in the same moment, each in its own thread."""
    barrier = Barrier(len(jobs))

    def start(job: Callable[[], T]) -> T:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(start, jobs))

"""One store, several threads."""

from __future__ import annotations

from functools import partial

from occopus.errors import LeaseHeld
from occopus.store.base import Append, Key, Put, Store
from occopus.testing.store_suite.tools import at_once, count_up, names, value_of

THREADS = 8


class ThreadChecks:
    def test_no_increment_is_lost(self, store: Store) -> None:
        at_once([partial(count_up, store, 20)] * THREADS)
        assert value_of(store) == {"count": THREADS * 20}, "compare-and-set from many threads must not lose an increment"

    def test_one_thread_gets_the_lease(self, store: Store) -> None:
        def acquires(owner: str) -> bool:
            try:
                store.acquire("scope", owner, 600)
            except LeaseHeld:
                return False
            return True

        won = at_once([partial(acquires, f"owner {number}") for number in range(THREADS)])
        assert sum(won) == 1, "of many who ask at once exactly one must get the lease"

    def test_every_append_is_kept(self, store: Store) -> None:
        def append() -> None:
            for _ in range(20):
                store.write([Append("log", "scope", {})])

        at_once([append] * THREADS)
        assert len(names(store, "log", "scope")) == THREADS * 20, "appends from many threads must all be kept"

    def test_readers_see_whole_batches(self, store: Store) -> None:
        keys = [Key("pair", "scope", name) for name in ("left", "right")]

        def write() -> set[int]:
            for number in range(50):
                store.write([Put(key, {"number": number}, None) for key in keys])
            return {1}

        def read() -> set[int]:
            return {len({record.value["number"] for record in store.scan("pair", "scope")}) for _ in range(50)}

        different = set().union(*at_once([write, read, read, read]))
        assert different <= {0, 1}, "a scan must show all of a batch or nothing of it"

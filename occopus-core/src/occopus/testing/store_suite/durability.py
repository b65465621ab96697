"""What stays when a store is closed, and what two stores on the same records see of each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from occopus.errors import LeaseHeld, LeaseLost, VersionConflict
from occopus.store.base import Append, Delete, Put, Store
from occopus.testing.store_suite.tools import KEY, at_once, count_up, names, put, value_of, version_of

Reopen = Callable[[], Store]


class DurabilityChecks:
    def test_close_may_be_called_twice(self, store: Store) -> None:
        put(store)
        try:
            store.close()
            store.close()
        except Exception as error:
            pytest.fail(f"closing a store that was used, and closing it again, must both succeed, but: {error!r}")

    def test_records_survive(self, store: Store, reopen: Reopen) -> None:
        put(store, text="old")
        put(store, text="new")
        store.close()
        again = reopen()
        assert (value_of(again), version_of(again)) == ({"text": "new"}, 2), "value and version must survive that the store is closed"

    def test_deletes_survive(self, store: Store, reopen: Reopen) -> None:
        put(store)
        store.write([Delete(KEY, 1)])
        store.close()
        assert reopen().get(KEY) is None, "what was deleted must not come back"

    def test_names_are_not_given_again_by_the_next_process(self, store: Store, reopen: Reopen) -> None:
        store.write([Append("log", "scope", {})])
        [used] = names(store, "log", "scope")
        store.write([Delete(record.key, None) for record in store.scan("log", "scope")])
        store.close()
        again = reopen()
        again.write([Append("log", "scope", {})])
        assert names(again, "log", "scope") > [used], "the names of a sequence must go on where they were, also after deletes"

    def test_leases_survive(self, store: Store, reopen: Reopen) -> None:
        lease = store.acquire("scope", "alice", 600)
        store.close()
        again = reopen()
        with pytest.raises(LeaseHeld, match="alice"):
            again.acquire("scope", "bob", 600)
        again.write([Put(KEY, {}, 0)], lease)
        assert again.get(KEY) is not None, "a lease must hold however often the store is opened"

    def test_fences_go_on(self, store: Store, reopen: Reopen) -> None:
        first = store.acquire("scope", "alice", 600)
        store.release(first)
        store.close()
        assert reopen().acquire("scope", "bob", 600).fence > first.fence, "fences must grow from process to process"

    def test_two_stores_see_each_others_writes(self, store: Store, reopen: Reopen) -> None:
        other = reopen()
        put(store, text="first")
        assert value_of(other) == {"text": "first"}, "a write must be seen by every store on the same records at once"
        put(other, version=1, text="second")
        with pytest.raises(VersionConflict):
            put(store, version=1, text="third")

    def test_two_stores_share_leases(self, store: Store, reopen: Reopen) -> None:
        other = reopen()
        lease = store.acquire("scope", "alice", 600)
        with pytest.raises(LeaseHeld, match="alice"):
            other.acquire("scope", "bob", 600)
        store.release(lease)
        other.acquire("scope", "bob", 600)
        with pytest.raises(LeaseLost):
            store.write([Put(KEY, {}, 0)], lease)

    def test_no_increment_is_lost_between_stores(self, store: Store, reopen: Reopen) -> None:
        stores = [store, reopen(), reopen(), reopen()]
        at_once([partial(count_up, each, 15) for each in stores])
        assert value_of(store) == {"count": 60}, "compare-and-set from several stores must not lose an increment"

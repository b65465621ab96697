"""Leases: one holder at a time, and a former one can't write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from occopus.errors import LeaseHeld, LeaseLost
from occopus.store.base import Append, Delete, Put, Store
from occopus.testing.store_suite.tools import KEY, names, put, value_of

LONG = 600.0
"""Seconds that do not pass during a check."""
SHORT = 1.0
"""Seconds that a check lets pass; few, since the clock of some stores can't be set."""
PAST = 1.5


class LeaseChecks:
    def test_free_lease_is_given(self, store: Store) -> None:
        lease = store.acquire("scope", "alice", LONG)
        assert (lease.scope, lease.owner) == ("scope", "alice"), "the lease must be for the scope and owner that asked"

    def test_lease_of_another_is_refused(self, store: Store) -> None:
        store.acquire("scope", "alice", LONG)
        with pytest.raises(LeaseHeld) as refusal:
            store.acquire("scope", "bob", LONG)
        assert "alice" in refusal.value.message, "the refusal must say who holds the lease"
        assert refusal.value.owner == "alice", "the refusal must carry the name of the holder"
        assert "scope" in refusal.value.message, "the refusal must say what is held"

    def test_scopes_are_leased_apart(self, store: Store) -> None:
        store.acquire("scope", "alice", LONG)
        assert store.acquire("other", "bob", LONG).owner == "bob", "a lease must keep nobody from another scope"

    def test_holder_prolongs_its_lease(self, store: Store, advance: Callable[[float], None]) -> None:
        first = store.acquire("scope", "alice", SHORT)
        second = store.acquire("scope", "alice", LONG)
        assert second.fence == first.fence, "a lease that is prolonged must keep its fence"
        assert second.expires > first.expires, "a lease that is prolonged must last longer"
        advance(PAST)
        with pytest.raises(LeaseHeld):
            store.acquire("scope", "bob", LONG)

    def test_expired_lease_passes_on(self, store: Store, advance: Callable[[float], None]) -> None:
        first = store.acquire("scope", "alice", SHORT)
        advance(PAST)
        second = store.acquire("scope", "bob", LONG)
        assert second.fence > first.fence, "each new holder must have a greater fence"
        with pytest.raises(LeaseHeld, match="bob"):
            store.acquire("scope", "alice", LONG)

    def test_holder_that_is_late_goes_on(self, store: Store, advance: Callable[[float], None]) -> None:
        first = store.acquire("scope", "alice", SHORT)
        advance(PAST)
        second = store.acquire("scope", "alice", LONG)
        assert second.fence == first.fence, "nobody came between, so what the holder began under its fence must go on"
        store.write([Put(KEY, {}, 0)], first)
        with pytest.raises(LeaseHeld):
            store.acquire("scope", "bob", LONG)

    def test_lease_of_a_dead_holder_is_taken_at_once(self, store: Store) -> None:
        first = store.acquire("scope", "alice", LONG)
        second = store.acquire("scope", "bob", LONG, instead_of="alice")
        assert (second.owner, second.fence > first.fence) == ("bob", True), "whoever takes over is a new holder with a greater fence"
        with pytest.raises(LeaseLost):
            store.write([Put(KEY, {}, 0)], first)

    def test_only_the_dead_holder_is_displaced(self, store: Store) -> None:
        store.acquire("scope", "alice", LONG)
        store.acquire("scope", "bob", LONG, instead_of="alice")
        with pytest.raises(LeaseHeld, match="bob"):
            store.acquire("scope", "carol", LONG, instead_of="alice")

    def test_fence_grows_after_release(self, store: Store) -> None:
        first = store.acquire("scope", "alice", LONG)
        store.release(first)
        second = store.acquire("scope", "bob", LONG)
        assert second.fence > first.fence, "a fence must never come again, also not after a release"

    def test_holder_writes(self, store: Store) -> None:
        lease = store.acquire("scope", "alice", LONG)
        store.write([Put(KEY, {"text": "a"}, 0)], lease)
        assert value_of(store) == {"text": "a"}, "the holder of the lease must be able to write"

    def test_lease_from_before_it_was_prolonged_still_writes(self, store: Store) -> None:
        first = store.acquire("scope", "alice", LONG)
        store.acquire("scope", "alice", LONG)
        store.write([Put(KEY, {}, 0)], first)
        assert store.get(KEY) is not None, "the same fence is the same right to write, prolonged or not"

    def test_former_holder_is_refused_and_nothing_written(self, store: Store, advance: Callable[[float], None]) -> None:
        put(store, text="old")
        lease = store.acquire("scope", "alice", SHORT)
        advance(PAST)
        store.acquire("scope", "bob", LONG)
        with pytest.raises(LeaseLost, match="scope"):
            store.write([Append("log", "scope", {}), Put(KEY, {"text": "new"}, None), Delete(KEY, None)], lease)
        assert value_of(store) == {"text": "old"}, "who lost the lease must not be able to write or delete"
        assert names(store, "log") == [], "who lost the lease must not be able to append"

    def test_lost_lease_counts_before_versions(self, store: Store) -> None:
        lease = store.acquire("scope", "alice", LONG)
        store.release(lease)
        with pytest.raises(LeaseLost):
            store.write([Put(KEY, {}, 5)], lease)
        assert store.get(KEY) is None, "who gave the lease back must hear of that, and must not write"

    def test_expired_lease_that_nobody_took_still_counts(self, store: Store, advance: Callable[[float], None]) -> None:
        lease = store.acquire("scope", "alice", SHORT)
        advance(PAST)
        store.write([Put(KEY, {}, 0)], lease)
        assert store.get(KEY) is not None, "a slow holder may go on as long as nobody else took the lease"

    def test_lease_of_one_scope_is_none_of_another(self, store: Store) -> None:
        lease = store.acquire("scope", "alice", LONG)
        other = store.acquire("other", "bob", LONG)
        store.release(lease)
        assert lease.fence != other.fence, "two leases must not share a fence"
        with pytest.raises(LeaseLost):
            store.write([Put(KEY, {}, 0)], lease)

    def test_released_lease_is_free_at_once(self, store: Store) -> None:
        store.release(store.acquire("scope", "alice", LONG))
        assert store.acquire("scope", "bob", LONG).owner == "bob", "a lease that was given back must be free"

    def test_release_of_a_lost_lease_changes_nothing(self, store: Store, advance: Callable[[float], None]) -> None:
        lost = store.acquire("scope", "alice", SHORT)
        advance(PAST)
        held = store.acquire("scope", "bob", LONG)
        store.release(lost)
        with pytest.raises(LeaseHeld):
            store.acquire("scope", "carol", LONG)
        store.write([Put(KEY, {}, 0)], held)
        assert store.get(KEY) is not None, "a former holder that gives back what it lost must not take it from the present one"

    def test_release_twice(self, store: Store) -> None:
        lease = store.acquire("scope", "alice", LONG)
        store.release(lease)
        store.release(lease)
        assert store.acquire("scope", "bob", LONG).owner == "bob", "a lease may be given back twice"

    def test_leases_are_no_records(self, store: Store) -> None:
        store.acquire("scope", "alice", LONG)
        found = [record for kind in ("lease", "leases", "thing") for record in store.scan(kind)]
        assert found == [], "leases must not appear among the records"

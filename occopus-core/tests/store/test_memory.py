"""The store in memory keeps the contract of a store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from occopus.errors import LeaseHeld
from occopus.store.base import Key, Put, Store
from occopus.store.memory import MemoryStore
from occopus.testing.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def store(self, clock: Callable[[], float]) -> Store:
        return MemoryStore(clock)


def test_two_stores_share_nothing() -> None:
    one, other = MemoryStore(), MemoryStore()
    one.write([Put(Key("thing", "scope"), {}, 0)])
    assert other.get(Key("thing", "scope")) is None
    assert (one.acquire("scope", "alice", 60).owner, other.acquire("scope", "bob", 60).owner) == ("alice", "bob")


def test_refusal_of_a_lease_says_for_how_long(clock: Callable[[], float], advance: Callable[[float], None]) -> None:
    store = MemoryStore(clock)
    store.acquire("scope", "alice", 60)
    advance(18)
    with pytest.raises(LeaseHeld, match=r"'scope' is being worked on by alice \(for 42 s at most\)"):
        store.acquire("scope", "bob", 60)

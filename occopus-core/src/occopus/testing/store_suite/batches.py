"""Batches: all changes or none; and scans over what they made."""

from __future__ import annotations

import pytest

from occopus.errors import VersionConflict
from occopus.store.base import Append, Change, Delete, Key, Put, Store
from occopus.testing.store_suite.tools import KEY, names, put, value_of, version_of

OTHER = Key("thing", "scope", "other")


class BatchChecks:
    def test_batch_carries_out_every_change(self, store: Store) -> None:
        put(store, OTHER)
        store.write([Put(KEY, {"text": "a"}, 0), Delete(OTHER, 1), Append("log", "scope", {})])
        assert value_of(store) == {"text": "a"}, "the batch must write"
        assert store.get(OTHER) is None, "the batch must delete"
        assert len(names(store, "log", "scope")) == 1, "the batch must append"

    @pytest.mark.parametrize("place", [0, 1, 3])
    def test_conflict_anywhere_leaves_nothing_of_a_batch(self, store: Store, place: int) -> None:
        put(store, OTHER, text="old")
        changes: list[Change] = [Put(KEY, {}, 0), Append("log", "scope", {}), Delete(OTHER, None)]
        changes.insert(place, Put(Key("thing", "scope", "missing"), {}, 5))
        with pytest.raises(VersionConflict, match="missing"):
            store.write(changes)
        assert store.get(KEY) is None, "nothing of a refused batch may be written"
        assert value_of(store, OTHER) == {"text": "old"}, "nothing of a refused batch may be deleted"
        assert names(store, "log") == [], "nothing of a refused batch may be appended"

    def test_conflict_of_a_delete_leaves_nothing_of_a_batch(self, store: Store) -> None:
        put(store, OTHER)
        with pytest.raises(VersionConflict):
            store.write([Put(KEY, {}, None), Delete(OTHER, 7)])
        assert (store.get(KEY), version_of(store, OTHER)) == (None, 1), "a delete that is refused must refuse the whole batch"

    def test_empty_batch(self, store: Store) -> None:
        store.write([])
        assert names(store, "thing") == [], "a batch of no changes must change nothing"

    def test_large_batch(self, store: Store) -> None:
        store.write([Put(Key("thing", "scope", f"{number:05}"), {}, 0) for number in range(3000)])
        assert len(names(store, "thing", "scope")) == 3000, "a batch of thousands of changes must be carried out whole"

    def test_scan_takes_one_kind_and_scope(self, store: Store) -> None:
        for key in [
            Key("thing", "a", "1"),
            Key("thing", "b", "2"),
            Key("thing", "ab", "3"),
            Key("thin", "a", "4"),
            Key("things", "a", "5"),
        ]:
            put(store, key)
        assert names(store, "thing", "a") == ["1"], "a scan of a scope must show that scope of that kind and nothing else"
        assert names(store, "thing", "missing") == [], "a scope that has no records is empty"

    def test_scan_without_a_scope_takes_all_in_order(self, store: Store) -> None:
        for key in [
            Key("thing", "b", "1"),
            Key("thing", "a", "2"),
            Key("thing", "a", "10"),
            Key("thing", "ab", ""),
            Key("other", "a", "0"),
        ]:
            put(store, key)
        found = [(record.key.scope, record.key.name) for record in store.scan("thing")]
        assert found == [("a", "10"), ("a", "2"), ("ab", ""), ("b", "1")], "a scan of a kind goes by scope, then by name"

    def test_scan_orders_names_as_text(self, store: Store) -> None:
        wanted = ["", "10", "2", "B", "a", "b", "é", "\uffff", "🐙"]
        for name in reversed(wanted):
            put(store, Key("thing", "scope", name))
        assert names(store, "thing", "scope") == wanted, "names go by their code points, the empty one first"

    def test_scan_after_a_name(self, store: Store) -> None:
        for name in "abcd":
            put(store, Key("thing", "scope", name))
        assert names(store, "thing", "scope", after="b") == ["c", "d"], "a scan goes on behind the name that it is told"
        assert names(store, "thing", "scope", after="bb") == ["c", "d"], "the name to go on after need not exist"
        assert names(store, "thing", "scope", after="d") == [], "after the last name there is nothing"

    def test_scan_shows_value_and_version(self, store: Store) -> None:
        put(store, text="old")
        put(store, text="new")
        [record] = store.scan("thing", "scope")
        assert record == store.get(KEY), "a scan must show the same key, value and version as a single read"

    def test_store_may_be_written_during_a_scan(self, store: Store) -> None:
        for name in "abc":
            put(store, Key("thing", "scope", name))
        for record in store.scan("thing", "scope"):
            store.write([Put(record.key, {"seen": True}, record.version)])
        seen = [bool(record.value) for record in store.scan("thing", "scope")]
        assert seen == [True, True, True], "a caller may write each record while it scans, and meets each of them once"

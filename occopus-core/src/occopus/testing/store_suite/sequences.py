"""Sequences: records whose names the store gives."""

from __future__ import annotations

from occopus.store.base import Append, Delete, Store
from occopus.testing.store_suite.tools import names


class SequenceChecks:
    def test_appended_records_keep_their_order(self, store: Store) -> None:
        for number in range(12):
            store.write([Append("log", "scope", {"number": number})])
        found = [record.value["number"] for record in store.scan("log", "scope")]
        assert found == list(range(12)), "a scan must show what was appended in the order of appending"

    def test_one_batch_appends_in_its_order(self, store: Store) -> None:
        store.write([Append("log", "scope", {"number": number}) for number in range(12)])
        found = [record.value["number"] for record in store.scan("log", "scope")]
        assert found == list(range(12)), "the changes of one batch must be appended in its order"

    def test_names_have_the_same_width(self, store: Store) -> None:
        store.write([Append("log", "scope", {}) for _ in range(12)])
        widths = {len(name) for name in names(store, "log", "scope")}
        assert len(widths) == 1, "names must have one width, or their order as text would not be that of appending"

    def test_names_grow_over_all_scopes(self, store: Store) -> None:
        made: list[str] = []
        for scope in ["a", "b", "a"]:
            before = set(names(store, "log"))
            store.write([Append("log", scope, {})])
            made += set(names(store, "log")) - before
        assert made == sorted(set(made)), "each name must be greater than all before it, whatever the scope"
        assert len(made) == 3, "each record must have a name of its own in the whole store"

    def test_names_are_never_given_again(self, store: Store) -> None:
        store.write([Append("log", "scope", {}), Append("log", "scope", {})])
        used = names(store, "log", "scope")
        store.write([Delete(record.key, None) for record in store.scan("log", "scope")])
        store.write([Append("log", "scope", {})])
        [name] = names(store, "log", "scope")
        assert name > max(used), "a name must not be given again after its record was deleted, or readers would miss the new record"

    def test_the_last_name_is_known(self, store: Store) -> None:
        assert not store.last_appended(), "before anything is appended there is no last name"
        store.write([Append("log", "a", {}), Append("log", "b", {})])
        assert store.last_appended() == max(names(store, "log")), "the last name must be that of what was appended last, in any scope"
        store.write([Delete(record.key, None) for record in store.scan("log")])
        store.write([Append("news", "a", {})])
        assert [store.last_appended()] == names(store, "news", "a"), "it must be that of the last one of any kind, whatever was deleted"

    def test_reading_goes_on_after_the_last_name(self, store: Store) -> None:
        store.write([Append("log", "scope", {"number": 1})])
        [last] = names(store, "log", "scope")
        store.write([Append("log", "scope", {"number": 2})])
        found = [record.value["number"] for record in store.scan("log", "scope", after=last)]
        assert found == [2], "a reader that goes on after the last name that it knows must see just what is new"

"""Single records: what goes in comes out, and versions guard it."""

from __future__ import annotations

from typing import Any

import pytest

from occopus.errors import StoreError, VersionConflict
from occopus.store.base import Delete, Key, Put, Store
from occopus.testing.store_suite.tools import KEY, names, put, value_of, version_of


class RecordChecks:
    def test_unknown_record_is_none(self, store: Store) -> None:
        assert store.get(KEY) is None, "a record that nobody wrote must be None"

    def test_record_comes_back_as_written(self, store: Store) -> None:
        put(store, version=0, text="a")
        record = store.get(KEY)
        assert record is not None, "a record that was written must be there"
        assert (record.key, record.value, record.version) == (KEY, {"text": "a"}, 1), "a new record has its key, its value and version 1"

    @pytest.mark.parametrize("value", [None, True, 0, -1.5, 2**53, "", [], {}, [1, [None, {"a": []}]], "line\nbreak \x00 \"quote' \\"])
    def test_json_data_keeps_its_kind(self, store: Store, value: Any) -> None:
        put(store, field=value)
        found = value_of(store)
        assert found == {"field": value}, "plain data must come back equal"
        assert type(found["field"]) is type(value), "plain data must come back as the same kind of data"

    def test_unicode_in_keys_and_values(self, store: Store) -> None:
        key = Key("thing", "bérlő", "узел-节点-🐙")
        store.write([Put(key, {"név": "őŰ🐙", "half": "\ud83d"}, None)])
        assert value_of(store, key) == {"név": "őŰ🐙", "half": "\ud83d"}, "text of any script must come back as it was"
        assert [record.key for record in store.scan("thing", "bérlő")] == [key], "a scan must name keys of any script as they were"

    def test_large_value(self, store: Store) -> None:
        put(store, text="x" * 1_000_000)
        assert len((value_of(store) or {}).get("text", "")) == 1_000_000, "a value of a megabyte must come back whole"

    def test_parts_of_a_key_are_not_mixed_up(self, store: Store) -> None:
        keys = [Key("a", "b", "c"), Key("a", "b/c"), Key("a/b", "c"), Key("a", "b:c", ""), Key("a", "", "b/c"), Key("A", "b", "c")]
        for number, key in enumerate(keys):
            put(store, key, version=0, number=number)
        found = [(value_of(store, key) or {}).get("number") for key in keys]
        assert found == [0, 1, 2, 3, 4, 5], "keys that differ in one part, or only in where the parts end, are different records"

    def test_version_grows_with_each_write(self, store: Store) -> None:
        versions = []
        for _ in range(3):
            put(store, version=version_of(store))
            versions.append(version_of(store))
        assert versions == [1, 2, 3], "each write must raise the version by one"

    def test_new_record_must_not_exist(self, store: Store) -> None:
        put(store, text="first")
        with pytest.raises(VersionConflict):
            put(store, version=0, text="second")
        assert value_of(store) == {"text": "first"}, "a refused write must leave the record as it was"

    @pytest.mark.parametrize("version", [1, 3])
    def test_write_over_another_version_is_refused(self, store: Store, version: int) -> None:
        put(store, text="first")
        put(store, text="second")
        with pytest.raises(VersionConflict, match="name"):
            put(store, version=version, text="third")
        assert value_of(store) == {"text": "second"}, "a write that names an older or a future version must change nothing"

    def test_write_over_a_missing_record_is_refused(self, store: Store) -> None:
        with pytest.raises(VersionConflict):
            put(store, version=1)
        assert store.get(KEY) is None, "a refused write must not make the record"

    def test_unconditional_write_always_succeeds(self, store: Store) -> None:
        put(store, text="first")
        put(store, text="second")
        assert (value_of(store), version_of(store)) == ({"text": "second"}, 2), "a write without a version replaces and counts on"

    def test_delete(self, store: Store) -> None:
        put(store)
        store.write([Delete(KEY, 1)])
        assert store.get(KEY) is None, "a deleted record must be gone"
        assert names(store, "thing") == [], "a deleted record must not be scanned"

    def test_delete_of_another_version_is_refused(self, store: Store) -> None:
        put(store)
        put(store)
        with pytest.raises(VersionConflict):
            store.write([Delete(KEY, 1)])
        assert version_of(store) == 2, "a record that changed since it was read must not be deleted"

    def test_delete_of_a_missing_record(self, store: Store) -> None:
        store.write([Delete(KEY, None)])
        with pytest.raises(VersionConflict):
            store.write([Delete(KEY, 1)])
        assert store.get(KEY) is None, "deleting what is not there leaves nothing behind"

    def test_record_can_be_made_anew(self, store: Store) -> None:
        put(store, text="old")
        store.write([Delete(KEY, None)])
        put(store, version=0, text="new")
        assert value_of(store) == {"text": "new"}, "after a delete the same key may be written as a new record"

    def test_value_is_copied_when_written(self, store: Store) -> None:
        inner = [1]
        store.write([Put(KEY, {"list": inner}, None)])
        inner.append(2)
        assert value_of(store) == {"list": [1]}, "a caller who changes what it wrote must not change the store"

    def test_value_is_copied_when_read(self, store: Store) -> None:
        put(store, list=[1])
        record = store.get(KEY)
        assert record is not None, "a record that was written must be there"
        record.value["list"].append(2)
        next(store.scan("thing")).value["list"].append(3)
        assert value_of(store) == {"list": [1]}, "a caller who changes what it read must not change the store"

    @pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), float("inf")])
    def test_what_is_not_json_is_refused(self, store: Store, value: Any) -> None:
        with pytest.raises(StoreError):
            store.write([Put(Key("thing", "other"), {}, 0), Put(KEY, {"field": value}, 0)])
        assert names(store, "thing") == [], "a batch with a value that can't be kept must change nothing"

"""Typed records: what is put comes back equal, and forms of other times are told apart."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from occopus.errors import InfrastructureNotFound, StoreError, VersionConflict
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.model.request import ScaleRequest
from occopus.store import records
from occopus.store.base import Change, Key, Put, Record, Store, Value
from occopus.store.memory import MemoryStore
from occopus.store.sqlite import SqliteStore

INFRA_ID = InfraId("i-1")

DESCRIPTION = {
    "infra_name": "számoló",
    "user_id": "somebody@example.org",
    "nodes": [{"name": "worker", "type": "w", "scaling": {"min": 1, "max": 10}, "variables": {"on": True, "ratio": 0.5, "none": None}}],
    "dependencies": [],
}

INFRA = InfraRecord(
    infra_id=INFRA_ID,
    name="számoló",
    user_id="somebody@example.org",
    created_at=1700000000.25,
    desired=DESCRIPTION,
    former=DESCRIPTION | {"nodes": []},
    changing=True,
    targets={"worker": 3},
    config_managers=({"type": "chef", "endpoint": "https://chef.example.org"}, {"type": "puppet"}),
)

INSTANCE = Instance(
    infra_id=INFRA_ID,
    node_id=NodeId("n-1"),
    node_name="worker",
    implementation=2,
    fingerprint="abc",
    phase=Phase.DROPPING,
    created_at=1700000001.125,
    resource={"type": "ec2", "tags": ["a", {"b": None}]},
    config_management={"type": "chef"},
    inputs_hash="def",
    origin="replaces n-0",
    asked_at=1700000001.5,
    ids={"server": "s-1", "volume": "v-1"},
    addresses=(Address("10.0.0.1", AddressKind.PRIVATE), Address("192.0.2.1"), Address("host.example.org", AddressKind.DNS)),
    state=NodeState.TEMP_FAILED,
    reason="it does not answer",
    state_since=1700000002.5,
    failing_since=1700000003.5,
)

BARE = Instance(INFRA_ID, NodeId("n-0"), "worker", 0, "abc", Phase.CREATING, 5.0)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state.db")
    yield store
    store.close()


def write_raw(store: Store, key: Key, value: Value) -> None:
    store.write([Put(key, value, None)])


@pytest.mark.parametrize("infra", [INFRA, InfraRecord(INFRA_ID, "n", "u", 1.0, None)], ids=["full", "bare"])
def test_infrastructure_comes_back(store: Store, infra: InfraRecord) -> None:
    store.write([records.put_infra(infra, 0)])
    found = records.load_infra(store, INFRA_ID)
    assert found == records.Versioned(infra, 1)
    for field in fields(InfraRecord):
        assert type(getattr(found.value, field.name)) is type(getattr(infra, field.name)), field.name
    assert list(records.load_infras(store)) == [infra]


@pytest.mark.parametrize("instance", [INSTANCE, BARE, replace(BARE, config_management={})], ids=["full", "bare", "empty section"])
def test_instance_comes_back(store: Store, instance: Instance) -> None:
    store.write([records.put_instance(instance, 0)])
    found = records.load_instances(store, INFRA_ID)[instance.node_id]
    assert found == records.Versioned(instance, 1)
    for field in fields(Instance):
        assert type(getattr(found.value, field.name)) is type(getattr(instance, field.name)), field.name
    assert all(type(address.kind) is AddressKind for address in found.value.addresses)


def test_the_full_values_differ_from_every_default() -> None:
    """Or a field that is forgotten would come back right by chance."""
    bare = InfraRecord(INFRA_ID, "n", "u", 1.0, None)
    assert [f.name for f in fields(Instance) if getattr(INSTANCE, f.name) == getattr(BARE, f.name)] == [
        "infra_id",
        "node_name",
        "fingerprint",
    ]
    assert [f.name for f in fields(InfraRecord) if getattr(INFRA, f.name) == getattr(bare, f.name)] == ["infra_id"]


@pytest.mark.parametrize(
    "change",
    [
        records.put_infra(INFRA, 0),
        records.put_instance(INSTANCE, 0),
        records.append_event(Event(INFRA_ID, 1.0, "ready")),
        records.append_request(ScaleRequest(INFRA_ID, "worker", 1.0, change=1)),
        records.put_definition("u", "d", ({"resource": {"type": NodeState.READY}},)),
    ],
    ids=lambda change: type(change).__name__,
)
def test_values_are_plain_json_data_with_their_form(change: Any) -> None:
    assert change.value["v"] == records.FORM
    assert simple(change.value), change.value
    assert json.loads(json.dumps(change.value)) == change.value


def simple(value: Any) -> bool:
    """Whether these are exactly the types that JSON has, no relatives of them."""
    if type(value) is dict:
        return all(type(key) is str and simple(part) for key, part in value.items())
    if type(value) is list:
        return all(map(simple, value))
    return type(value) in (str, int, float, bool, type(None))


def test_mappings_of_any_kind_can_be_put(store: Store) -> None:
    store.write([records.put_instance(replace(BARE, resource=MappingProxyType({"a": MappingProxyType({})})), 0)])
    assert records.load_instances(store, INFRA_ID)[BARE.node_id].value.resource == {"a": {}}


def test_putting_takes_a_copy(store: Store) -> None:
    ids = {"server": "s-1"}
    change = records.put_instance(replace(BARE, ids=ids), 0)
    ids["server"] = "changed"
    store.write([change])
    assert records.load_instances(store, INFRA_ID)[BARE.node_id].value.ids == {"server": "s-1"}


def test_what_is_not_plain_data_is_refused_by_its_kind() -> None:
    with pytest.raises(StoreError, match="a value of the kind 'instance' can't be kept: a set is not plain data"):
        records.put_instance(replace(BARE, resource={"ports": {80}}), 0)


def test_unknown_infrastructure(store: Store) -> None:
    with pytest.raises(InfrastructureNotFound, match="i-1"):
        records.load_infra(store, INFRA_ID)
    assert list(records.load_infras(store)) == []
    assert records.load_instances(store, INFRA_ID) == {}


def test_versions_guard_infrastructures_and_instances(store: Store) -> None:
    store.write([records.put_infra(INFRA, 0), records.put_instance(INSTANCE, 0)])
    stale: list[Change] = [
        records.put_infra(INFRA, 0),
        records.put_instance(INSTANCE, 2),
        records.delete_infra(INFRA, 2),
        records.delete_instance(INSTANCE, 0),
    ]
    for change in stale:
        with pytest.raises(VersionConflict):
            store.write([change])
    store.write([records.delete_infra(INFRA, 1), records.delete_instance(INSTANCE, 1)])
    assert list(records.load_infras(store)) == []
    assert records.load_instances(store, INFRA_ID) == {}


def test_instances_are_those_of_one_infrastructure_the_oldest_first(store: Store) -> None:
    made = [replace(BARE, node_id=NodeId(name), created_at=time) for name, time in [("a", 3.0), ("b", 1.0), ("d", 2.0), ("c", 2.0)]]
    other = replace(BARE, infra_id=InfraId("i-2"))
    store.write([records.put_instance(instance, 0) for instance in [*made, other]])
    assert list(records.load_instances(store, INFRA_ID)) == ["b", "c", "d", "a"]


def test_events_come_back_in_order_and_go_on_after_a_name(store: Store) -> None:
    events = [Event(INFRA_ID, 2.5, "ready", "worker", "n-1", "it is up"), Event(INFRA_ID, 1.5, "dropped"), Event(INFRA_ID, 3.5, "ready")]
    store.write([records.append_event(event) for event in [*events, Event(InfraId("i-2"), 1.0, "ready")]])
    found = list(records.load_events(store, INFRA_ID))
    assert [event for _, event in found] == events
    assert [event for _, event in records.load_events(store, INFRA_ID, after=found[0][0])] == events[1:]


def test_requests_come_back_in_their_order_until_they_are_deleted(store: Store) -> None:
    made = [
        ScaleRequest(INFRA_ID, "worker", 1.5, change=-2),
        ScaleRequest(INFRA_ID, "worker", 0.5, target=3),
        ScaleRequest(INFRA_ID, "master", 2.5, node_id=NodeId("n-1")),
    ]
    store.write([records.append_request(request) for request in [*made, ScaleRequest(InfraId("i-2"), "worker", 1.0, change=1)]])
    found = records.load_requests(store, INFRA_ID)
    assert [replace(request, name="") for request in found] == made
    store.write([records.delete_request(found[0]), records.delete_request(found[2])])
    assert records.load_requests(store, INFRA_ID) == [found[1]]
    store.write([records.delete_request(found[0])])


def test_definitions_belong_to_users(store: Store) -> None:
    implementations = [{"resource": {"type": "ec2", "größe": 1}}]
    store.write([records.put_definition("alice", "worker", implementations)])
    store.write([records.put_definition("alice", "worker", [*implementations, {}])])
    assert records.load_definition(store, "alice", "worker") == [*implementations, {}]
    assert records.load_definition(store, "bob", "worker") is None
    assert records.load_definition(store, "alice", "master") is None


def test_older_form_is_brought_up_to_date_step_by_step() -> None:
    record = Record(Key("event", "i-1", "1"), {"v": 1, "what": "ready"}, 1)
    upgrades = {
        ("event", 1): lambda found: {"kind": found["what"]},
        ("event", 3): lambda found: found | {"message": f"it is {found['kind']}"},
        ("other", 2): lambda found: {},
    }
    assert records.current(record, 4, upgrades) == {"kind": "ready", "message": "it is ready"}
    assert records.current(record, 2, upgrades) == {"kind": "ready"}
    assert record.value == {"v": 1, "what": "ready"}, "the record that was read stays as it is"


def test_newer_form_is_refused(store: Store) -> None:
    write_raw(store, Key("infrastructure", "i-1"), {"v": records.FORM + 1})
    with pytest.raises(StoreError, match=r"infrastructure/i-1 has the form 2, this version of Occopus knows up to 1") as refusal:
        records.load_infra(store, INFRA_ID)
    assert refusal.value.hint == "upgrade occopus-core"


@pytest.mark.parametrize("value", [{}, {"v": None}, {"v": "1"}, {"v": 0}], ids=str)
def test_value_without_a_form_is_damaged(store: Store, value: Value) -> None:
    write_raw(store, Key("definition", "alice", "worker"), value)
    with pytest.raises(StoreError, match="definition/alice/worker is damaged"):
        records.load_definition(store, "alice", "worker")


@pytest.mark.parametrize("broken", [{"phase": None}, {"phase": "flying"}, {"addresses": [{}]}, {"unknown": 1}], ids=str)
def test_damaged_record_is_named(store: Store, broken: Value) -> None:
    write_raw(store, Key("instance", "i-1", "n-1"), {**records.put_instance(INSTANCE, 0).value, **broken})
    with pytest.raises(StoreError, match="instance/i-1/n-1 is damaged"):
        records.load_instances(store, INFRA_ID)


def test_record_without_a_field_is_named(store: Store) -> None:
    write_raw(store, Key("event", "i-1", "1"), {"v": 1})
    with pytest.raises(StoreError, match="event/i-1/1 is damaged"):
        list(records.load_events(store, INFRA_ID))

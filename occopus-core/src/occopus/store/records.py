"""Typed records above a store: the only place that knows how values look as JSON.

Every stored value carries the version of its form under `v`; older forms are brought up to date on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from occopus.errors import InfrastructureNotFound, StoreError
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.store.base import Append, Delete, Key, Put, Record, Store, Value

FORM = 1
"""The version of the stored form that this code writes."""

UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By version: what turns a value of that form into the next one."""

T = TypeVar("T")


@dataclass(frozen=True)
class Versioned(Generic[T]):
    """A typed value with the version under which the store keeps it; 0 where it does not keep it yet."""

    value: T
    version: int = 0


def load_infra(store: Store, infra_id: InfraId) -> Versioned[InfraRecord]:
    """Raises:
    InfrastructureNotFound: the store has no such infrastructure.
    """
    record = store.get(Key("infrastructure", infra_id))
    if record is None:
        raise InfrastructureNotFound(infra_id)
    return Versioned(_decode_infra(record), record.version)


def load_infras(store: Store) -> Iterator[InfraRecord]:
    return (_decode_infra(record) for record in store.scan("infrastructure"))


def load_instances(store: Store, infra_id: InfraId) -> dict[NodeId, Versioned[Instance]]:
    """All instances of an infrastructure, the oldest first."""
    found = [Versioned(_decode_instance(record), record.version) for record in store.scan("instance", infra_id)]
    found.sort(key=lambda item: (item.value.created_at, item.value.node_id))
    return {item.value.node_id: item for item in found}


def load_events(store: Store, infra_id: InfraId, after: str = "") -> Iterator[tuple[str, Event]]:
    """The events of an infrastructure from the oldest on, each with its name for going on `after` it."""
    for record in store.scan("event", infra_id, after):
        fields = _current(record)
        yield record.key.name, Event(**(fields | {"infra_id": InfraId(fields["infra_id"])}))


def load_definition(store: Store, user_id: str, name: str) -> Value | None:
    """The plain data of a node definition that this user imported."""
    record = store.get(Key("definition", user_id, name))
    return _current(record)["implementations"] if record else None


def put_infra(infra: InfraRecord, version: int | None) -> Put:
    return Put(Key("infrastructure", infra.infra_id), {"v": FORM} | vars(infra), version)


def put_instance(instance: Instance, version: int | None) -> Put:
    addresses = [asdict(address) for address in instance.addresses]
    fields = {key: value for key, value in vars(instance).items() if value not in (None, "", (), {})}
    return Put(_instance_key(instance), {"v": FORM} | fields | {"addresses": addresses}, version)


def delete_infra(infra: InfraRecord, version: int | None) -> Delete:
    return Delete(Key("infrastructure", infra.infra_id), version)


def delete_instance(instance: Instance, version: int | None) -> Delete:
    return Delete(_instance_key(instance), version)


def append_event(event: Event) -> Append:
    return Append("event", event.infra_id, {"v": FORM} | vars(event))


def put_definition(user_id: str, name: str, implementations: Any) -> Put:
    return Put(Key("definition", user_id, name), {"v": FORM, "implementations": implementations}, None)


def _instance_key(instance: Instance) -> Key:
    return Key("instance", instance.infra_id, instance.node_id)


def _decode_infra(record: Record) -> InfraRecord:
    return InfraRecord(**_current(record))


def _decode_instance(record: Record) -> Instance:
    fields = _current(record)
    fields["phase"] = Phase(fields["phase"])
    fields["state"] = NodeState(fields["state"])
    fields["addresses"] = tuple(Address(a["value"], AddressKind(a["kind"])) for a in fields["addresses"])
    return Instance(**fields)


def _current(record: Record) -> dict[str, Any]:
    """The fields of a stored value in today's form."""
    fields = dict(record.value)
    form = fields.pop("v", None)
    if not isinstance(form, int) or form > FORM:
        raise StoreError(
            f"the record {'/'.join(record.key)} has the form {form}, this version of Occopus knows up to {FORM}",
            "upgrade occopus-core",
        )
    for old in range(form, FORM):
        fields = UPGRADES[old](fields)
    return fields

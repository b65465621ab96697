"""Typed records above a store: the only place that knows how values look as JSON.

Every stored value carries the version of its form under `v`; older forms are brought up to date on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Generic, TypeVar

from occopus.errors import InfrastructureNotFound, StoreError
from occopus.model.attachment import Attachment
from occopus.model.decision import Decision
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.model.request import ScaleRequest
from occopus.model.target import Target
from occopus.store.backend import damaged, path_of, plain
from occopus.store.base import Append, Delete, Key, Put, Record, Store, Value

FORM = 1
"""The version of the stored form that this code writes; one for all kinds."""

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: Mapping[tuple[str, int], Upgrade] = {}
"""By kind and form: what turns the fields of that form into those of the next. A kind that stayed the same needs no entry."""

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
    return Versioned(_decode(record, _infra), record.version)


def load_infras(store: Store) -> Iterator[InfraRecord]:
    return (_decode(record, _infra) for record in store.scan("infrastructure"))


def load_instances(store: Store, infra_id: InfraId) -> dict[NodeId, Versioned[Instance]]:
    """All instances of an infrastructure, the oldest first."""
    found = [Versioned(_decode(record, _instance), record.version) for record in store.scan("instance", infra_id)]
    found.sort(key=lambda item: (item.value.created_at, item.value.node_id))
    return {item.value.node_id: item for item in found}


def load_events(store: Store, infra_id: InfraId, after: str = "") -> Iterator[tuple[str, Event]]:
    """The events of an infrastructure from the oldest on, each with its name for going on `after` it."""
    return ((record.key.name, _decode(record, lambda found: Event(**found))) for record in store.scan("event", infra_id, after))


def load_requests(store: Store, infra_id: InfraId) -> list[ScaleRequest]:
    """The requests that wait for the next pass, in their order."""
    records = store.scan("request", infra_id)
    return [replace(_decode(record, lambda found: ScaleRequest(**found)), name=record.key.name) for record in records]


def load_definition(store: Store, user_id: str, name: str) -> Any:
    """The plain data of a node definition that this user imported, None where there is none of that name."""
    record = store.get(Key("definition", user_id, name))
    return _decode(record, lambda found: found["implementations"]) if record else None


def load_definitions(store: Store, user_id: str) -> list[str]:
    """The names of the node definitions that this user imported."""
    return [record.key.name for record in store.scan("definition", user_id)]


def load_attachments(store: Store) -> list[Attachment]:
    """The infrastructures that services keep."""
    return [_decode(record, lambda found: Attachment(**found)) for record in store.scan("attachment")]


def is_attached(store: Store, infra_id: InfraId) -> bool:
    """Whether services keep an infrastructure."""
    return store.get(Key("attachment", infra_id)) is not None


def load_owner(store: Store, infra_id: InfraId) -> str | None:
    """The user of a service whose an infrastructure is or was; None where no service ever had it."""
    record = store.get(Key("owner", infra_id))
    return _decode(record, lambda found: str(found["user"])) if record else None


def load_targets(store: Store, infra_id: InfraId) -> Versioned[list[Target]]:
    """Where the events of an infrastructure go."""
    record = store.get(Key("targets", infra_id))
    return Versioned(_decode(record, _targets_of(infra_id)), record.version) if record else Versioned([])


def load_all_targets(store: Store) -> Iterator[Target]:
    """Where events of all infrastructures go."""
    for record in store.scan("targets"):
        yield from _decode(record, _targets_of(InfraId(record.key.scope)))


def load_cursor(store: Store, target: Target) -> Versioned[str] | None:
    """The name of the last event that a target is done with; None where it gets none any more."""
    record = store.get(_cursor_key(target))
    return Versioned(_decode(record, _cursor), record.version) if record else None


def load_cursors(store: Store, infra_id: InfraId | None = None) -> dict[tuple[InfraId, str], str]:
    """The cursors of all targets, or of those of an infrastructure, by infrastructure and name of the target."""
    return {(InfraId(each.key.scope), each.key.name): _decode(each, _cursor) for each in store.scan("cursor", infra_id)}


def load_decision(store: Store, infra_id: InfraId, node_name: str) -> Versioned[Decision | None]:
    """The last decision of autoscaling for a node."""
    record = store.get(Key("decision", infra_id, node_name))
    return Versioned(_decode(record, lambda found: Decision(**found)), record.version) if record else Versioned(None)


def load_decided(store: Store, infra_id: InfraId) -> list[str]:
    """The nodes for which autoscaling has decided something."""
    return [record.key.name for record in store.scan("decision", infra_id)]


def put_infra(infra: InfraRecord, version: int | None) -> Put:
    return Put(Key("infrastructure", infra.infra_id), _encode("infrastructure", _fields(infra)), version)


def put_instance(instance: Instance, version: int | None) -> Put:
    addresses = [asdict(address) for address in instance.addresses]
    return Put(_instance_key(instance), _encode("instance", _fields(instance) | {"addresses": addresses}), version)


def delete_infra(infra: InfraRecord, version: int | None) -> Delete:
    return Delete(Key("infrastructure", infra.infra_id), version)


def delete_instance(instance: Instance, version: int | None) -> Delete:
    return Delete(_instance_key(instance), version)


def append_event(event: Event) -> Append:
    return Append("event", event.infra_id, _encode("event", _fields(event)))


def append_request(request: ScaleRequest) -> Append:
    """The store gives it its name."""
    return Append("request", request.infra_id, _encode("request", {k: v for k, v in _fields(request).items() if k != "name"}))


def delete_request(request: ScaleRequest) -> Delete:
    return Delete(Key("request", request.infra_id, request.name), None)


def put_definition(user_id: str, name: str, implementations: Any) -> Put:
    return Put(Key("definition", user_id, name), _encode("definition", {"implementations": implementations}), None)


def delete_definition(user_id: str, name: str) -> Delete:
    return Delete(Key("definition", user_id, name), None)


def put_attachment(attachment: Attachment) -> list[Put]:
    """Also who owns it, which stays known when it is no longer attached, or gone."""
    scope = attachment.infra_id
    owner = Put(Key("owner", scope), _encode("owner", {"user": attachment.user}), None)
    return [owner, Put(Key("attachment", scope), _encode("attachment", _fields(attachment)), None)]


def delete_attachment(infra_id: InfraId) -> Delete:
    return Delete(Key("attachment", infra_id), None)


def put_decision(infra_id: InfraId, node_name: str, decision: Decision, version: int) -> Put:
    return Put(Key("decision", infra_id, node_name), _encode("decision", _fields(decision)), version)


def delete_decision(infra_id: InfraId, node_name: str) -> Delete:
    return Delete(Key("decision", infra_id, node_name), None)


def put_targets(infra_id: InfraId, targets: Sequence[Target], version: int) -> Put:
    return Put(Key("targets", infra_id), _encode("targets", {"sections": [target.section for target in targets]}), version)


def delete_targets(infra_id: InfraId, version: int) -> Delete:
    return Delete(Key("targets", infra_id), version)


def put_cursor(target: Target, after: str, version: int | None) -> Put:
    return Put(_cursor_key(target), _encode("cursor", {"after": after}), version)


def delete_cursor(target: Target, version: int | None) -> Delete:
    return Delete(_cursor_key(target), version)


def current(record: Record, form: int = FORM, upgrades: Mapping[tuple[str, int], Upgrade] = UPGRADES) -> dict[str, Any]:
    """The fields of a stored value in today's form.

    Raises:
        StoreError: a newer version of Occopus wrote it, or it says nothing of its form.
    """
    found = dict(record.value)
    stored = found.pop("v", None)
    if not isinstance(stored, int) or stored < 1:
        raise damaged(record.key, f"its form is given as {stored!r}")
    if stored > form:
        raise StoreError(
            f"the record {path_of(record.key)} has the form {stored}, this version of Occopus knows up to {form}",
            "upgrade occopus-core",
        )
    for old in range(stored, form):
        upgrade = upgrades.get((record.key.kind, old))
        found = upgrade(found) if upgrade else found
    return found


def _encode(kind: str, values: Mapping[str, Any]) -> Value:
    return plain(kind, {"v": FORM, **values})


def _decode(record: Record, build: Callable[[dict[str, Any]], T]) -> T:
    """What `build` makes of the fields of a record; a failure names the record."""
    found = current(record)
    try:
        return build(found)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(record.key, f"{type(error).__name__}: {error}") from error


def _fields(value: InfraRecord | Instance | Event | ScaleRequest | Attachment | Decision) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _instance_key(instance: Instance) -> Key:
    return Key("instance", instance.infra_id, instance.node_id)


def _cursor_key(target: Target) -> Key:
    return Key("cursor", target.infra_id, target.name)


def _cursor(found: dict[str, Any]) -> str:
    return str(found["after"])


def _targets_of(infra_id: InfraId) -> Callable[[dict[str, Any]], list[Target]]:
    return lambda found: [Target(infra_id, section) for section in found["sections"]]


def _infra(found: dict[str, Any]) -> InfraRecord:
    found["config_managers"] = tuple(found["config_managers"])
    return InfraRecord(**found)


def _instance(found: dict[str, Any]) -> Instance:
    found["phase"] = Phase(found["phase"])
    found["state"] = NodeState(found["state"])
    found["addresses"] = tuple(Address(a["value"], AddressKind(a["kind"])) for a in found["addresses"])
    return Instance(**found)

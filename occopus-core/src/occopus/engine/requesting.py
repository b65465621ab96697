"""Takes a user's request for more or fewer instances; the next pass carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from occopus.diagnostics import did_you_mean
from occopus.engine.scaling import carry_out
from occopus.errors import InfrastructureNotFound, UsageError
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Instance, NodeId
from occopus.model.request import ScaleRequest
from occopus.store.base import Change, Store
from occopus.store.records import (
    append_event,
    append_request,
    delete_decision,
    delete_request,
    load_decided,
    load_infra,
    load_instances,
    load_requests,
)


def request_scaling(
    store: Store, request: ScaleRequest, leaving: str | None = None, *, why: str = "", besides: Sequence[Change] = ()
) -> str:
    """Store a request; what will become of it, after those that were made before it. `leaving` is the id or an address of an instance that
    is to go. `why` is told in the event; `besides` is written together with the request.

    Raises:
        UsageError: there is no such infrastructure, node or instance, or it is being destroyed.
    """
    record = load_infra(store, request.infra_id).value
    if record.desired is None:
        raise UsageError(f"{record.infra_id} is being destroyed")
    if request.node_name not in record.limits:
        raise UsageError(f"there is no node '{request.node_name}' in {record.name}", did_you_mean(request.node_name, record.limits))
    instances = [item.value for item in load_instances(store, request.infra_id).values()]
    if leaving is not None:
        request = replace(request, node_id=_named(leaving, request.node_name, instances))
    told = carry_out([*load_requests(store, request.infra_id), request], record, instances).told[-1]
    event = Event(
        request.infra_id, request.made_at, "scale-requested", request.node_name, request.node_id or "", f"{told} ({why})" if why else told
    )
    store.write([append_request(request), append_event(event), *besides])
    _withdraw_if_gone(store, request.infra_id)
    return told


def _named(name: str, node_name: str, instances: Sequence[Instance]) -> NodeId:
    """The instance of a node that has this id or address."""
    of_node = [instance for instance in instances if instance.node_name == node_name]
    found = [i for i in of_node if name == i.node_id or any(name == address.value for address in i.addresses)]
    if len(found) == 1:
        return found[0].node_id
    there = ", ".join(f"{i.node_id} ({i.address or 'no address yet'})" for i in of_node) or "none"
    if found:
        raise UsageError(f"several instances of '{node_name}' have the address {name}", f"name one by its id: {there}")
    raise UsageError(f"no instance of '{node_name}' has the id or address '{name}'", f"its instances: {there}")


def _withdraw_if_gone(store: Store, infra_id: InfraId) -> None:
    """Leave nothing behind for an infrastructure that was destroyed meanwhile."""
    try:
        load_infra(store, infra_id)
    except InfrastructureNotFound:
        decided = [delete_decision(infra_id, node_name) for node_name in load_decided(store, infra_id)]
        store.write([*(delete_request(request) for request in load_requests(store, infra_id)), *decided])
        raise

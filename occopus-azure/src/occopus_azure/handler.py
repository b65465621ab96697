"""The resource handler of Azure: every node is a virtual machine, with a network interface and whatever that needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Checkpoint, CreateRequest, HandlerConfig, ResourceHandler, ResourceStatus
from occopus_azure import blueprint
from occopus_azure.addresses import Addresses
from occopus_azure.parts import Parts
from occopus_azure.status import refusal, status_of, without_machine
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import Group, handle_of, is_of, node_of, state_of
from occopus_azure_aci.arm.kinds import ADDRESS, INTERFACE, MACHINE, part_name
from occopus_azure_aci.arm.networks import Networks
from occopus_azure_aci.arm.record import Recorder

LOOK = {"$expand": "instanceView"}


class AzureVmHandler(ResourceHandler):
    """Keeps no state: names are told from the request, and what exists is found by its marks.

    What needs something that Azure is still making is asked for in a later call of `create`, which `describe` announces.
    """

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._group = Group(config, client)
        self._networks = Networks(self._group)
        self._parts = Parts(self._group, self._networks)

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        record = Recorder(request.handle, checkpoint)
        blueprint.machine(request, "", is_ours=True)  # what can't be drawn is refused before anything is made
        self._group.ensure(request.resource["location"])
        id = self._group.id(MACHINE, request.machine_name)
        there = self._group.get(MACHINE, id, LOOK)
        if there:
            refused = refusal(self._group.owned(MACHINE, there, request))
            if refused:
                raise refused
        elif not self._make(request, id, record):
            return record.handle
        record(machine=id)
        return record.handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        wanted = {handle.node_id for handle in handles}
        machines = {node_id: machine for node_id, machine in self._machines() if node_id in wanted}
        found = self._statuses(machines)
        missing = [handle for handle in handles if handle.node_id not in found]
        parts = self._parts.by_node() if missing else {}
        return found | {each.node_id: without_machine(each, parts[each.node_id]) for each in missing if each.node_id in parts}

    def drop(self, handle: Handle) -> None:
        """First the machine, with its disk; when that is gone what it used, and at last what that used."""
        machines = [machine for node_id, machine in self._machines() if node_id == handle.node_id]
        for machine in machines:
            if state_of(machine) != "Deleting":
                self._group.delete(MACHINE, machine["id"])
        for stage in () if machines else self._parts.stages():
            ours = [part for part in stage if part.node_id == handle.node_id]
            for part in ours:
                if part.state != "Deleting":
                    part.delete()
            if ours:
                return

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found = {part.node_id: handle_of(part.thing) for part in self._parts.marked() if is_of(part.thing, infra_id)}
        for node_id, machine in self._machines():
            if is_of(machine, infra_id):
                found[node_id] = handle_of(machine, machine=machine["id"])
        return found.values()

    def _make(self, request: CreateRequest, id: str, record: Recorder) -> bool:
        """Ask for the machine; false where that must wait for what it needs."""
        name = request.resource.get("nic_name")
        interface = self._group.id(INTERFACE, name) if name else self._interface(request, record)
        if interface:
            self._group.ensure_object(MACHINE, id, blueprint.machine(request, interface, is_ours=not name), request)
        return bool(interface)

    def _interface(self, request: CreateRequest, record: Recorder) -> str | None:
        """The id of the node's network interface; None where that, or what it needs, is still being made."""
        subnet = self._networks.ensure(request, record)
        address = self._address(request, record) if request.resource.get("public_ip_needed") else None
        if not subnet.is_ready or (address and state_of(address) != "Succeeded"):
            return None
        id = self._group.id(INTERFACE, part_name(request.node_id, "nic"))
        body = blueprint.interface(request, subnet.id, address["id"] if address else None)
        made = self._group.ensure_object(INTERFACE, id, body, request)
        record(interface=id)
        return id if state_of(made) == "Succeeded" else None

    def _address(self, request: CreateRequest, record: Recorder) -> Json:
        id = self._group.id(ADDRESS, part_name(request.node_id, "ip"))
        made = self._group.ensure_object(ADDRESS, id, blueprint.address(request), request)
        record(address=id)
        return made

    def _machines(self) -> Iterator[tuple[NodeId, Json]]:
        for machine in self._group.each(MACHINE):
            node_id = node_of(machine)
            if node_id:
                yield node_id, machine

    def _statuses(self, machines: Mapping[NodeId, Json]) -> dict[NodeId, ResourceStatus]:
        """A list says nothing of power states: those of all machines are one more list, which says nothing else."""
        if not machines:
            return {}
        views = {thing["id"].lower(): thing["properties"] for thing in self._group.each_anywhere(MACHINE, statusOnly="true")}
        addresses = Addresses(self._group)
        found = {}
        for node_id, machine in machines.items():
            view = views.get(machine["id"].lower(), {}).get("instanceView")
            seen = {**machine, "properties": {**machine["properties"], "instanceView": view}}
            found[node_id] = status_of(seen, addresses.of(machine))
        return found

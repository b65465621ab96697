"""The resource handler in front of simulated clouds, and a health check that asks the machine itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId, NodeState
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.resource import Checkpoint, CreateRequest, ResourceHandler, ResourceHandlerSpec, ResourceStatus
from occopus.plugins.schema import text
from occopus.testing.simulation.cloud import Machine, Power, SimulatedCloud

STATES = {
    Power.STARTING: NodeState.PENDING,
    Power.RUNNING: NodeState.READY,
    Power.BROKEN: NodeState.FAILED,
    Power.STOPPING: NodeState.PENDING,
}

CLOUDS: dict[str, SimulatedCloud] = {}
"""By endpoint. Whoever makes a cloud puts it here and takes it away."""


class SimulatedHandler(ResourceHandler):
    """Keeps nothing itself. The cloud knows a request that is repeated by the node's id, so nothing is made twice."""

    @property
    def cloud(self) -> SimulatedCloud:
        return CLOUDS[self.config.section["endpoint"]]

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        id = self.cloud.run_machine(request.handle, str(request.resource.get("flavour", "")))
        handle = _handle(request.handle, id)
        checkpoint(handle)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        known = self.cloud.read_machines([handle.ids["machine"] for handle in handles if handle.ids])
        return {machine.handle.node_id: _status(machine, power) for machine, power in (*known, *self._marked(handles))}

    def drop(self, handle: Handle) -> None:
        ids = [handle.ids["machine"]] if handle.ids else [machine.id for machine, _ in self._marked([handle])]
        for id in ids:
            self.cloud.terminate_machine(id)

    def _marked(self, handles: Sequence[Handle]) -> Iterator[tuple[Machine, Power]]:
        """What was made for nodes of which only the marks are known."""
        uncertain: dict[InfraId, set[NodeId]] = {}
        for handle in handles:
            if not handle.ids:
                uncertain.setdefault(handle.infra_id, set()).add(handle.node_id)
        for infra_id, nodes in uncertain.items():
            yield from self.cloud.list_machines(infra_id, nodes)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [_handle(machine.handle, machine.id) for machine, _ in self.cloud.list_machines(infra_id)]

    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        """One for each hour that has passed since a machine was made."""
        known = self.cloud.read_machines([handle.ids["machine"] for handle in handles if handle.ids])
        return {machine.handle.node_id: (self.cloud.timeline.now - machine.made) / 3600 for machine, _ in known}


def is_alive(target: Target, endpoint: Any) -> str | None:
    """Whether the machine with an address runs, asked from the orchestrator's side of a partition."""
    cloud = CLOUDS[str(endpoint)]
    return cloud.why_unheard(target.node_id)


def _handle(handle: Handle, id: str) -> Handle:
    return Handle(handle.infra_id, handle.node_id, handle.node_name, {"machine": id})


def _status(machine: Machine, power: Power) -> ResourceStatus:
    number = int(machine.id.rpartition("-")[2])
    address = Address(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", AddressKind.PRIVATE)
    return ResourceStatus(STATES[power], (address,), str(power))


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="simulated",
        handler="occopus.testing.simulation.handler:SimulatedHandler",
        schema={
            "endpoint": text("The name of the cloud.", required=True),
            "flavour": text("The kind of machine; how many there may be of each is the weather's `capacity`.", empty=True),
            "name": text("A label for logs and for choosing credentials.", empty=True),
        },
        contexts=frozenset({"cloudinit"}),
        summary="A cloud in memory with every fault that a cloud has.",
    )


@hookimpl
def occopus_health_checks() -> Iterator[HealthCheckSpec]:
    yield HealthCheckSpec("alive", f"{__name__}:is_alive", {"type": "string"}, summary="Asks a simulated machine.")

"""Takes over what exists without a record, after a store was lost: it is found by its marks, and nothing is made or removed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from occopus.engine.context import Pass
from occopus.engine.converging import Outcome, journal_of, pass_of
from occopus.engine.services import Services
from occopus.errors import UsageError
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Handle, Instance, NodeState, Phase
from occopus.model.node import Implementation, Node, Section
from occopus.plugins.resource import ResourceHandler, ResourceStatus


@dataclass(frozen=True)
class Endpoint:
    """A handler with the implementations that it serves, each with its resource section as far as it is known without an instance."""

    handler: ResourceHandler
    makings: list[tuple[Node, Implementation, Section]]


@dataclass(frozen=True)
class Found:
    """A machine, how it does, and what it was made from: the description may no longer have its node."""

    handle: Handle
    status: ResourceStatus
    section: Section
    node: Node | None
    implementation: Implementation | None


async def adopt(services: Services, infra_id: InfraId, wanted: Infrastructure, stop: asyncio.Event) -> Outcome:
    """Write records of everything that bears the mark of an infrastructure, at the endpoints that its description names.

    Raises:
        UsageError: the store knows this infrastructure, or nothing bears its mark.
        RenderError: what an instance was made from can't be rendered from what was found.
    """
    async with journal_of(services, infra_id, stop) as journal:
        if await journal.load_if_there():
            raise UsageError(f"the store knows {infra_id}", f"'occopus maintain -i {infra_id}' looks after it")
        work = pass_of(services, journal, wanted)
        try:
            found = [each for endpoint in _endpoints(work) for each in await _find(work, endpoint)]
            if not found:
                raise UsageError(f"nothing bears the mark of {infra_id} at the endpoints of this description", "check both")
            instances = await _recorded(work, found)
        finally:
            work.close()
        await journal.take_over(_record(services, infra_id, wanted, instances), instances)
        return Outcome(journal.instances)


def _endpoints(work: Pass) -> Iterable[Endpoint]:
    endpoints: dict[int, Endpoint] = {}
    for node in work.rendering.infrastructure.nodes.values():
        for implementation in node.implementations:
            section = work.rendering.endpoint_section(node, implementation)
            handler = work.backends.handler(section)
            endpoints.setdefault(id(handler), Endpoint(handler, [])).makings.append((node, implementation, section))
    return endpoints.values()


async def _find(work: Pass, endpoint: Endpoint) -> list[Found]:
    """What exists at an endpoint; what is already gone and only still listed is not."""
    handler = endpoint.handler
    handles = await work.calls.look(handler, lambda: list(handler.find(work.journal.infra_id)))
    statuses = await work.calls.look(handler, handler.describe, handles) if handles else {}
    return [
        Found(handle, statuses[handle.node_id], *_making(endpoint, handle))
        for handle in handles
        if handle.node_id in statuses and statuses[handle.node_id].state is not NodeState.SHUTDOWN
    ]


def _making(endpoint: Endpoint, handle: Handle) -> tuple[Section, Node | None, Implementation | None]:
    """What an instance was made from: of several implementations at one endpoint, the first."""
    for node, implementation, section in endpoint.makings:
        if node.name == handle.node_name:
            return section, node, implementation
    return endpoint.makings[0][2], None, None


async def _recorded(work: Pass, found: Sequence[Found]) -> list[Instance]:
    """Records as they would stand if they had never been lost. Nodes are rendered in the order of creation, as they use each other."""
    now = work.clock.time()
    places = {name: place for place, name in enumerate(work.rendering.infrastructure.nodes)}
    recorded: dict[str, list[Instance]] = {}
    for each in sorted(found, key=lambda each: (places.get(each.handle.node_name, len(places)), each.handle.node_id)):
        instance = Instance(
            infra_id=each.handle.infra_id,
            node_id=each.handle.node_id,
            node_name=each.handle.node_name,
            implementation=0,
            fingerprint="",
            phase=Phase.CREATED if each.status.state is NodeState.READY else Phase.CREATING,
            created_at=now,
            resource=each.section,
            ids=dict(each.handle.ids),
            origin="found by its marks",
            addresses=each.status.addresses,
            state=each.status.state,
            reason=each.status.detail,
            state_since=now,
        )
        if each.node and each.implementation:
            instance = await _with_inputs(work, instance, each.node, each.implementation, recorded)
        recorded.setdefault(instance.node_name, []).append(instance)
    return [instance for instances in recorded.values() for instance in instances]


async def _with_inputs(
    work: Pass, instance: Instance, node: Node, implementation: Implementation, recorded: dict[str, list[Instance]]
) -> Instance:
    inputs = await work.clock.call(
        work.rendering.inputs, node, implementation, instance.node_id, lambda name: [i for i in recorded.get(name, ()) if i.addresses]
    )
    section = inputs.config_management
    return replace(
        instance,
        implementation=implementation.index,
        fingerprint=work.rendering.infrastructure.fingerprint(node, implementation),
        resource=inputs.storable_resource,
        config_management=work.backends.manager_key(section) if section else None,
        inputs_hash=inputs.hash,
    )


def _record(services: Services, infra_id: InfraId, wanted: Infrastructure, instances: Sequence[Instance]) -> InfraRecord:
    """The infrastructure's own record; as many instances of each node are wanted as there are, within the limits."""
    counts = Counter(instance.node_name for instance in instances)
    targets = {node.name: node.scaling.clamped(counts[node.name]) for node in wanted.nodes.values() if node.scaling.min != node.scaling.max}
    managers = list({str(dict(i.config_management)): i.config_management for i in instances if i.config_management}.values())
    return InfraRecord(
        infra_id, wanted.name, wanted.user_id, services.clock.time(), wanted.source, targets=targets, config_managers=tuple(managers)
    )

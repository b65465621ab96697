"""What instances have cost so far, where their backends tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from occopus.engine.asking import asked_together
from occopus.engine.calls import Calls
from occopus.engine.services import Services
from occopus.errors import explained
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Instance, NodeId
from occopus.plugins.resource import ResourceHandler, SupportsCost
from occopus.store.records import load_infra, load_instances


@dataclass(frozen=True)
class Costs:
    """By instance: the costs so far in the currency of the backend's account, or why they are not known."""

    told: Mapping[NodeId, float]
    untold: Mapping[NodeId, str]

    @property
    def total(self) -> float:
        return sum(self.told.values())


async def costs(services: Services, infra_id: InfraId) -> Costs:
    """Ask the backends of an infrastructure's instances; nothing is written.

    Raises:
        InfrastructureNotFound: there is none.
    """
    await services.clock.call(load_infra, services.store, infra_id)
    known = await services.clock.call(load_instances, services.store, infra_id)
    backends, calls = services.backends(), Calls(services.clock, services.policy)

    async def ask(handler: ResourceHandler, asked: list[Instance]) -> Mapping[NodeId, float | str]:
        if not isinstance(handler, SupportsCost):
            return {instance.node_id: "its backend tells no costs" for instance in asked}
        found = await calls.look(handler, handler.costs, [instance.handle for instance in asked])
        return {instance.node_id: found.get(instance.node_id, "its backend does not know them") for instance in asked}

    def unknown(error: Exception) -> float | str:
        return services.mask(explained(error))

    instances = [each.value for each in known.values()]
    answers = await asked_together(instances, lambda instance: backends.handler(instance.resource), ask, unknown)
    return Costs(
        {node_id: answer for node_id, answer in answers.items() if not isinstance(answer, str)},
        {node_id: answer for node_id, answer in answers.items() if isinstance(answer, str)},
    )

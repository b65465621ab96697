"""Looks at an infrastructure without changing it: no lease is needed, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from occopus.engine import token
from occopus.engine.calls import Calls
from occopus.engine.context import View
from occopus.engine.guard import Guard
from occopus.engine.health import HealthChecks
from occopus.engine.observe import observe
from occopus.engine.planning import World, make_plan, seeded
from occopus.engine.scaling import carry_out
from occopus.engine.services import Services
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance, NodeId
from occopus.model.plan import Plan
from occopus.rendering.resolve import Resolver
from occopus.store.records import Versioned, load_infra, load_instances, load_requests


async def report(services: Services, infra_id: InfraId) -> tuple[InfraRecord, Sequence[Instance]]:
    """What an infrastructure is like at this moment.

    Raises:
        InfrastructureNotFound: there is none.
    """
    record, instances = await services.clock.call(_load, services, infra_id)
    return record.value, Guard().watch(await _look(services, infra_id, services.compiled(record.value.desired), instances))


async def plan(
    services: Services, infra_id: InfraId, wanted: Infrastructure | None, seed: str | None = None, *, force_replace: bool = False
) -> Plan:
    """What the next pass would do; with `wanted`, what building that would do, and the token by which just that is done.

    With the `seed` of a plan that was made before, chance is the same.

    Raises:
        InfrastructureNotFound: there is none.
    """
    loaded, instances = await services.clock.call(_load, services, infra_id)
    record = loaded.value.changed_to(wanted) if wanted else loaded.value
    requests = await services.clock.call(load_requests, services.store, infra_id)
    scaled = carry_out(requests, record, instances)
    leaving = {instance.node_id: instance for instance in scaled.leaving}
    instances = [leaving.get(instance.node_id, instance) for instance in instances]
    desired = services.known(wanted) if wanted else services.compiled(record.desired)
    guard = Guard(force=force_replace)
    seen = guard.watch(await _look(services, infra_id, desired, instances)) if desired else instances
    world = World(desired, services.compiled(record.former), seen, scaled.targets, guard.spared)
    seed = seed or token.new_seed(services.clock)
    made = make_plan(world, seeded(seed))
    return replace(made, token=token.make(seed, loaded.version, wanted, made)) if wanted else made


async def _look(services: Services, infra_id: InfraId, desired: Infrastructure | None, instances: Sequence[Instance]) -> Sequence[Instance]:
    view = View(
        backends=services.backends(),
        calls=Calls(services.clock, services.policy),
        clock=services.clock,
        resolver=Resolver(desired, infra_id, services.composition, services.outside) if desired else None,
        health=HealthChecks(services.clock),
    )
    seen = await observe(view, instances)
    return [replace(instance, reason=services.mask(instance.reason)) for instance in seen]


def _load(services: Services, infra_id: InfraId) -> tuple[Versioned[InfraRecord], Sequence[Instance]]:
    known: dict[NodeId, Versioned[Instance]] = load_instances(services.store, infra_id)
    return load_infra(services.store, infra_id), [item.value for item in known.values()]

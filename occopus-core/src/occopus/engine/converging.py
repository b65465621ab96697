"""What all commands that change an infrastructure have in common: the lease and the journal, a pass, and the loop to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from occopus.engine.calls import Calls
from occopus.engine.context import Pass
from occopus.engine.guard import Guard
from occopus.engine.health import HealthChecks
from occopus.engine.journal import Journal
from occopus.engine.lease import held_lease
from occopus.engine.planning import World, seeded
from occopus.engine.reconcile import Reconciler
from occopus.engine.removal import leave_config_managers
from occopus.engine.scaling import carry_out
from occopus.engine.services import Services
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Step
from occopus.rendering.resolve import Resolver


@dataclass(frozen=True)
class Outcome:
    """What a pass did, what it could not do as asked, and what there is now. `exists` is false where nothing was to be kept."""

    instances: Sequence[Instance]
    done: Sequence[Step] = ()
    warnings: Sequence[str] = ()
    exists: bool = True


@asynccontextmanager
async def journal_of(services: Services, infra_id: InfraId, stop: asyncio.Event) -> AsyncIterator[Journal]:
    async with held_lease(services, infra_id, stop) as (lease, lost):
        yield Journal(services.store, lease, lost, infra_id, services.clock, services.watcher.event, services.mask)


def pass_of(services: Services, journal: Journal, desired: Infrastructure | None) -> Pass:
    """A pass over the infrastructure of a journal; whoever asks for it closes it."""
    return Pass(
        backends=services.backends(),
        calls=Calls(services.clock, services.policy),
        clock=services.clock,
        resolver=Resolver(desired, journal.infra_id, services.composition, services.outside) if desired else None,
        health=HealthChecks(services.clock),
        journal=journal,
        policy=services.policy,
        waiting=services.watcher.waiting,
    )


@contextmanager
def reconciler_of(
    services: Services, journal: Journal, record: InfraRecord, desired: Infrastructure | None = None, *, force_replace: bool = False
) -> Iterator[Reconciler]:
    """One that brings an infrastructure to what a record of it says."""
    desired = services.known(desired) if desired else services.compiled(record.desired)
    work = pass_of(services, journal, desired)
    try:
        world = World(desired, services.compiled(record.former), targets=record.targets)
        yield Reconciler(work, world, Guard(force=force_replace))
    finally:
        work.close()


async def with_requests(journal: Journal, record: InfraRecord) -> InfraRecord:
    """Turn what users asked for into targets within the limits of a description, and into instances that go."""
    requests = await journal.requests() if journal.exists and record.desired is not None else ()
    if not requests:
        return record
    scaled = carry_out(requests, record, journal.instances)
    await journal.answer(requests, replace(journal.infra, targets=scaled.targets), scaled.leaving, scaled.told)
    return replace(record, targets=scaled.targets)


async def converge(
    services: Services, journal: Journal, stop: asyncio.Event, *, force_replace: bool = False, settled: str = "settled"
) -> Outcome:
    """Come to what the record of the infrastructure says, and note that it is settled, or gone."""
    with reconciler_of(services, journal, journal.infra, force_replace=force_replace) as reconciler:
        plan = await reconciler.plan(seeded(services.clock.new_id()))
        await reconciler.converge(stop, plan, stop_at_failure=False)
        if journal.infra.desired is None:
            await leave_config_managers(reconciler.work)
            await journal.forget_infra()
        else:
            await settle(journal, settled)
        return Outcome(journal.instances, reconciler.done, reconciler.warnings, journal.exists)


async def settle(journal: Journal, kind: str) -> None:
    """Nothing is left to go back to, and no target beyond the limits."""
    record = journal.infra
    targets = {node: record.limits[node].clamped(count) for node, count in record.targets.items() if node in record.limits}
    settled = replace(record, former=None, changing=False, targets=targets)
    if settled != record:
        await journal.save_infra(settled, kind)

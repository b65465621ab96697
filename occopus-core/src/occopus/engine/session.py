"""The commands that change an infrastructure, all of them the same loop towards another aim."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from occopus.engine.backends import Backends
from occopus.engine.calls import Calls
from occopus.engine.context import Pass
from occopus.engine.failures import explained
from occopus.engine.health import HealthChecks
from occopus.engine.journal import Journal
from occopus.engine.lease import held_lease
from occopus.engine.observe import observe
from occopus.engine.planning import World, make_plan
from occopus.engine.reconcile import Reconciler, choices
from occopus.engine.resolve import Resolver
from occopus.engine.services import Services
from occopus.errors import InfrastructureNotFound, Interrupted, StepsFailed, StoreError
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.node import Section
from occopus.model.plan import NO_NODE, Plan
from occopus.plugins.resource import ResourceError
from occopus.schema.infrastructure import compile_source
from occopus.store.base import Lease
from occopus.store.records import load_infra, load_instances


async def build(
    services: Services, infra_id: InfraId, wanted: Infrastructure, stop: asyncio.Event, *, must_exist: bool = False
) -> Sequence[Instance]:
    """Make an infrastructure what `wanted` says, whatever is there; back to what it was if that fails or is stopped.

    Raises:
        InfrastructureNotFound: there is none, and there must be.
        StepsFailed, Interrupted: the message says why, and what the rollback could not undo.
    """
    async with _journal(services, infra_id, stop) as journal:
        if must_exist or _exists(services, infra_id):
            journal.load()
            record = journal.infra
        else:
            record = InfraRecord(infra_id, wanted.name, wanted.user_id, services.clock.time(), None)
        changed = replace(record, name=wanted.name, user_id=wanted.user_id, desired=wanted.source, former=_former(record), changing=True)
        journal.save_infra(changed, "build-started")
        try:
            await _converge(services, journal, stop, stop_at_failure=True)
        except StoreError:
            raise
        except Exception as error:
            await _roll_back(services, journal, error)
            raise _as_undone(error, journal) from error
        targets = {node: count for node, count in journal.infra.targets.items() if node in wanted.nodes}
        journal.save_infra(replace(journal.infra, former=None, changing=False, targets=targets), "built")
        return journal.instances


async def destroy(services: Services, infra_id: InfraId, stop: asyncio.Event) -> None:
    """Remove an infrastructure with all of its instances; it stays in the store until everything is gone.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    load_infra(services.store, infra_id)
    async with _journal(services, infra_id, stop) as journal:
        journal.load()
        if journal.infra.desired is not None:
            record = replace(journal.infra, desired=None, former=journal.infra.desired, changing=False)
            journal.save_infra(record, "destroy-started")
        try:
            await _converge(services, journal, stop, stop_at_failure=False)
        except (StepsFailed, Interrupted) as error:
            raise type(error)(error.message, f"'occopus destroy -i {infra_id}' goes on where it ended") from error


async def report(services: Services, infra_id: InfraId) -> tuple[InfraRecord, Sequence[Instance]]:
    """What an infrastructure is like at this moment. Nothing is written and no lease is needed."""
    record = load_infra(services.store, infra_id).value
    return record, await _look(services, infra_id, _compiled(services, record.desired))


async def plan(services: Services, infra_id: InfraId, wanted: Infrastructure | None) -> Plan:
    """What the next pass would do; with `wanted`, what building that would do. Nothing is written."""
    record = load_infra(services.store, infra_id).value
    desired = wanted or _compiled(services, record.desired)
    former = _compiled(services, _former(record) if wanted else record.former)
    instances = await _look(services, infra_id, desired) if desired else _known(services, infra_id)
    return make_plan(World(desired, former, instances, record.targets), choices(services.clock))


async def _look(services: Services, infra_id: InfraId, desired: Infrastructure | None) -> Sequence[Instance]:
    work = _pass(services, infra_id, None, desired)
    try:
        return await observe(work, _known(services, infra_id))
    finally:
        work.close()


def _known(services: Services, infra_id: InfraId) -> Sequence[Instance]:
    return [item.value for item in load_instances(services.store, infra_id).values()]


async def _converge(services: Services, journal: Journal, stop: asyncio.Event, *, stop_at_failure: bool) -> None:
    desired = _compiled(services, journal.infra.desired)
    former = _compiled(services, journal.infra.former)
    work = _pass(services, journal.infra_id, journal, desired)
    try:
        await Reconciler(work, desired, former).converge(stop, stop_at_failure=stop_at_failure)
        if desired is None:
            await _tell_config_managers(work)
            journal.forget_infra()
    finally:
        work.close()


async def _tell_config_managers(work: Pass) -> None:
    infra_id = work.journal.infra_id

    def tell(error: ResourceError) -> None:
        work.waiting(NO_NODE, f"{error.kind}: {error.message}; trying again")

    for section in work.journal.infra.config_managers:
        manager = work.backends.manager(section)
        await work.calls.run(manager, tell, manager.drop_infrastructure, infra_id)


async def _roll_back(services: Services, journal: Journal, cause: Exception) -> None:
    """Make the former state the desired one, and converge to it."""
    record = journal.infra
    journal.save_infra(replace(record, desired=record.former, former=record.desired, changing=False), "rollback", explained(cause))
    try:
        await _converge(services, journal, asyncio.Event(), stop_at_failure=False)
    except Exception as error:
        message = f"{explained(cause)}\nand the rollback is not complete:\n{explained(error)}"
        finish = f"occopus destroy -i {record.infra_id}"
        if record.former is not None:
            finish = f"occopus build -i {record.infra_id}' with the earlier description, or '{finish}"
        raise StepsFailed(message, f"when the cause is mended, '{finish}' finishes the job") from cause
    if record.former is not None:
        journal.save_infra(replace(journal.infra, former=None), "rolled-back")


def _as_undone(error: Exception, journal: Journal) -> Exception:
    """The error that a command ends with when its rollback is complete."""
    if not isinstance(error, Interrupted):
        return error
    return Interrupted("stopped; " + ("it is as it was before" if journal.exists else "everything that was made is removed again"))


def _former(record: InfraRecord) -> Section | None:
    """What a command that changes an infrastructure has to go back to if it fails: never to what another one left half done."""
    return record.former if record.changing else record.desired


def _compiled(services: Services, source: Section | None) -> Infrastructure | None:
    return compile_source(source, services.composition) if source is not None else None


def _exists(services: Services, infra_id: InfraId) -> bool:
    try:
        load_infra(services.store, infra_id)
    except InfrastructureNotFound:
        return False
    return True


@asynccontextmanager
async def _journal(services: Services, infra_id: InfraId, stop: asyncio.Event) -> AsyncIterator[Journal]:
    async with held_lease(services, infra_id, stop) as lease:
        yield _new_journal(services, lease, infra_id)


def _new_journal(services: Services, lease: Lease, infra_id: InfraId) -> Journal:
    return Journal(services.store, lease, infra_id, services.clock.time, services.watcher.event, services.mask)


def _pass(services: Services, infra_id: InfraId, journal: Journal | None, desired: Infrastructure | None) -> Pass:
    return Pass(
        journal=journal or _new_journal(services, _NO_LEASE, infra_id),
        backends=Backends(services.composition.registry, services.credentials, services.data_dir),
        calls=Calls(services.clock, services.policy),
        clock=services.clock,
        policy=services.policy,
        resolver=Resolver(desired, infra_id, services.composition, services.outside) if desired else None,
        waiting=services.watcher.waiting,
        health=HealthChecks(services.clock),
    )


_NO_LEASE = Lease("", "", 0, 0.0)
"""For passes that only look: a write with it is refused."""

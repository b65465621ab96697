"""The commands that change an infrastructure, all of them the same loop towards another aim."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from occopus.engine.backends import Backends
from occopus.engine.calls import Calls
from occopus.engine.context import Pass
from occopus.engine.journal import Journal
from occopus.engine.lease import held_lease
from occopus.engine.observe import observe
from occopus.engine.planning import World, make_plan
from occopus.engine.reconcile import Reconciler, choices, explained
from occopus.engine.resolve import Resolver
from occopus.engine.services import Services
from occopus.errors import InfrastructureNotFound, OccopusError, StepsFailed, StoreError
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.node import Section
from occopus.model.plan import Plan
from occopus.schema.infrastructure import compile_source
from occopus.store.base import Lease
from occopus.store.records import load_infra, load_instances


async def build(services: Services, infra_id: InfraId, wanted: Infrastructure, stop: asyncio.Event) -> Sequence[Instance]:
    """Make an infrastructure what `wanted` says, whatever is there; back to what it was if that fails or is stopped.

    Raises:
        StepsFailed, Interrupted: the message says why, and what the rollback could not undo.
    """
    async with _journal(services, infra_id) as journal:
        before = _record(services, infra_id)
        if before:
            journal.load()
        record = before or InfraRecord(infra_id, wanted.name, wanted.user_id, services.clock.time(), None)
        former = record.former if record.changing else record.desired
        targets = {node: count for node, count in record.targets.items() if node in wanted.nodes}
        record = replace(record, name=wanted.name, desired=wanted.source, former=former, changing=True, targets=targets)
        journal.save_infra(record, "build-started")
        try:
            await _converge(services, journal, stop, stop_at_failure=True)
        except StoreError:
            raise
        except OccopusError as error:
            await _roll_back(services, journal, error)
            raise
        journal.save_infra(replace(journal.infra, former=None, changing=False), "built")
        return journal.instances


async def destroy(services: Services, infra_id: InfraId, stop: asyncio.Event) -> None:
    """Remove an infrastructure with all of its instances; it stays in the store until everything is gone.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    load_infra(services.store, infra_id)
    async with _journal(services, infra_id) as journal:
        journal.load()
        if journal.infra.desired is not None:
            record = replace(journal.infra, desired=None, former=journal.infra.desired, changing=False)
            journal.save_infra(record, "destroy-started")
        await _converge(services, journal, stop, stop_at_failure=False)


async def report(services: Services, infra_id: InfraId) -> tuple[InfraRecord, Sequence[Instance]]:
    """What an infrastructure is like at this moment. Nothing is written and no lease is needed."""
    record = load_infra(services.store, infra_id).value
    known = [item.value for item in load_instances(services.store, infra_id).values()]
    work = _pass(services, infra_id, None, _compiled(services, record.desired))
    try:
        return record, await observe(work, known)
    finally:
        work.close()


async def plan(services: Services, infra_id: InfraId, wanted: Infrastructure | None) -> Plan:
    """What the next pass would do; with `wanted`, what building that would do. Nothing is written."""
    record, instances = await report(services, infra_id)
    current = _compiled(services, record.desired)
    former = current if wanted else _compiled(services, record.former)
    work = _pass(services, infra_id, None, current)
    return make_plan(World(wanted or current, former, instances, record.targets), choices(work))


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
    for section in work.journal.infra.config_managers:
        manager = work.backends.manager(section)
        await work.clock.call(manager.drop_infrastructure, work.journal.infra_id)


async def _roll_back(services: Services, journal: Journal, cause: OccopusError) -> None:
    """Make the former state the desired one, and converge to it."""
    record = journal.infra
    journal.save_infra(replace(record, desired=record.former, former=record.desired, changing=False), "rollback", explained(cause))
    infra_id = record.infra_id
    try:
        await _converge(services, journal, asyncio.Event(), stop_at_failure=False)
    except OccopusError as error:
        finish = f"occopus destroy -i {infra_id}" if record.former is None else f"occopus maintain -i {infra_id}"
        message = f"{cause.message}\nand the rollback is not complete:\n{explained(error)}"
        raise StepsFailed(message, f"when the cause is mended, '{finish}' finishes the job") from cause
    if record.former is not None:
        journal.save_infra(replace(journal.infra, former=None), "rolled-back")


def _compiled(services: Services, source: Section | None) -> Infrastructure | None:
    return compile_source(source, services.composition) if source is not None else None


def _record(services: Services, infra_id: InfraId) -> InfraRecord | None:
    try:
        return load_infra(services.store, infra_id).value
    except InfrastructureNotFound:
        return None


@asynccontextmanager
async def _journal(services: Services, infra_id: InfraId) -> AsyncIterator[Journal]:
    async with held_lease(services, infra_id) as lease:
        yield Journal(services.store, lease, infra_id, services.clock.time, services.watcher.event)


def _pass(services: Services, infra_id: InfraId, journal: Journal | None, desired: Infrastructure | None) -> Pass:
    journal = journal or Journal(services.store, _NO_LEASE, infra_id, services.clock.time, services.watcher.event)
    return Pass(
        journal=journal,
        backends=Backends(services.composition.registry, services.credentials, services.data_dir),
        calls=Calls(services.clock, services.policy),
        clock=services.clock,
        policy=services.policy,
        resolver=Resolver(desired, infra_id, services.composition, services.outside) if desired else None,
        waiting=services.watcher.waiting,
    )


_NO_LEASE = Lease("", "", 0, 0.0)
"""For passes that only look: a write with it is refused."""

"""The commands that change an infrastructure, all of them the same loop towards another aim."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from occopus.engine import looking, token
from occopus.engine.calls import Calls
from occopus.engine.context import Pass
from occopus.engine.failures import explained
from occopus.engine.guard import Guard
from occopus.engine.health import HealthChecks
from occopus.engine.journal import Journal
from occopus.engine.lease import held_lease
from occopus.engine.planning import World, seeded
from occopus.engine.reconcile import Reconciler
from occopus.engine.removal import leave_config_managers
from occopus.engine.resolve import Resolver
from occopus.engine.scaling import carry_out
from occopus.engine.services import Services
from occopus.errors import InfrastructureNotFound, Interrupted, OccopusError, StepsFailed, StoreError
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Step
from occopus.store.records import load_infra


@dataclass(frozen=True)
class Outcome:
    """What a pass did, what it could not do as asked, and what there is now. `exists` is false where nothing was to be kept."""

    instances: Sequence[Instance]
    done: Sequence[Step] = ()
    warnings: Sequence[str] = ()
    exists: bool = True


async def build(
    services: Services,
    infra_id: InfraId,
    wanted: Infrastructure,
    stop: asyncio.Event,
    *,
    must_exist: bool = False,
    exactly: str | None = None,
) -> Outcome:
    """Make an infrastructure what `wanted` says, whatever is there; back to what it was if that fails or is stopped.

    `exactly` is the token of the plan that is to be carried out, and no other.

    Raises:
        InfrastructureNotFound: there is none, and there must be.
        StalePlan: the infrastructure is no longer what the plan was made for.
        StepsFailed, Interrupted: the message says why, and what the rollback could not undo.
    """
    seed = token.new_seed(services.clock) if exactly is None else token.seed_of(exactly)
    async with _journal(services, infra_id, stop) as journal:
        record = await _loaded(journal, must_exist) or InfraRecord(infra_id, wanted.name, wanted.user_id, services.clock.time(), None)
        version = journal.version
        if exactly is not None:  # before anything is written, the requests that would be answered included
            token.refuse_unless(exactly, (await looking.plan(services, infra_id, wanted, seed)).token)
        changed = await _with_requests(journal, record.changed_to(wanted))
        with _reconciler(services, journal, changed, wanted) as reconciler:
            plan = await reconciler.plan(seeded(seed))
            if exactly is not None:
                token.refuse_unless(exactly, token.make(seed, version, wanted, plan))
            await journal.save_infra(changed, "build-started")
            try:
                await reconciler.converge(stop, plan, stop_at_failure=True)
            except StoreError:
                raise
            except Exception as error:
                await _roll_back(services, journal, error)
                raise _as_undone(error, journal) from error
        await _settle(journal, "built")
        return Outcome(journal.instances, reconciler.done, reconciler.warnings)


async def maintain(services: Services, infra_id: InfraId, stop: asyncio.Event, *, force_replace: bool = False) -> Outcome:
    """Make an infrastructure what it should be, whatever happened to it; that ends also what an earlier command left half done.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    async with _journal(services, infra_id, stop) as journal:
        await journal.load()
        await _with_requests(journal, journal.infra)
        try:
            return await _converge(services, journal, stop, force_replace=force_replace)
        except (StepsFailed, Interrupted) as error:
            raise _to_be_continued(error, f"occopus maintain -i {infra_id}") from error


async def keep(
    services: Services,
    infra_id: InfraId,
    every: float,
    stop: asyncio.Event,
    told: Callable[[Outcome | Exception], None],
    *,
    force_replace: bool = False,
) -> None:
    """Maintain an infrastructure again and again, with so many seconds in between, until `stop` is set or it is gone.

    `told` hears what each pass came to. A pass that fails is followed by the next one.

    Raises:
        InfrastructureNotFound: there is none to begin with.
    """
    await services.clock.call(load_infra, services.store, infra_id)
    while not stop.is_set():
        try:
            outcome = await maintain(services, infra_id, stop, force_replace=force_replace)
        except (Interrupted, InfrastructureNotFound) as error:
            return told(error)
        except Exception as error:  # whatever it is, it may have passed by the next time
            told(error)
        else:
            told(outcome)
            if not outcome.exists:
                return None
        await _pause(services, every, stop)
    return None


async def _pause(services: Services, seconds: float, stop: asyncio.Event) -> None:
    """Sleep, but not beyond the moment when `stop` is set."""
    sleeping, stopping = asyncio.ensure_future(services.clock.sleep(seconds)), asyncio.ensure_future(stop.wait())
    await asyncio.wait([sleeping, stopping], return_when=asyncio.FIRST_COMPLETED)
    sleeping.cancel()
    stopping.cancel()


async def destroy(services: Services, infra_id: InfraId, stop: asyncio.Event) -> Outcome:
    """Remove an infrastructure with all of its instances; it stays in the store until everything is gone.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    await services.clock.call(load_infra, services.store, infra_id)
    async with _journal(services, infra_id, stop) as journal:
        await journal.load()
        if journal.infra.desired is not None:
            record = replace(journal.infra, desired=None, former=journal.infra.desired, changing=False)
            await journal.save_infra(record, "destroy-started")
        try:
            return await _converge(services, journal, stop)
        except (StepsFailed, Interrupted) as error:
            raise _to_be_continued(error, f"occopus destroy -i {infra_id}") from error


async def _loaded(journal: Journal, must_exist: bool) -> InfraRecord | None:
    try:
        await journal.load()
    except InfrastructureNotFound:
        if must_exist:
            raise
        return None
    return journal.infra


async def _with_requests(journal: Journal, record: InfraRecord) -> InfraRecord:
    """Turn what users asked for into targets within the limits of a description, and into instances that go."""
    requests = await journal.requests() if journal.exists and record.desired is not None else ()
    if not requests:
        return record
    scaled = carry_out(requests, record, journal.instances)
    await journal.answer(requests, replace(journal.infra, targets=scaled.targets), scaled.leaving, scaled.told)
    return replace(record, targets=scaled.targets)


async def _converge(
    services: Services, journal: Journal, stop: asyncio.Event, *, force_replace: bool = False, settled: str = "settled"
) -> Outcome:
    """Come to what the record of the infrastructure says, and note that it is settled, or gone."""
    with _reconciler(services, journal, journal.infra, force_replace=force_replace) as reconciler:
        plan = await reconciler.plan(seeded(services.clock.new_id()))
        await reconciler.converge(stop, plan, stop_at_failure=False)
        if journal.infra.desired is None:
            await leave_config_managers(reconciler.work)
            await journal.forget_infra()
        else:
            await _settle(journal, settled)
        return Outcome(journal.instances, reconciler.done, reconciler.warnings, journal.exists)


async def _settle(journal: Journal, kind: str) -> None:
    """Nothing is left to go back to, and no target beyond the limits."""
    record = journal.infra
    targets = {node: record.limits[node].clamped(count) for node, count in record.targets.items() if node in record.limits}
    settled = replace(record, former=None, changing=False, targets=targets)
    if settled != record:
        await journal.save_infra(settled, kind)


async def _roll_back(services: Services, journal: Journal, cause: Exception) -> None:
    """Make the former state the desired one, and converge to it."""
    record = journal.infra
    changed = replace(record, desired=record.former, former=record.desired, changing=False)
    await journal.save_infra(changed, "rollback", explained(cause))
    try:
        await _converge(services, journal, asyncio.Event(), settled="rolled-back")
    except Exception as error:
        message = f"{explained(cause)}\nand the rollback is not complete:\n{explained(error)}"
        command = "maintain" if record.former is not None else "destroy"
        raise StepsFailed(message, f"when the cause is mended, 'occopus {command} -i {record.infra_id}' finishes the job") from cause


def _as_undone(error: Exception, journal: Journal) -> Exception:
    """The error that a command ends with when its rollback is complete."""
    if not isinstance(error, Interrupted):
        return error
    return Interrupted("stopped; " + ("it is as it was before" if journal.exists else "everything that was made is removed again"))


def _to_be_continued(error: OccopusError, command: str) -> OccopusError:
    goes_on = f"'{command}' goes on where it ended"
    return type(error)(error.message, f"{error.hint}; {goes_on}" if error.hint else goes_on)


@asynccontextmanager
async def _journal(services: Services, infra_id: InfraId, stop: asyncio.Event) -> AsyncIterator[Journal]:
    async with held_lease(services, infra_id, stop) as (lease, lost):
        yield Journal(services.store, lease, lost, infra_id, services.clock, services.watcher.event, services.mask)


@contextmanager
def _reconciler(
    services: Services, journal: Journal, record: InfraRecord, desired: Infrastructure | None = None, *, force_replace: bool = False
) -> Iterator[Reconciler]:
    """One that brings an infrastructure to what a record of it says."""
    desired = desired or services.compiled(record.desired)
    work = Pass(
        backends=services.backends(),
        calls=Calls(services.clock, services.policy),
        clock=services.clock,
        resolver=Resolver(desired, journal.infra_id, services.composition, services.outside) if desired else None,
        health=HealthChecks(services.clock),
        journal=journal,
        policy=services.policy,
        waiting=services.watcher.waiting,
    )
    try:
        world = World(desired, services.compiled(record.former), targets=record.targets)
        yield Reconciler(work, world, Guard(force=force_replace))
    finally:
        work.close()

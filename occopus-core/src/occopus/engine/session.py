"""The commands that change an infrastructure, all of them the same loop towards another aim."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from occopus.engine import looking, token
from occopus.engine.converging import Outcome, converge, journal_of, reconciler_of, settle, with_requests
from occopus.engine.journal import Journal
from occopus.engine.planning import seeded
from occopus.engine.reconcile import Reconciler
from occopus.engine.services import Services
from occopus.errors import InfrastructureNotFound, Interrupted, OccopusError, StepsFailed, StoreError, explained
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.plan import Plan
from occopus.store.records import load_infra


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
    async with journal_of(services, infra_id, stop) as journal:
        if not await journal.load_if_there() and must_exist:
            raise InfrastructureNotFound(infra_id)
        now = services.clock.time()
        record = journal.infra if journal.exists else InfraRecord(infra_id, wanted.name, wanted.user_id, now, desired=None)
        version = journal.version
        if exactly is not None:  # before anything is written, the requests that would be answered included
            token.refuse_unless(exactly, (await looking.plan(services, infra_id, wanted, seed)).token)
        changed = await with_requests(journal, record.changed_to(wanted))
        with reconciler_of(services, journal, changed, wanted) as reconciler:
            plan = await reconciler.plan(seeded(seed))
            if exactly is not None:
                token.refuse_unless(exactly, token.make(seed, version, wanted, plan))
            await journal.save_infra(changed, "build-started")
            return await _all_or_nothing(services, journal, reconciler, plan, stop)


async def carry_on(services: Services, infra_id: InfraId, stop: asyncio.Event) -> Outcome:
    """The pass of a service: as `maintain`; but a build that is under way ends as `build` does, with all of it or with none.

    One that is stopped is not undone: it goes on in the next pass.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: the next pass goes on where it ended; if it was a build, what was made is removed again.
    """
    async with journal_of(services, infra_id, stop) as journal:
        await journal.load()
        record = await with_requests(journal, journal.infra)
        if record.desired is None or not record.changing:
            return await converge(services, journal, stop)
        with reconciler_of(services, journal, record) as reconciler:
            plan = await reconciler.plan(seeded(services.clock.new_id()))
            return await _all_or_nothing(services, journal, reconciler, plan, stop, even_if_stopped=False)


async def maintain(services: Services, infra_id: InfraId, stop: asyncio.Event, *, force_replace: bool = False) -> Outcome:
    """Make an infrastructure what it should be, whatever happened to it; that ends also what an earlier command left half done.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    async with journal_of(services, infra_id, stop) as journal:
        await journal.load()
        await with_requests(journal, journal.infra)
        try:
            return await converge(services, journal, stop, force_replace=force_replace)
        except (StepsFailed, Interrupted) as error:
            raise _to_be_continued(error, f"occopus maintain -i {infra_id}") from error


async def destroy(services: Services, infra_id: InfraId, stop: asyncio.Event) -> Outcome:
    """Remove an infrastructure with all of its instances; it stays in the store until everything is gone.

    Raises:
        InfrastructureNotFound: there is none.
        StepsFailed, Interrupted: run it again.
    """
    await services.clock.call(load_infra, services.store, infra_id)
    async with journal_of(services, infra_id, stop) as journal:
        await journal.load()
        if journal.infra.desired is not None:
            record = replace(journal.infra, desired=None, former=journal.infra.desired, changing=False)
            await journal.save_infra(record, "destroy-started")
        try:
            return await converge(services, journal, stop)
        except (StepsFailed, Interrupted) as error:
            raise _to_be_continued(error, f"occopus destroy -i {infra_id}") from error


async def _all_or_nothing(
    services: Services, journal: Journal, reconciler: Reconciler, plan: Plan, stop: asyncio.Event, *, even_if_stopped: bool = True
) -> Outcome:
    """Carry a build through to its end, or go back to what was before it."""
    try:
        await reconciler.converge(stop, plan, stop_at_failure=True)
    except StoreError as error:  # nothing can be noted down, so nothing can be undone
        raise _to_be_continued(error, f"occopus maintain -i {journal.infra_id}") from error
    except Exception as error:
        if isinstance(error, Interrupted) and not even_if_stopped:
            raise
        await _roll_back(services, journal, error)
        raise _as_undone(error, journal) from error
    await settle(journal, "built")
    return Outcome(journal.instances, reconciler.done, reconciler.warnings)


async def _roll_back(services: Services, journal: Journal, cause: Exception) -> None:
    """Make the former state the desired one, and converge to it."""
    record = journal.infra
    changed = replace(record, desired=record.former, former=record.desired, changing=False)
    await journal.save_infra(changed, "rollback", explained(cause))
    try:
        await converge(services, journal, asyncio.Event(), settled="rolled-back")
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

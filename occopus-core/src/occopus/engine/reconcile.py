"""The loop: look at what exists, plan, carry the plan out, until nothing is left to do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from occopus.engine.apply import Outcome, Runner
from occopus.engine.context import Pass
from occopus.engine.creation import NotReady, create, resume
from occopus.engine.guard import Guard
from occopus.engine.observe import observe
from occopus.engine.orphans import remove_orphans
from occopus.engine.planning import Choices, World, make_plan, seeded
from occopus.engine.removal import drop
from occopus.engine.waiting import wait
from occopus.errors import Interrupted, LeaseLost, OccopusError, StepsFailed, StoreError, explained
from occopus.model.instance import Instance, NodeId, Phase
from occopus.model.plan import Action, Plan, Step
from occopus.store.backend import lost

CARRY_OUT = {Action.CREATE: create, Action.RESUME: resume, Action.DROP: drop, Action.AWAIT: wait}


@dataclass
class Reconciler:
    """Brings one infrastructure to what is desired. `world` says what that is; its instances are found out."""

    work: Pass
    world: World
    guard: Guard = field(default_factory=Guard)
    done: list[Step] = field(default_factory=list)
    """The steps that were carried out."""
    warnings: tuple[str, ...] = ()
    """What could not be done as asked."""

    async def converge(self, stop: asyncio.Event, first: Plan, *, stop_at_failure: bool) -> None:
        """Carry out a plan, and plan and apply again until the plan is empty.

        Raises:
            Interrupted: `stop` was set; every step that had begun has ended at a safe point.
            StepsFailed: steps failed; the store knows of everything that may exist.
            StoreError: the store failed, or the lease was lost.
        """
        try:
            await self._converge(stop, first, stop_at_failure)
        except LeaseLost as loss:
            await remove_orphans(self.work, loss)
            raise

    async def _converge(self, stop: asyncio.Event, plan: Plan, stop_at_failure: bool) -> None:
        for _ in range(self.work.policy.rounds):
            self.warnings = plan.warnings
            if stop.is_set():
                raise Interrupted("stopped")
            if plan.is_empty:
                return
            for warning in plan.warnings:
                await self.work.journal.note("warning", message=warning)
            outcome = await self.apply(plan, stop, stop_at_failure)
            self.done += outcome.done
            self._judge(outcome)
            plan = await self.plan(seeded(self.work.clock.new_id()))
        raise StepsFailed("the infrastructure keeps changing while it is being worked on", "run the same command again")

    async def plan(self, choices: Choices) -> Plan:
        """The plan for the moment, from what the backends say now."""
        instances = self.work.journal.instances
        if self.world.desired is not None:
            instances = tuple(await self.look(instances))
        return make_plan(replace(self.world, instances=instances, spared=self.guard.spared), choices)

    async def look(self, instances: tuple[Instance, ...]) -> list[Instance]:
        """Observe, and write down what has changed."""
        seen = self.guard.watch(await observe(self.work, instances))
        await self.work.journal.note_states(seen)
        return seen

    async def apply(self, plan: Plan, stop: asyncio.Event, stop_at_failure: bool) -> Outcome:
        self.work.journal.going = frozenset(step.node_id for step in plan.visible if step.action is Action.DROP)
        one_by_one = self.work.policy.parallelism == 0
        stop_at = Exception if stop_at_failure else StoreError
        return await Runner(plan, self._carry_out, one_by_one=one_by_one, stop_at=stop_at).run(stop, self.work.journal.lost)

    async def _carry_out(self, step: Step) -> None:
        try:
            await CARRY_OUT[step.action](self.work, step)
        except StoreError:
            raise
        except Exception as error:
            await self._note_failure(step, error)
            raise

    async def _note_failure(self, step: Step, error: Exception) -> None:
        instance = self.work.journal.get(self._node_id(step))
        kind = FAILURES.get(step.action, "create-failed")
        reason = explained(error)
        if instance:
            # What never came up, or is gone before it did, is not begun again and again: the next plan has another one in its place.
            given_up = isinstance(error, NotReady) and step.action is not Action.AWAIT
            phase = Phase.DROPPING if given_up else instance.phase
            await self.work.journal.save(replace(instance, phase=phase, reason=reason), kind, reason)
        else:
            await self.work.journal.note(kind, message=f"{step.node_name}: {reason}")

    def _node_id(self, step: Step) -> NodeId:
        return self.work.begun.get(step.id, step.node_id)

    def _judge(self, outcome: Outcome) -> None:
        for _, error in outcome.failed:
            if isinstance(error, StoreError):
                raise error
        if self.work.journal.lost.is_set():
            raise lost(self.work.journal.lease)
        if outcome.interrupted:
            raise Interrupted("stopped")
        if outcome.failed:
            lines = [f"{step.action} {step.node_name} {self._node_id(step)}: {explained(error)}" for step, error in outcome.failed]
            hint = next((error.hint for _, error in outcome.failed if isinstance(error, OccopusError) and error.hint), None)
            raise StepsFailed("\n".join(lines), hint)


FAILURES = {Action.DROP: "drop-failed", Action.AWAIT: "await-failed"}

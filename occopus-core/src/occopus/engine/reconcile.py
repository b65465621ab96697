"""The loop: look at what exists, plan, carry the plan out, until nothing is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from occopus.engine.apply import Outcome, Runner
from occopus.engine.clock import Clock
from occopus.engine.context import Pass
from occopus.engine.creation import create, resume
from occopus.engine.failures import explained
from occopus.engine.observe import observe
from occopus.engine.planning import Choices, World, make_plan
from occopus.engine.removal import drop
from occopus.errors import Interrupted, OccopusError, StepsFailed, StoreError
from occopus.model.infrastructure import Infrastructure
from occopus.model.instance import Instance, NodeId, Phase
from occopus.model.plan import Action, Plan, Step

CARRY_OUT = {Action.CREATE: create, Action.RESUME: resume, Action.DROP: drop}


@dataclass
class Reconciler:
    """Brings one infrastructure to what is desired."""

    work: Pass
    desired: Infrastructure | None
    former: Infrastructure | None

    async def converge(self, stop: asyncio.Event, *, stop_at_failure: bool) -> None:
        """Plan and apply until the plan is empty.

        Raises:
            Interrupted: `stop` was set; every step that had begun has ended at a safe point.
            StepsFailed: steps failed; the store knows of everything that may exist.
            StoreError: the store failed, or the lease was lost.
        """
        for _ in range(self.work.policy.rounds):
            plan = await self.plan()
            if stop.is_set():
                raise Interrupted("stopped")
            if plan.is_empty:
                return
            for warning in plan.warnings:
                self.work.journal.note("warning", message=warning)
            outcome = await self.apply(plan, stop, stop_at_failure)
            self._judge(outcome)
        raise StepsFailed("the infrastructure keeps changing while it is being worked on", "run the same command again")

    async def plan(self) -> Plan:
        """The plan for the moment, from what the backends say now."""
        instances = self.work.journal.instances
        if self.desired is not None:
            instances = tuple(await self.look(instances))
        return make_plan(World(self.desired, self.former, instances, self.work.journal.infra.targets), choices(self.work.clock))

    async def look(self, instances: Sequence[Instance]) -> list[Instance]:
        """Observe, and keep what has changed."""
        seen = await observe(self.work, instances)
        for before, now in zip(instances, seen, strict=True):
            if (before.state, before.failing_since, before.addresses) != (now.state, now.failing_since, now.addresses):
                # Of what is being made or removed, its own steps tell.
                self.work.journal.save(now, str(now.state) if now.phase is Phase.CREATED else None, now.reason)
        return seen

    async def apply(self, plan: Plan, stop: asyncio.Event, stop_at_failure: bool) -> Outcome:
        one_by_one = self.work.policy.parallelism == 0
        stop_at = Exception if stop_at_failure else StoreError
        return await Runner(plan, self._carry_out, one_by_one=one_by_one, stop_at=stop_at).run(stop)

    async def _carry_out(self, step: Step) -> None:
        try:
            await CARRY_OUT[step.action](self.work, step)
        except StoreError:
            raise
        except Exception as error:
            self._note_failure(step, error)
            raise

    def _note_failure(self, step: Step, error: Exception) -> None:
        instance = self.work.journal.get(self._node_id(step))
        kind = "drop-failed" if step.action is Action.DROP else "create-failed"
        reason = explained(error)
        if instance:
            self.work.journal.save(replace(instance, reason=reason), kind, reason)
        else:
            self.work.journal.note(kind, message=f"{step.node_name}: {reason}")

    def _node_id(self, step: Step) -> NodeId:
        return self.work.begun.get(step.id, step.node_id)

    def _judge(self, outcome: Outcome) -> None:
        for _, error in outcome.failed:
            if isinstance(error, StoreError):
                raise error
        if outcome.interrupted:
            raise Interrupted("stopped")
        if outcome.failed:
            lines = [f"{step.action} {step.node_name} {self._node_id(step)}: {explained(error)}" for step, error in outcome.failed]
            hint = next((error.hint for _, error in outcome.failed if isinstance(error, OccopusError) and error.hint), None)
            raise StepsFailed("\n".join(lines), hint)


def choices(clock: Clock) -> Choices:
    return Choices(clock.new_id, clock.random.choice)

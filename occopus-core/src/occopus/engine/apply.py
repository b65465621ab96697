"""Carries out a plan: each step starts when its own predecessors are done."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from occopus.model.plan import Action, Plan, Step

CarryOut = Callable[[Step], Awaitable[None]]


@dataclass
class Outcome:
    """What became of a plan's steps. Those that are in neither list were not begun, or were cancelled."""

    done: list[Step] = field(default_factory=list)
    failed: list[tuple[Step, Exception]] = field(default_factory=list)
    interrupted: bool = False


class Runner:
    """Runs the steps of one plan. Nothing is begun after an error of the kind `stop_at`.

    `one_by_one` runs a single step at a time, beside those that only wait for something to happen by itself.
    """

    def __init__(self, plan: Plan, carry_out: CarryOut, *, one_by_one: bool, stop_at: type[Exception]) -> None:
        self._plan = plan
        self._carry_out = carry_out
        self._one_by_one = one_by_one
        self._stop_at = stop_at
        self._missing = {id: len(step.after) for id, step in plan.steps.items()}
        self._followers: dict[str, list[str]] = {}
        for id, step in plan.steps.items():
            for before in step.after:
                self._followers.setdefault(before, []).append(id)
        self._ready = deque(id for id, missing in self._missing.items() if missing == 0)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._working = 0
        """How many of them do more than wait."""
        self._ended: asyncio.Queue[str] = asyncio.Queue()
        self._halted = False
        self._outcome = Outcome()

    async def run(self, *stops: asyncio.Event) -> Outcome:
        """Run until every step is done that can be, or until one of `stops` is set.

        Then running steps end at a safe point and nothing new begins.
        """
        watching = [asyncio.create_task(self._watch(stop)) for stop in stops]
        try:
            while True:
                self._start()
                if not self._running:
                    return self._outcome
                self._end(await self._ended.get())
        finally:
            for each in watching:
                each.cancel()

    async def _watch(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._outcome.interrupted = True
        self._halt()

    def _start(self) -> None:
        while self._ready and not self._halted and not (self._one_by_one and self._working):
            step = self._plan.steps[self._ready.popleft()]
            if step.action is Action.GATE:
                self._release(step.id)
                continue
            task = asyncio.ensure_future(self._carry_out(step))
            self._running[step.id] = task
            self._working += step.action is not Action.AWAIT
            task.add_done_callback(lambda _, id=step.id: self._ended.put_nowait(id))  # type: ignore[misc]

    def _end(self, id: str) -> None:
        task, step = self._running.pop(id), self._plan.steps[id]
        self._working -= step.action is not Action.AWAIT
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self._outcome.failed.append((step, error))
            if isinstance(error, self._stop_at):
                self._halt()
        elif error is not None:
            raise error
        else:
            self._outcome.done.append(step)
            self._release(id)

    def _release(self, id: str) -> None:
        for follower in self._followers.get(id, ()):
            self._missing[follower] -= 1
            if self._missing[follower] == 0:
                self._ready.append(follower)

    def _halt(self) -> None:
        self._halted = True
        for task in self._running.values():
            task.cancel()

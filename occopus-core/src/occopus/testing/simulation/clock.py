"""Virtual time: it passes only when nothing else is left to do, so that hours of waiting cost nothing and every run is the same.

Nothing here uses threads. A blocking function runs in a greenlet; where it would wait, it calls `pause`, and the loop goes on with others.
"""

from __future__ import annotations

import asyncio
import selectors
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar, TypeVarTuple

from greenlet import getcurrent, greenlet

from occopus.engine.clock import Clock
from occopus.engine.threads import Threads

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


EPOCH = 1_700_000_000.0
"""The moment, in seconds since the epoch, at which simulated worlds begin."""

RESOLUTION = 1e-6
"""Seconds; moments that are nearer to each other are the same."""


@dataclass
class Timeline:
    """How many seconds have passed in one simulated world. Counted from 0, since floats are coarse in large numbers."""

    now: float = 0.0


def pause(seconds: float) -> None:
    """Let time pass in the middle of a blocking function; only in one that a `SimulatedClock` calls."""
    loop = getcurrent().parent
    if loop is None:
        raise RuntimeError("only a function that a SimulatedClock calls may let time pass")
    loop.switch(seconds)


class SimulatedClock(Clock):
    """The clock of one simulated process: time from a timeline, chance and ids from a seed."""

    def __init__(self, timeline: Timeline, chance: Random) -> None:
        super().__init__()
        self.timeline = timeline
        self.random = chance

    def time(self) -> float:
        return EPOCH + self.timeline.now

    def monotonic(self) -> float:
        return self.timeline.now

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def run(self, operation: Coroutine[Any, Any, T]) -> T:
        """The result of an operation, however long it waits. Whatever else is still going on then ends."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self.timeline)) as runner:
            return runner.run(operation)

    def _begin(self, threads: Threads, function: Callable[[*Arguments], T], *args: *Arguments) -> asyncio.Future[T]:
        return asyncio.ensure_future(_in_greenlet(function, *args))


async def _in_greenlet(function: Callable[[*Arguments], T], *args: *Arguments) -> T:
    running = greenlet(function)
    answer = running.switch(*args)
    try:
        while not running.dead:
            await asyncio.sleep(answer)
            running.parent = getcurrent()
            answer = running.switch()
    finally:
        if not running.dead:  # nobody waits for it any more; it must not be left to the garbage collector, whose time is anybody's guess
            running.parent = getcurrent()
            running.throw()
    result: T = answer
    return result


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, timeline: Timeline) -> None:
        super().__init__(_NoWaiting(timeline))
        self._timeline = timeline
        self._clock_resolution = RESOLUTION
        # Of a process that died many tasks have the news, and nobody is left to take it from them.
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self._timeline.now


class _NoWaiting(selectors.SelectSelector):
    """Where a loop would wait, time passes."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits for something that will never happen")
        if timeout > 0:
            self._timeline.now += max(timeout, RESOLUTION)
        return []

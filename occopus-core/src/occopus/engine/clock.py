"""The one seam through which time, chance, new ids and threads come into the engine, so that it can also run on virtual time
from a seed.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, TypeVarTuple

from occopus.engine.threads import Threads

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

THREADS = 64
"""How many calls may run at once."""

ATTEMPTS = 512
"""How many attempts may run at once, with those that hang."""


class Clock:
    """Real time, real threads and real chance. Who has threads already can give them."""

    def __init__(self, calls: Threads | None = None, attempts: Threads | None = None) -> None:
        self.random = random.Random()  # noqa: S311 - chooses implementations and spreads retries, guards nothing
        self._began = time.time() - _steady()
        self._calls = calls or Threads(THREADS, "occopus-call")
        self._attempts = attempts or Threads(ATTEMPTS, "occopus-attempt")

    def time(self) -> float:
        """Seconds since the epoch, counted from what the system's clock said in the beginning: one that is set meanwhile ages nothing."""
        return self._began + _steady()

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def new_id(self) -> str:
        return str(uuid.uuid4())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def call(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run a blocking function in a thread. Once begun it is waited for, however often the caller is cancelled.

        Its effect must be known.
        """
        running = self._begin(self._calls, function, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await _ended(running)
            raise

    async def attempt(self, seconds: float, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run a blocking function without an effect in a thread. One that hangs keeps its thread, but nobody waits for it any longer.

        Raises:
            TimeoutError: it takes more than so many seconds.
        """
        return await asyncio.wait_for(self._begin(self._attempts, function, *args), seconds)

    def _begin(self, threads: Threads, function: Callable[[*Arguments], T], *args: *Arguments) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(threads, function, *args)

    def close(self) -> None:
        self._calls.shutdown()
        self._attempts.shutdown()


def _steady() -> float:
    """Seconds since some moment, those included in which the machine slept, where the system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


async def _ended(running: asyncio.Future[T]) -> None:
    while not running.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([running])
    if not running.cancelled():
        running.exception()  # the caller is gone, so nobody else asks for it

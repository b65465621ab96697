"""The one seam through which time, chance, new ids and threads come into the engine, so that it can also run on virtual time
from a seed.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

THREADS = 64
"""How many handler calls and health checks may run at once."""


class Clock:
    """Real time, real threads and real chance."""

    def __init__(self) -> None:
        self.random = random.Random()  # noqa: S311 - chooses implementations and spreads retries, guards nothing
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="occopus")

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def new_id(self) -> str:
        return str(uuid.uuid4())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def call(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run a blocking function in a thread. Once begun it is waited for, even where the caller is cancelled.

        Its effect must be known.
        """
        running = asyncio.get_running_loop().run_in_executor(self._threads, function, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

"""Calls to backends: bounded in number, and repeated where that may help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from occopus.engine.clock import THREADS, Clock
from occopus.engine.policy import Policy
from occopus.plugins.resource import ErrorKind, ResourceError

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
Retrying = Callable[[ResourceError], None]

REPEATABLE = frozenset({ErrorKind.TRANSIENT, ErrorKind.THROTTLED})


class Calls:
    """Runs handler methods in threads."""

    def __init__(self, clock: Clock, policy: Policy) -> None:
        self._clock = clock
        self._policy = policy
        self._all = asyncio.Semaphore(policy.parallelism or THREADS)
        self._by_endpoint: dict[int, asyncio.Semaphore] = {}

    async def run(self, endpoint: object, retrying: Retrying, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Call a function of an endpoint's handler, again with growing pauses where its error may pass. `retrying` is told of each such
        error.

        Raises:
            ResourceError: the last one, or one that repeating can't mend.
        """
        return await self._repeat(self._policy.retry_attempts, endpoint, retrying, function, *args)

    async def look(self, endpoint: object, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Call a function that only looks; as `run`, but with few repetitions, which are nobody's news."""
        return await self._repeat(self._policy.look_attempts, endpoint, _ignore, function, *args)

    async def _repeat(self, most: int, endpoint: object, retrying: Retrying, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        limit = self._by_endpoint.setdefault(id(endpoint), asyncio.Semaphore(self._policy.calls_per_endpoint))
        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            wait=self._pause,
            stop=stop_after_attempt(most),
            retry=retry_if_exception(may_pass),
            before_sleep=lambda state: _tell(retrying, state),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                async with limit, self._all:
                    return await self._clock.call(function, *args)
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        grown = min(self._policy.retry_longest, self._policy.retry_first * 2 ** (state.attempt_number - 1))
        asked = (error.retry_after or 0.0) if isinstance(error, ResourceError) else 0.0
        return max(asked, float(grown) * self._clock.random.uniform(0.5, 1.0))


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, ResourceError) and error.kind in REPEATABLE


def _ignore(error: ResourceError) -> None:
    """Nobody is told."""


def _tell(retrying: Retrying, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ResourceError):
        retrying(error)

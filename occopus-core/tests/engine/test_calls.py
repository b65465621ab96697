"""Calls to handlers: what is repeated, how patiently, and how many run at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from occopus.engine.calls import Calls
from occopus.engine.clock import Clock
from occopus.engine.policy import Policy
from occopus.plugins.resource import ErrorKind, ResourceError

PATIENT = Policy(retry_attempts=5, look_attempts=2, retry_first=1.0, retry_longest=4.0)


class Backend:
    """Fails with these errors, one in each call, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def call(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def call(clock: Any, backend: Backend, told: Callable[[ResourceError], None] = lambda error: None) -> str:
    return clock.run(Calls(clock, PATIENT).run(backend, told, backend.call))


@pytest.mark.parametrize("kind", [ErrorKind.TRANSIENT, ErrorKind.THROTTLED])
def test_what_may_pass_is_repeated_and_told(clock: Any, kind: ErrorKind) -> None:
    backend, told = Backend(*(ResourceError(kind, f"number {n}") for n in range(3))), list[str]()
    assert call(clock, backend, lambda error: told.append(error.message)) == "done"
    assert backend.calls == 4
    assert told == ["number 0", "number 1", "number 2"]


def test_pauses_grow_up_to_a_limit_and_vary(clock: Any) -> None:
    moments: list[float] = []
    backend = Backend(*(ResourceError(ErrorKind.TRANSIENT, "no") for _ in range(4)))
    call(clock, backend, lambda error: moments.append(clock.now))
    pauses = [later - earlier for earlier, later in zip(moments, [*moments[1:], clock.now], strict=True)]
    for pause, longest in zip(pauses, [1, 2, 4, 4], strict=True):
        assert longest / 2 <= pause <= longest
    assert len(set(pauses)) == 4


def test_what_the_backend_asks_for_is_waited_for(clock: Any) -> None:
    call(clock, Backend(ResourceError(ErrorKind.THROTTLED, "slowly", retry_after=77.0)))
    assert clock.now == 77.0


def test_the_last_error_is_raised_when_patience_is_over(clock: Any) -> None:
    backend = Backend(*(ResourceError(ErrorKind.TRANSIENT, f"number {n}") for n in range(9)))
    with pytest.raises(ResourceError, match="number 4"):
        call(clock, backend)
    assert backend.calls == 5


@pytest.mark.parametrize("kind", sorted(set(ErrorKind) - {ErrorKind.TRANSIENT, ErrorKind.THROTTLED}))
def test_nothing_else_is_repeated(clock: Any, kind: ErrorKind) -> None:
    backend = Backend(ResourceError(kind, "no"))
    with pytest.raises(ResourceError):
        call(clock, backend)
    assert backend.calls == 1


def test_a_handlers_own_mistake_is_not_repeated(clock: Any) -> None:
    backend = Backend(KeyError("oops"))
    with pytest.raises(KeyError):
        call(clock, backend)
    assert backend.calls == 1


def test_a_look_is_less_patient(clock: Any) -> None:
    backend = Backend(*(ResourceError(ErrorKind.TRANSIENT, "no") for _ in range(9)))
    with pytest.raises(ResourceError):
        clock.run(Calls(clock, PATIENT).look(backend, backend.call))
    assert backend.calls == 2


class Gauge:
    """Counts how many calls run at once. Each waits until so many are there as may be, or gives up after a moment."""

    def __init__(self, expected: int) -> None:
        self.most = 0
        self._busy = 0
        self._full = threading.Event()
        self._expected = expected
        self._lock = threading.Lock()

    def call(self) -> None:
        with self._lock:
            self._busy += 1
            self.most = max(self.most, self._busy)
            if self._busy >= self._expected:
                self._full.set()
        self._full.wait(5)
        time.sleep(0.002)  # one too many would show itself now
        with self._lock:
            self._busy -= 1


@pytest.mark.parametrize(
    ("endpoints", "policy", "expected"),
    [
        (1, Policy(parallelism=32, calls_per_endpoint=4), 4),
        (3, Policy(parallelism=32, calls_per_endpoint=4), 12),
        (3, Policy(parallelism=5, calls_per_endpoint=4), 5),
        (3, Policy(parallelism=0, calls_per_endpoint=2), 6),
    ],
)
def test_limits_are_reached_and_not_exceeded(endpoints: int, policy: Policy, expected: int) -> None:
    gauge = Gauge(expected)

    async def go() -> None:
        clock = Clock()
        calls = Calls(clock, policy)
        places = [object() for _ in range(endpoints)]
        await asyncio.gather(*(calls.run(place, lambda error: None, gauge.call) for place in places for _ in range(20)))
        clock.close()

    asyncio.run(go())
    assert gauge.most == expected


def test_a_call_that_pauses_before_it_is_repeated_keeps_nobody_else_from_calling(clock: Any) -> None:
    policy = Policy(parallelism=1, calls_per_endpoint=1, retry_first=100.0, retry_longest=100.0)
    calls, failing, fine = Calls(clock, policy), Backend(ResourceError(ErrorKind.TRANSIENT, "no")), Backend()

    async def go() -> float:
        repeated = asyncio.ensure_future(calls.run(failing, lambda error: None, failing.call))
        while not failing.calls:
            await asyncio.sleep(0)
        await calls.run(failing, lambda error: None, fine.call)
        moment: float = clock.now
        await repeated
        return moment

    assert clock.run(go()) == 0.0

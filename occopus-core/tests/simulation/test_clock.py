"""Virtual time passes only when nothing else is left to do, and is the same in every run."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from occopus.testing.simulation.clock import EPOCH, SimulatedClock, Timeline, pause


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(Timeline(), Random(1))


def slowly(number: int) -> int:
    pause(10)
    pause(5)
    return 2 * number


def test_blocking_functions_wait_at_the_same_time(clock: SimulatedClock) -> None:
    async def work() -> list[int]:
        return await asyncio.gather(*(clock.call(slowly, number) for number in range(1000)))

    assert clock.run(work()) == [2 * number for number in range(1000)]
    assert clock.monotonic() == pytest.approx(15)
    assert clock.time() == pytest.approx(EPOCH + 15)


def test_hours_of_waiting_cost_nothing(clock: SimulatedClock) -> None:
    clock.run(clock.sleep(1_000_000))
    assert clock.monotonic() == pytest.approx(1_000_000)


def test_time_goes_on_from_one_process_to_the_next() -> None:
    timeline = Timeline()
    for _ in range(3):
        clock = SimulatedClock(timeline, Random(1))
        clock.run(clock.sleep(7))
    assert timeline.now == pytest.approx(21)


def test_an_attempt_that_takes_too_long_is_left(clock: SimulatedClock) -> None:
    with pytest.raises(TimeoutError):
        clock.run(clock.attempt(3, slowly, 1))
    assert clock.monotonic() == pytest.approx(3)


def test_a_call_that_has_begun_is_ended_though_its_caller_is_cancelled(clock: SimulatedClock) -> None:
    done = []

    def work() -> None:
        pause(10)
        done.append(True)

    async def cancelled() -> None:
        task = asyncio.ensure_future(clock.call(work))
        await clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    clock.run(cancelled())
    assert (done, clock.monotonic()) == ([True], pytest.approx(10))


def test_what_a_function_raises_reaches_its_caller(clock: SimulatedClock) -> None:
    def fail() -> None:
        pause(1)
        raise KeyError("late")

    with pytest.raises(KeyError, match="late"):
        clock.run(clock.call(fail))


def test_waiting_for_what_never_happens_is_an_error_and_no_hang(clock: SimulatedClock) -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="will never happen"):
        clock.run(wait())


def test_only_what_a_clock_calls_may_let_time_pass() -> None:
    with pytest.raises(RuntimeError, match="only a function that a SimulatedClock calls"):
        pause(1)


def test_ids_follow_from_the_seed() -> None:
    one, same, other = (SimulatedClock(Timeline(), Random(seed)) for seed in (1, 1, 2))
    assert one.new_id() == same.new_id() != other.new_id()

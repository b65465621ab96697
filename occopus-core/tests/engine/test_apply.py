"""The runner of plans: what runs at once, what waits, what ends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable

import pytest

from occopus.engine.apply import Outcome, Runner
from occopus.engine.clock import Clock
from occopus.model.instance import NodeId
from occopus.model.plan import Action, Plan, Step

Work = Callable[[Step], Awaitable[None]]


def plan(*steps: str) -> Plan:
    """Steps as "id" or "id after other,other"; an id in capitals is a gate's."""
    made = {}
    for text in steps:
        id, _, after = text.partition(" after ")
        action = Action.GATE if id.isupper() else Action.CREATE
        made[id] = Step(id, action, id, after=tuple(after.split(",")) if after else (), node_id=NodeId(id))
    return Plan(made)


def run(
    made: Plan, work: Work, *, one_by_one: bool = False, stop_at: type[Exception] = Exception, stop: asyncio.Event | None = None
) -> Outcome:
    async def go() -> Outcome:
        runner = Runner(made, work, one_by_one=one_by_one, stop_at=stop_at)
        return await asyncio.wait_for(runner.run(stop or asyncio.Event()), 20)

    return asyncio.run(go())


def ids(steps: Iterable[Step]) -> list[str]:
    return [step.id for step in steps]


class Log:
    """Carries steps out by noting when each begins and ends; `then` is what it does in between."""

    def __init__(self, **then: Callable[[], Awaitable[None]]) -> None:
        self.entries: list[str] = []
        self.most = 0
        self._busy = 0
        self._then = then

    async def __call__(self, step: Step) -> None:
        self.entries.append(f"+{step.id}")
        self._busy += 1
        self.most = max(self.most, self._busy)
        try:
            await self._then.get(step.id, lambda: asyncio.sleep(0))()
            self.entries.append(f"-{step.id}")
        finally:
            self._busy -= 1


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("no")


async def hang() -> None:
    await asyncio.Event().wait()


def test_independent_steps_run_at_once() -> None:
    log = Log()
    assert ids(run(plan("a", "b", "c"), log).done) == ["a", "b", "c"]
    assert log.most == 3


def test_one_by_one_runs_a_single_step_at_a_time_in_the_order_of_the_plan() -> None:
    log = Log()
    run(plan("a", "b", "c after a"), log, one_by_one=True)
    assert log.entries == ["+a", "-a", "+b", "-b", "+c", "-c"]


def test_a_step_starts_when_its_own_predecessors_are_done_and_waits_for_no_others() -> None:
    released = asyncio.Event()

    async def wait_for_release() -> None:
        await released.wait()

    async def release() -> None:
        released.set()

    # The slow one ends only when the follower of the quick one has run: waiting for a whole level would hang.
    outcome = run(plan("slow", "quick", "follower after quick"), Log(slow=wait_for_release, follower=release))
    assert ids(outcome.done) == ["quick", "follower", "slow"]


def test_gates_pass_on_what_they_wait_for_and_are_not_carried_out() -> None:
    log = Log()
    outcome = run(plan("a", "b", "GATE after a,b", "SECOND after GATE", "c after SECOND"), log)
    assert ids(outcome.done) == ["a", "b", "c"]
    assert log.entries.index("+c") > max(log.entries.index("-a"), log.entries.index("-b"))


def test_a_failure_that_stops_begins_nothing_more_and_cancels_what_runs() -> None:
    outcome = run(plan("bad", "long", "next after bad", "other after long"), Log(bad=fail, long=hang))
    assert [(step.id, str(error)) for step, error in outcome.failed] == [("bad", "no")]
    assert outcome.done == []


def test_a_failure_that_does_not_stop_lets_independent_steps_go_on_and_holds_back_its_followers() -> None:
    outcome = run(plan("bad", "good", "after-bad after bad", "after-good after good"), Log(bad=fail), stop_at=KeyError)
    assert ids(outcome.done) == ["good", "after-good"]
    assert [step.id for step, _ in outcome.failed] == ["bad"]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_stop_event_cancels_what_runs_and_begins_nothing_more(one_by_one: bool) -> None:
    stop = asyncio.Event()

    async def ask_to_stop() -> None:
        stop.set()
        await hang()

    outcome = run(plan("a", "b after a", "c after b"), Log(b=ask_to_stop), one_by_one=one_by_one, stop=stop)
    assert outcome.interrupted
    assert ids(outcome.done) == ["a"]
    assert outcome.failed == []


@pytest.mark.parametrize("failures", [1, 2])
def test_a_cancelled_step_ends_only_when_its_handler_call_has_ended(failures: int) -> None:
    """However many of the other steps fail in the same moment."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        assert may_end.wait(20)
        ended.set()

    async def work(step: Step) -> None:
        if step.id == "busy":
            await clock.call(call)
        while not begun.is_set():
            await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.05, may_end.set)
        raise ValueError("no")

    clock = Clock()
    run(plan("busy", *(f"bad{number}" for number in range(failures))), work)
    assert ended.is_set()
    clock.close()


def test_an_effect_is_waited_for_although_its_caller_is_cancelled_again_and_again() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        assert may_end.wait(20)
        ended.set()

    async def go() -> bool:
        clock = Clock()
        calling = asyncio.ensure_future(clock.call(call))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        for _ in range(3):
            calling.cancel()
            await asyncio.sleep(0.01)
        was_waiting = not calling.done()
        may_end.set()
        await asyncio.wait([calling])
        clock.close()
        return was_waiting and calling.cancelled() and ended.is_set()

    assert asyncio.run(go())


def test_ten_thousand_steps_that_wait_need_no_threads() -> None:
    before = threading.active_count()
    most = 0

    async def work(step: Step) -> None:
        nonlocal most
        await asyncio.sleep(0.01)
        most = max(most, threading.active_count())

    outcome = run(plan(*(f"s{number}" for number in range(10_000))), work)
    assert len(outcome.done) == 10_000
    assert most <= before

"""Keeping: pass after pass until somebody says stop, or it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from occopus.engine import keeping
from occopus.engine.converging import Outcome
from occopus.engine.lease import Owner
from occopus.errors import InfrastructureNotFound, Interrupted, LeaseHeld, StepsFailed
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.plugins.resource import ErrorKind, ResourceError

INFRA = InfraId("infra-1")
EVERY = 10.0


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def keep(bench: Any, then: Callable[[int, Any], bool]) -> list[Any]:
    """Keep it until `then` says that it is enough; it is called with the number of each pass from 1 and what that came to."""
    heard: list[Any] = []

    async def go() -> None:
        stop = asyncio.Event()

        def told(news: Any) -> None:
            heard.append((bench.clock.now, news))
            if then(len(heard), news):
                stop.set()

        await keeping.keep(bench.services(), INFRA, EVERY, stop, told)

    bench.clock.run(go())
    return heard


def test_passes_follow_each_other_until_it_is_stopped(bench: Any) -> None:
    bench.build(bench.infra("db"))
    begun = bench.clock.now
    heard = keep(bench, lambda number, news: number == 4)
    assert [moment - begun for moment, _ in heard] == pytest.approx([0, 10, 20, 30], abs=0.5)
    assert all(isinstance(news, Outcome) and news.done == [] for _, news in heard)


def test_what_breaks_in_between_is_healed(bench: Any) -> None:
    bench.build(bench.infra("db"))

    def then(number: int, news: Any) -> bool:
        bench.cloud.things.clear()
        return number == 4

    heard = keep(bench, then)
    assert [len(news.done) for _, news in heard] == [0, 2, 2, 2]


def test_a_pass_that_fails_is_followed_by_the_next(bench: Any) -> None:
    bench.build(bench.infra("db"))
    bench.vanish(*bench.ids("db"))
    bench.cloud.fail("create", 2, ResourceError(ErrorKind.QUOTA, "enough"))
    heard = keep(bench, lambda number, news: number == 3)
    assert [type(news) for _, news in heard] == [StepsFailed, Outcome, Outcome]
    assert bench.machines == ["db"]


def test_whatever_goes_wrong_the_next_pass_comes(bench: Any) -> None:
    """Also where the lease is somebody else's for long."""
    bench.build(bench.infra("db"))
    owner = str(Owner.new()._replace(host="elsewhere", place="another-machine", unique="1"))
    bench.store.acquire(INFRA, owner, bench.policy.lease_patience + 5)
    heard = keep(bench, lambda number, news: number == 2)
    assert [type(news) for _, news in heard] == [LeaseHeld, Outcome]


def test_it_ends_when_somebody_else_has_destroyed_it(bench: Any) -> None:
    bench.build(bench.infra("db"))

    def destroy(number: int, news: Any) -> bool:
        if number == 1:
            for kind in ("infrastructure", "instance"):
                for record in list(bench.store.scan(kind)):
                    del bench.store._records[record.key]
        return False

    heard = keep(bench, destroy)
    assert [type(news) for _, news in heard] == [Outcome, InfrastructureNotFound]


def test_it_ends_when_it_has_finished_a_destroy(bench: Any) -> None:
    bench.build(bench.infra("db", "app"))
    bench.cloud.fail("drop", 1, ResourceError(ErrorKind.UNKNOWN, "stuck"))
    with pytest.raises(StepsFailed):
        bench.destroy()
    heard = keep(bench, lambda number, news: False)
    assert [news.exists for _, news in heard] == [False]
    assert bench.is_clean


def test_a_stop_in_the_middle_of_a_pass_ends_that_at_a_safe_point(bench: Any) -> None:
    bench.build(bench.infra("db"))
    bench.vanish(*bench.ids("db"))
    bench.cloud.pending.add("db")
    heard: list[Any] = []

    async def go() -> None:
        stop = asyncio.Event()

        def press(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if bench.cloud.calls["create"] == 2 and kind == "describe":
                stop.set()

        bench.cloud.hook = press
        await keeping.keep(bench.services(), INFRA, EVERY, stop, heard.append)

    bench.clock.run(go())
    assert [type(news) for news in heard] == [Interrupted]
    bench.cloud.pending.clear()
    bench.maintain()
    assert (bench.machines, len(bench.made)) == (["db"], 2)


def test_a_stop_ends_the_pause_at_once(bench: Any) -> None:
    bench.build(bench.infra("db"))
    begun = bench.clock.now

    async def go() -> None:
        stop = asyncio.Event()

        async def press() -> None:
            await bench.clock.sleep(3)
            stop.set()

        pressing = asyncio.ensure_future(press())
        await keeping.keep(bench.services(), INFRA, 10**6, stop, lambda news: None)
        await pressing

    bench.clock.run(go())
    assert bench.clock.now - begun < 4


def test_there_is_nothing_to_keep(bench: Any) -> None:
    with pytest.raises(InfrastructureNotFound):
        keep(bench, lambda number, news: True)

"""Waiting for machines: many nodes, few looks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from occopus.engine.clock import Clock
from occopus.engine.polling import Poller
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId, NodeState
from occopus.plugins.resource import CreateRequest, ErrorKind, HandlerConfig, ResourceError, ResourceStatus
from occopus.testing.cloud import Cloud, CloudHandler


@pytest.fixture
def handler(request: pytest.FixtureRequest, tmp_path: Path) -> CloudHandler:
    return CloudHandler(HandlerConfig({"endpoint": request.node.nodeid}, {}, tmp_path, logging.getLogger("test")))


@pytest.fixture
def cloud(handler: CloudHandler) -> Cloud:
    return handler.cloud


def handles(number: int) -> list[Handle]:
    return [Handle(InfraId("i"), NodeId(f"n{each}"), "node") for each in range(number)]


def made(handler: CloudHandler, number: int) -> list[Handle]:
    """Handles of nodes that are there."""
    for handle in handles(number):
        handler.create(CreateRequest(handle, "name", {}), lambda handle: None)
    return handles(number)


async def all_of(waiting: Sequence[Coroutine[Any, Any, ResourceStatus | None]]) -> list[ResourceStatus | None]:
    return list(await asyncio.gather(*waiting))


def test_all_that_wait_are_looked_at_together(handler: CloudHandler, cloud: Cloud, clock: Any) -> None:
    known, poller = made(handler, 500), Poller(handler, clock)
    statuses = clock.run(all_of([poller.status(handle, 1.0 + number / 5000) for number, handle in enumerate(known)]))
    assert [status.state for status in statuses] == [NodeState.PENDING] * 500
    assert cloud.calls["describe"] == 1


def test_those_with_longer_intervals_are_not_looked_at_with_each_of_the_others(handler: CloudHandler, cloud: Cloud, clock: Any) -> None:
    asked: list[tuple[float, int]] = []
    cloud.hook = lambda kind, moment, nodes: asked.append((clock.now, len(nodes))) if (kind, moment) == ("describe", "before") else None
    quick, slow = made(handler, 2)
    poller = Poller(handler, clock)

    async def ask_quickly() -> None:
        for _ in range(5):
            await poller.status(quick, 1.0)

    clock.run(all_of([ask_quickly(), poller.status(slow, 100.0)]))
    assert asked == [(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1), (5.0, 1), (100.0, 1)]


def test_one_that_comes_later_with_an_earlier_turn_is_not_kept_waiting(handler: CloudHandler, clock: Any) -> None:
    first, second = made(handler, 2)
    poller = Poller(handler, clock)
    answered: dict[str, float] = {}

    async def ask(handle: Handle, start: float, after: float) -> None:
        await clock.sleep(start)
        await poller.status(handle, after)
        answered[handle.node_id] = clock.now

    clock.run(all_of([ask(first, 0, 50.0), ask(second, 10, 1.0)]))
    assert answered == {"n1": 11.0, "n0": 50.0}


def test_one_that_comes_during_a_look_gets_the_next(handler: CloudHandler, cloud: Cloud) -> None:
    """With real threads: the second asks while the first one's describe is under way."""
    first, second = made(handler, 2)

    async def go() -> list[ResourceStatus | None]:
        clock = Clock()
        poller = Poller(handler, clock)
        loop, under_way, may_go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def wait_once(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if not under_way.is_set():
                loop.call_soon_threadsafe(under_way.set)
                asyncio.run_coroutine_threadsafe(may_go_on.wait(), loop).result(20)

        cloud.hook = wait_once
        one = asyncio.ensure_future(poller.status(first, 0))
        await under_way.wait()
        other = asyncio.ensure_future(poller.status(second, 0))
        await asyncio.sleep(0)
        may_go_on.set()
        answers = await asyncio.wait_for(all_of([one, other]), 20)
        clock.close()
        return answers

    assert all(asyncio.run(go()))
    assert cloud.calls["describe"] == 2


def test_what_the_backend_does_not_know_is_none(handler: CloudHandler, clock: Any) -> None:
    (known, _), poller = made(handler, 2), Poller(handler, clock)
    stranger = Handle(InfraId("i"), NodeId("stranger"), "node")
    answers = clock.run(all_of([poller.status(known, 1.0), poller.status(stranger, 1.0)]))
    assert [answer is None for answer in answers] == [False, True]


@pytest.mark.parametrize("error", [ResourceError(ErrorKind.TRANSIENT, "gone fishing"), TypeError("a handler's mistake")])
def test_an_error_reaches_everybody_who_waits_and_later_ones_are_served_again(
    handler: CloudHandler, cloud: Cloud, clock: Any, error: Exception
) -> None:
    cloud.fail("describe", 1, error)  # type: ignore[arg-type]
    known, poller = made(handler, 3), Poller(handler, clock)

    async def go() -> tuple[list[Any], ResourceStatus | None]:
        failed = await asyncio.gather(*(poller.status(handle, 1.0) for handle in known), return_exceptions=True)
        return failed, await poller.status(known[0], 1.0)

    failed, later = clock.run(go())
    assert failed == [error] * 3
    assert later is not None


def test_who_no_longer_waits_is_not_asked_about(handler: CloudHandler, cloud: Cloud, clock: Any) -> None:
    asked: list[tuple[NodeId, ...]] = []
    cloud.hook = lambda kind, moment, nodes: asked.append(nodes) if (kind, moment) == ("describe", "before") else None
    first, second = made(handler, 2)
    poller = Poller(handler, clock)

    async def go() -> None:
        leaving = asyncio.ensure_future(poller.status(first, 1.0))
        staying = asyncio.ensure_future(poller.status(second, 1.0))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying

    clock.run(go())
    assert asked == [("n1",)]

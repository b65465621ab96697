"""Lost replies: the backend has done what it was asked, and nobody hears of it. It happens to each request of each call in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count as numbers
from typing import ParamSpec, TypeVar

import pytest

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeState
from occopus.plugins.resource import CreateRequest, ErrorKind, ResourceError, ResourceHandler, ResourceStatus
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, Inventory, Journal, count

HANDLER = "occopus.plugins.ResourceHandler"

P = ParamSpec("P")
T = TypeVar("T")

DROP_STEPS = 2
"""Where more steps of a removal are only the same again: a handler may be called each time somebody looks."""

LoseReply = Callable[[int], AbstractContextManager[Callable[[], bool]]]


class ReplyChecks:
    @written_in(HANDLER, "Where the reply to a request gets lost, the method raises an error that is `transient`")
    def test_lost_reply_is_transient(self, bench: Bench, lose_reply: LoseReply | None) -> None:
        handler, handle = bench.make_handler(), bench.created()
        lost = {
            "create": lost_reply(lose_reply, 1, handler.create, bench.request(), Journal()),
            "describe": lost_reply(lose_reply, 1, handler.describe, [handle]),
            "find": lost_reply(lose_reply, 1, found_by, handler, handle.infra_id),
            "drop": lost_reply(lose_reply, 1, handler.drop, handle),
        }
        silent = [name for name, (was_lost, _) in lost.items() if not was_lost]
        assert not silent, f"the fixture 'lose_reply' must lose the reply to the first request; it lost none in {', '.join(silent)}"

    @written_in(f"{HANDLER}.create", "and makes nothing twice. So it is after a crash, after a lost reply")
    def test_create_after_a_lost_reply_makes_one(self, bench: Bench, inventory: Inventory, lose_reply: LoseReply | None) -> None:
        for number, request, journal in lost_while_created(bench, lose_reply):
            with wanted(f"after the reply to request {number} got lost, create called again must complete what was begun"):
                bench.until_ready(bench.make_handler(), request, journal)
            assert count(inventory, request.node_id) == 1, (
                f"after the reply to request {number} got lost, create called again must find what was made, and make one machine"
            )

    @written_in(f"{HANDLER}.drop", "find what it made by its marks or names")
    def test_drop_after_a_lost_reply_of_create(self, bench: Bench, inventory: Inventory, lose_reply: LoseReply | None) -> None:
        for number, request, journal in lost_while_created(bench, lose_reply):
            bench.until_gone(bench.make_handler(), journal.resume(request).handle)
            assert count(inventory, request.node_id) == 0, (
                f"after the reply to request {number} of create got lost, drop must find and remove what was made"
            )

    @written_in(f"{HANDLER}.drop", "may be called at any stage of a node, again, after a lost reply")
    def test_drop_after_a_lost_reply(self, bench: Bench, inventory: Inventory, lose_reply: LoseReply | None) -> None:
        for number, handler, handle in lost_while_dropped(bench, lose_reply):
            with wanted(f"after the reply to request {number} of drop got lost, drop called again must succeed"):
                bench.until_gone(handler, handle)
            assert count(inventory, handle.node_id) == 0, (
                f"after the reply to request {number} of drop got lost, drop called again must succeed and leave nothing"
            )

    @written_in(f"{HANDLER}.describe", "Absent means gone: where a page can't be had, an error is raised.")
    def test_lost_reply_makes_no_node_absent(self, bench: Bench, lose_reply: LoseReply | None) -> None:
        handles = [bench.created(f"node{number}") for number in range(3)]
        for number in numbers(1):
            was_lost, told = lost_reply(lose_reply, number, bench.make_handler().describe, handles)
            if not was_lost:
                return
            assert told is None or len(told) == len(handles), (
                f"where the reply to request {number} got lost, describe must raise: who is absent is taken for gone"
            )

    @written_in(f"{HANDLER}.find", "A list that is not whole is an error: what is missing in it counts as gone.")
    def test_lost_reply_hides_nothing_from_find(self, bench: Bench, lose_reply: LoseReply | None) -> None:
        made = [bench.created(f"node{number}") for number in range(3)]
        for number in numbers(1):
            was_lost, found = lost_reply(lose_reply, number, found_by, bench.make_handler(), bench.infra_id)
            if not was_lost:
                return
            assert found is None or len(found) == len(made), (
                f"where the reply to request {number} got lost, find must raise: a list that is not whole proves nothing"
            )


def found_by(handler: ResourceHandler, infra_id: InfraId) -> list[Handle]:
    return list(handler.find(infra_id))


def lost_reply(lose_reply: LoseReply | None, number: int, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> tuple[bool, T | None]:
    """Make a call of a handler in which the reply to that request gets lost: whether there was one, and the answer where the call has one
    all the same, since it asked again.
    """
    if lose_reply is None:
        pytest.skip("needs the fixture 'lose_reply'")
    name = call.__name__
    with lose_reply(number) as was_lost:
        try:
            answer = call(*args, **more)
        except ResourceError as error:
            told = error
        except Exception as alien:
            raise AssertionError(f"no exception of an SDK may leave {name}, but {type(alien).__name__} did: {alien}") from alien
        else:
            return was_lost(), answer
        assert was_lost(), f"{name} must succeed where no reply gets lost, but: {told.message}"
    assert told.kind is ErrorKind.TRANSIENT, (
        f"a lost reply (to request {number} of {name}) must be transient, for the call has to be repeated; "
        f"it is {told.kind}: {told.message}"
    )
    return True, None


def lost_while_created(bench: Bench, lose_reply: LoseReply | None) -> Iterator[tuple[int, CreateRequest, Journal]]:
    """New nodes, of which one reply after the other got lost in each step of their creation; with the number of the request in its step."""
    for step in numbers(1):
        for number in numbers(1):
            handler, request, journal = bench.make_handler(), bench.request(f"lost{step}-{number}"), Journal()
            if not all(advanced(bench, handler, request, journal) for _ in range(1, step)):
                return
            was_lost, _ = lost_reply(lose_reply, number, handler.create, journal.resume(request), journal)
            if not was_lost:
                break
            yield number, request, journal


def lost_while_dropped(bench: Bench, lose_reply: LoseReply | None) -> Iterator[tuple[int, ResourceHandler, Handle]]:
    """The same for nodes that were ready, in the first steps of their removal."""
    for step in range(1, DROP_STEPS + 1):
        for number in numbers(1):
            handler = bench.make_handler()
            handle, _ = bench.until_ready(handler, bench.request(f"drop{step}-{number}"))
            if not all(receded(bench, handler, handle) for _ in range(1, step)):
                return
            was_lost, _ = lost_reply(lose_reply, number, handler.drop, handle)
            if not was_lost:
                break
            yield number, handler, handle


def advanced(bench: Bench, handler: ResourceHandler, request: CreateRequest, journal: Journal) -> bool:
    """Take one step of a node's creation; whether there is another."""
    handle = handler.create(journal.resume(request), journal)
    for status in looks(bench, handler, handle):
        if status is not None and status.state is NodeState.PENDING and status.unfinished:
            return True
        if status is not None and status.state is NodeState.READY:
            return False
    return False


def receded(bench: Bench, handler: ResourceHandler, handle: Handle) -> bool:
    """Take one step of a node's removal; whether there is another."""
    handler.drop(handle)
    for status in looks(bench, handler, handle):
        if status is not None and status.unfinished:
            return True
        if status is None or status.state is NodeState.SHUTDOWN:
            return False
    return False


def looks(bench: Bench, handler: ResourceHandler, handle: Handle) -> Iterator[ResourceStatus | None]:
    """One look at a node after the other, for as long as a step may take."""
    deadline = time.monotonic() + bench.within
    while True:
        status = handler.describe([handle]).get(handle.node_id)
        yield status
        assert time.monotonic() < deadline, f"a step must come to an end; after {bench.within:g} s the node is {status}"
        time.sleep(bench.poll_every)

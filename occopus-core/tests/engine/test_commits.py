"""Commits of several threads go together, and each has its own fate."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from occopus.engine.commits import Batch, GroupCommit, MakeUp
from occopus.errors import StoreError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Instance, NodeId, Phase


def batch(*node_ids: str) -> Batch:
    return Batch(instances=[Instance(InfraId("infra"), NodeId(each), "node", 0, "", Phase.CREATED, 0.0) for each in node_ids])


class Writer:
    """Writes nothing until it may; fails where it is told to."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.begun = threading.Event()
        self.written: list[list[set[str]]] = []
        self.failure: Exception | None = None

    def __call__(self, batches: Sequence[Batch]) -> None:
        self.begun.set()
        assert self.may_go_on.wait(20)
        if self.failure:
            raise self.failure
        self.written.append([each.subjects for each in batches])


@pytest.fixture
def writer() -> Writer:
    return Writer()


def carried_out(writer: Writer, make_ups: Sequence[MakeUp]) -> list[Future[Batch | None]]:
    """The first is being written while the others come, in their order."""
    commits = GroupCommit(writer)
    with ThreadPoolExecutor(len(make_ups)) as pool:
        futures = [pool.submit(commits.carry_out, make_ups[0])]
        assert writer.begun.wait(20)
        for number, make_up in enumerate(make_ups[1:], 1):
            futures.append(pool.submit(commits.carry_out, make_up))
            while len(commits._waiting) < number:
                time.sleep(0.001)
        writer.may_go_on.set()
    return futures


def test_what_comes_while_others_are_written_goes_together(writer: Writer) -> None:
    futures = carried_out(writer, [lambda name=name: batch(name) for name in "abcde"])  # type: ignore[misc]  # each has a name of its own
    assert [future.result().subjects for future in futures] == [{"a"}, {"b"}, {"c"}, {"d"}, {"e"}]  # type: ignore[union-attr]
    assert writer.written == [[{"a"}], [{"b"}, {"c"}, {"d"}, {"e"}]]


def test_two_changes_of_one_instance_go_one_after_the_other(writer: Writer) -> None:
    def after_the_first() -> Batch:
        return batch("b", "d") if [{"b"}, {"c"}] in writer.written else batch("b")

    futures = carried_out(writer, [lambda: batch("a"), lambda: batch("b"), lambda: batch("c"), after_the_first, lambda: batch("e")])
    assert writer.written == [[{"a"}], [{"b"}, {"c"}], [{"b", "d"}, {"e"}]]
    assert futures[3].result().subjects == {"b", "d"}  # type: ignore[union-attr]


def test_who_has_nothing_to_write_writes_nothing(writer: Writer) -> None:
    futures = carried_out(writer, [lambda: batch("a"), lambda: None])
    assert futures[1].result() is None
    assert writer.written == [[{"a"}]]


def test_who_can_not_make_up_a_batch_fails_alone(writer: Writer) -> None:
    def unknown() -> Batch:
        raise KeyError("nobody")

    futures = carried_out(writer, [lambda: batch("a"), lambda: batch("b"), unknown, lambda: batch("c")])
    assert isinstance(futures[2].exception(), KeyError)
    assert futures[3].result() == batch("c")
    assert writer.written == [[{"a"}], [{"b"}, {"c"}]]


def test_a_store_that_fails_fails_everybody_whose_batch_was_in_it(writer: Writer) -> None:
    writer.failure = StoreError("the disk is full")
    futures = carried_out(writer, [lambda: batch("a"), lambda: batch("b"), lambda: batch("c")])
    assert [future.exception() for future in futures] == [writer.failure] * 3

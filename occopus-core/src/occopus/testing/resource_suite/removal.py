"""`drop`: removes everything of a node and nothing else, and may be called at any time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from occopus.model.instance import NodeState
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, Inventory, Journal, count

DROP = "occopus.plugins.ResourceHandler.drop"


class RemovalChecks:
    @written_in(DROP, "Begin or go on to remove everything that `create` made for this node")
    def test_drop_removes_a_ready_node(self, bench: Bench, inventory: Inventory) -> None:
        handle, _ = bench.until_ready(bench.make_handler(), bench.request())
        bench.until_gone(bench.make_handler(), handle)
        assert count(inventory, handle.node_id) == 0, "drop must leave nothing of a node"

    @written_in(DROP, "may be called at any stage of a node")
    def test_drop_removes_a_node_that_has_just_been_submitted(self, bench: Bench, inventory: Inventory) -> None:
        handle = bench.created()
        bench.until_gone(bench.make_handler(), handle)
        assert count(inventory, handle.node_id) == 0, "drop must remove a node at any stage of its creation"

    @written_in(DROP, "and return without waiting for its end")
    def test_drop_returns_soon(self, bench: Bench, returns_within: float) -> None:
        handle = bench.created()
        start = time.monotonic()
        bench.make_handler().drop(handle)
        taken = time.monotonic() - start
        assert taken < returns_within, f"drop must submit and return; the engine does the waiting. It took {taken:.1f} s"

    @written_in(DROP, "Succeeds on what is already gone")
    def test_drop_of_what_is_gone(self, bench: Bench) -> None:
        handle = bench.created()
        bench.until_gone(bench.make_handler(), handle)
        with wanted("drop must succeed on what is already gone"):
            bench.until_gone(bench.make_handler(), handle)

    @written_in(DROP, "may be called at any stage of a node, again")
    def test_drop_called_twice_in_a_row(self, bench: Bench, inventory: Inventory) -> None:
        handler, handle = bench.make_handler(), bench.created()
        handler.drop(handle)
        with wanted("a second drop must go on with what the first began"):
            bench.until_gone(handler, handle)
        assert count(inventory, handle.node_id) == 0, "a second drop must go on with what the first began"

    @written_in(DROP, "and twice at once")
    def test_two_threads_drop_one_node(self, bench: Bench, inventory: Inventory) -> None:
        handle = bench.created()
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(bench.until_gone, bench.make_handler(), handle) for _ in range(2)]
            with wanted("two drops at once must both succeed"):
                for each in both:
                    each.result()
        assert count(inventory, handle.node_id) == 0, "two drops at once must both succeed and leave nothing"

    @written_in("occopus.plugins.ResourceHandler.create", "and suffices to describe and to drop the node")
    def test_drop_by_the_checkpointed_handle(self, bench: Bench, inventory: Inventory) -> None:
        journal = Journal()
        bench.make_handler().create(bench.request(), journal)
        handle = journal.stored[-1]
        bench.until_gone(bench.make_handler(), handle)
        assert count(inventory, handle.node_id) == 0, "the checkpointed handle alone must suffice to remove a node"

    @written_in(DROP, "The handle of any checkpoint suffices to find everything, also what was made later.")
    def test_drop_by_each_checkpoint(self, bench: Bench, inventory: Inventory) -> None:
        first = Journal()
        bench.make_handler().create(bench.request(), first)
        for number in range(len(first.stored)):
            journal = Journal()
            bench.make_handler().create(bench.request(), journal)
            handle = journal.stored[min(number, len(journal.stored) - 1)]
            bench.until_gone(bench.make_handler(), handle)
            assert count(inventory, handle.node_id) == 0, (
                f"with the handle of checkpoint {number + 1} drop must find all that was made, also what came later"
            )

    @written_in(DROP, "A handle without ids means that a create may have been begun: find what it made by its marks or names.")
    def test_drop_without_ids(self, bench: Bench, inventory: Inventory) -> None:
        handle = bench.created()
        bench.until_gone(bench.make_handler(), replace(handle, ids={}))
        assert count(inventory, handle.node_id) == 0, "without ids drop must find by marks or names what a create may have begun"

    @written_in(DROP, "Succeeds on what is already gone and on what was never made")
    def test_drop_of_a_node_that_was_never_created(self, bench: Bench, inventory: Inventory) -> None:
        handle = bench.request().handle
        with wanted("drop must succeed on what was never made: nobody knows how far a create came"):
            bench.until_gone(bench.make_handler(), handle)
        assert count(inventory, handle.node_id) == 0, "drop must not make anything"

    @written_in(DROP, "everything that `create` made for this node and nothing else")
    def test_drop_leaves_other_nodes_alone(self, bench: Bench, inventory: Inventory) -> None:
        handler = bench.make_handler()
        sibling, _ = bench.until_ready(handler, bench.request("sibling"))
        stranger, _ = bench.until_ready(handler, bench.request("web", bench.other_infrastructure()))
        doomed = bench.created("web")
        bench.until_gone(bench.make_handler(), doomed)
        for kept in (sibling, stranger):
            assert count(inventory, kept.node_id) == 1, "drop must remove nothing of another node"
            state = handler.describe([kept])[kept.node_id].state
            assert state is NodeState.READY, f"dropping a node must leave the others as they were, but one is {state}"

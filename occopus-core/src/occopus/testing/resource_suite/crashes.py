"""The process may die at any checkpoint: afterwards a node can be finished or removed, and nothing is made twice or left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from occopus.plugins.resource import CreateRequest
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, Died, Inventory, Journal, count

CREATE = "occopus.plugins.ResourceHandler.create"

MOST_CHECKPOINTS = 20

just_before_or_after = pytest.mark.parametrize("stores_first", [False, True], ids=["before-storing", "after-storing"])


class CrashChecks:
    @written_in(CREATE, "and makes nothing twice. So it is after a crash")
    @just_before_or_after
    def test_create_after_a_crash_makes_one(self, bench: Bench, inventory: Inventory, stores_first: bool) -> None:
        for request, journal in crashed(bench, stores_first):
            place = f"after a crash at checkpoint {journal.calls}"
            with wanted(f"{place}, create called again must succeed"):
                bench.make_handler().create(journal.resume(request), Journal())
            assert count(inventory, request.node_id) == 1, f"{place}, create called again must finish the node and make nothing twice"

    @written_in(CREATE, "it finds or completes what an earlier call began")
    @just_before_or_after
    def test_node_becomes_ready_after_a_crash(self, bench: Bench, stores_first: bool) -> None:
        for request, journal in crashed(bench, stores_first):
            with wanted(f"after a crash at checkpoint {journal.calls}, create called again must succeed"):
                bench.until_ready(bench.make_handler(), journal.resume(request))

    @written_in("occopus.plugins.ResourceHandler.drop", "may be called at any stage of a node")
    @just_before_or_after
    def test_drop_after_a_crash_leaves_nothing(self, bench: Bench, inventory: Inventory, stores_first: bool) -> None:
        for request, journal in crashed(bench, stores_first):
            bench.until_gone(bench.make_handler(), journal.resume(request).handle)
            place = f"after a crash at checkpoint {journal.calls}"
            assert count(inventory, request.node_id) == 0, f"{place}, drop must remove everything that create had made"

    @written_in(CREATE, "What `checkpoint` raises is passed on.")
    def test_each_create_may_be_cut_off(self, bench: Bench, inventory: Inventory) -> None:
        request, journal = bench.request(), Journal()
        for _ in range(3):
            repeated = Journal(dies_at=1, stored=journal.stored)
            with pytest.raises(Died):
                bench.make_handler().create(journal.resume(request), repeated)
        bench.until_ready(bench.make_handler(), request, journal)
        assert count(inventory, request.node_id) == 1, "a create that was cut off again and again must still end with one machine"


def crashed(bench: Bench, stores_first: bool) -> Iterator[tuple[CreateRequest, Journal]]:
    """New nodes whose creation dies at the first checkpoint, at the second, and so on as far as there are any."""
    for number in range(1, MOST_CHECKPOINTS + 1):
        request, journal = bench.request(f"crash{number}"), Journal(number, stores_first)
        try:
            bench.make_handler().create(request, journal)
        except Died:
            yield request, journal
            continue
        assert journal.calls < number, "what a checkpoint raises must reach the caller: a handler that goes on would outlive its own end"
        assert number > 1, "create must checkpoint at least once, as soon as the first id is known"
        return

"""`costs`, where a handler offers it: what nodes have cost so far."""

from __future__ import annotations

import math
import uuid

import pytest

from occopus.model.instance import Handle, NodeId
from occopus.plugins.resource import SupportsCost
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, MakeHandler

COSTS = "occopus.plugins.SupportsCost.costs"


class CostChecks:
    @written_in(COSTS, "By node, of those that are asked for and of no other")
    def test_costs_speak_of_nothing_else(self, make_handler: MakeHandler, bench: Bench) -> None:
        handler = telling_costs(make_handler)
        asked, _ = bench.created("asked"), bench.created("other")
        told = set(handler.costs([asked]))
        assert told <= {asked.node_id}, "costs must speak of the nodes that it is asked about, and of no other"
        assert dict(handler.costs([])) == {}, "nothing asked, nothing told"

    @written_in(COSTS, "a number, 0 or more, in the currency of the account")
    def test_costs_are_numbers(self, make_handler: MakeHandler, bench: Bench) -> None:
        handler = telling_costs(make_handler)
        handle, _ = bench.until_ready(bench.make_handler(), bench.request())
        for cost in handler.costs([handle]).values():
            assert isinstance(cost, int | float), f"a cost must be a number, to be added up with others; it is {cost!r}"
            assert 0 <= cost < math.inf, f"a cost must be a number, 0 or more; it is {cost!r}"

    @written_in(COSTS, "A node whose costs are not known is absent, which is no error and hides no other node.")
    def test_costs_of_an_unknown_node_are_absent(self, make_handler: MakeHandler, bench: Bench) -> None:
        handler = telling_costs(make_handler)
        known, _ = bench.until_ready(bench.make_handler(), bench.request())
        unknown = Handle(bench.infra_id, NodeId(str(uuid.uuid4())), "web")
        with wanted("a node that the backend does not know must be absent, not an error"):
            told = handler.costs([unknown, known])
        assert unknown.node_id not in told, "a node that the backend does not know must be absent"
        assert set(told) == set(handler.costs([known])), "an unknown node must not hide the others"


def telling_costs(make_handler: MakeHandler) -> SupportsCost:
    handler = make_handler()
    if not isinstance(handler, SupportsCost):
        pytest.skip("tells no costs (occopus.plugins.SupportsCost)")
    return handler

"""`find`: recovers, by the marks alone, all that belongs to an infrastructure."""

from __future__ import annotations

from dataclasses import replace

from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, Inventory, Journal, count

FIND = "occopus.plugins.ResourceHandler.find"


class FindingChecks:
    @written_in(FIND, "Everything that carries the infrastructure's mark: each node once")
    def test_find_lists_every_node_once(self, bench: Bench) -> None:
        wanted = {bench.created(name).node_id for name in ("one", "two", "three")}
        found = [handle.node_id for handle in bench.make_handler().find(bench.infra_id)]
        assert sorted(found) == sorted(wanted), "find must list each node that carries the infrastructure's mark, once"

    @written_in(FIND, "What is gone is not found, and nothing of other infrastructures.")
    def test_find_lists_no_other_infrastructure(self, bench: Bench) -> None:
        ours, other = bench.created(), bench.other_infrastructure()
        theirs = bench.created("web", other)
        handler = bench.make_handler()
        assert [handle.node_id for handle in handler.find(bench.infra_id)] == [ours.node_id], "find must keep infrastructures apart"
        assert [handle.node_id for handle in handler.find(other)] == [theirs.node_id], "find must keep infrastructures apart"

    @written_in(FIND, "An infrastructure that has nothing here is no error.")
    def test_find_in_an_unknown_infrastructure(self, bench: Bench) -> None:
        with wanted("an infrastructure that has nothing here is no error"):
            found = list(bench.make_handler().find(bench.other_infrastructure()))
        assert found == [], "an infrastructure that has nothing here is no error and has no nodes"

    @written_in(FIND, "Each handle has the node's three marks")
    def test_found_handle_carries_the_marks(self, bench: Bench) -> None:
        request = bench.request("worker")
        bench.make_handler().create(request, Journal())
        (found,) = bench.make_handler().find(bench.infra_id)
        marks = {"occopus:infra_id": found.infra_id, "occopus:node_id": found.node_id, "occopus:node_name": found.node_name}
        assert marks == request.marks, "all three marks must be on what create makes, so that find can tell what it is"

    @written_in(FIND, "and suffices to describe and to drop the node")
    def test_found_handle_suffices_to_describe(self, bench: Bench) -> None:
        node_id = bench.created().node_id
        handler = bench.make_handler()
        assert node_id in handler.describe(list(handler.find(bench.infra_id))), "describe must know what find has found"

    @written_in(FIND, "and suffices to describe and to drop the node")
    def test_found_handle_suffices_to_drop(self, bench: Bench, inventory: Inventory) -> None:
        node_id = bench.created().node_id
        handler = bench.make_handler()
        for handle in list(handler.find(bench.infra_id)):
            bench.until_gone(handler, handle)
        assert count(inventory, node_id) == 0, "what find has found, drop must be able to remove"

    @written_in(FIND, "What is gone is not found")
    def test_dropped_node_is_not_found(self, bench: Bench) -> None:
        handle = bench.created()
        bench.until_gone(bench.make_handler(), replace(handle, ids={}))
        found = [found.node_id for found in bench.make_handler().find(bench.infra_id)]
        assert handle.node_id not in found, "what is gone must not be found: find proves that nothing leaks"

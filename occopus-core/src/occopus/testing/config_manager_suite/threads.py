"""Several threads call one manager, and several commands one server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from occopus.model.instance import NodeState
from occopus.testing.config_manager_suite.tools import Bench, Inventory, left_of
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"

TIMES = 6


class ThreadChecks:
    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_prepare_one_infrastructure(self, bench: Bench) -> None:
        infra_id, manager = bench.infra(), bench.make_manager()
        at_once([partial(manager.prepare_infrastructure, infra_id)] * TIMES)

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_register_one_node(self, bench: Bench) -> None:
        node = bench.node(bench.prepared())
        at_once([partial(bench.make_manager().register_node, node) for _ in range(TIMES)])
        assert bench.state(node) is NodeState.PENDING, "registering a node from several threads must register it"

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_register_many_nodes(self, bench: Bench) -> None:
        infra_id, manager = bench.prepared(), bench.make_manager()
        nodes = [bench.node(infra_id, "one" if number % 2 else "other") for number in range(TIMES)]
        at_once([partial(manager.register_node, node) for node in nodes])
        known = set(bench.make_manager().states([node.node_id for node in nodes]))
        assert known == {node.node_id for node in nodes}, "called from several threads, each register_node must register its own node"

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_look_at_nodes(self, bench: Bench) -> None:
        nodes, manager = [bench.registered() for _ in range(TIMES)], bench.make_manager()
        found = at_once([partial(manager.states, [node.node_id]) for node in nodes])
        wanted = [{node.node_id: NodeState.PENDING} for node in nodes]
        assert found == wanted, "called from several threads, each must get the answer to its own question"

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_drop_one_node(self, bench: Bench, inventory: Inventory) -> None:
        node = bench.registered()
        at_once([partial(bench.make_manager().drop_node, node.infra_id, node.node_id) for _ in range(TIMES)])
        assert not left_of(inventory, node.node_id), "several drops at once must all succeed and leave nothing"

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_drop_one_infrastructure(self, bench: Bench, inventory: Inventory) -> None:
        infra_id = bench.prepared()
        at_once([partial(bench.make_manager().drop_infrastructure, infra_id) for _ in range(TIMES)])
        assert not left_of(inventory, infra_id), "several drops at once must all succeed and leave nothing"


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What as many calls give that as many threads make in the same moment."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]

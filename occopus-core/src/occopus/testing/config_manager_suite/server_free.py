"""A manager without a server: there is nothing to wait for, and nothing to leave behind."""

from __future__ import annotations

from functools import partial

from occopus.model.instance import NodeId, NodeState
from occopus.testing.config_manager_suite.threads import TIMES, at_once
from occopus.testing.config_manager_suite.tools import Bench
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class ServerFreeChecks:
    @written_in(MANAGER, "One without a server has nothing to wait for: each node that is asked for is `ready`")
    def test_each_node_is_ready(self, bench: Bench) -> None:
        nodes = [bench.registered(), bench.registered()]
        states = bench.make_manager().states([node.node_id for node in nodes])
        wanted = {node.node_id: NodeState.READY for node in nodes}
        assert states == wanted, "without a server there is nothing to wait for: each node that is asked for must be ready"

    @written_in(f"{MANAGER}.states", "It speaks of the nodes that it is asked about")
    def test_nothing_asked_nothing_told(self, bench: Bench) -> None:
        bench.registered()
        assert bench.make_manager().states([]) == {}, "states must speak of the nodes that it is asked about, and of no other"

    @written_in(MANAGER, "each node that is asked for is `ready`, and there are no attributes")
    def test_there_are_no_attributes(self, bench: Bench) -> None:
        found = bench.make_manager().attribute(bench.registered().node_id, "fqdn")
        assert found is None, f"nobody reports attributes to a manager without a server; found {found!r}"

    @written_in(MANAGER, "Every method is idempotent")
    def test_all_can_be_called_at_any_time(self, bench: Bench) -> None:
        manager, infra_id = bench.make_manager(), bench.infra()
        node = bench.node(infra_id)
        for _ in range(2):
            manager.drop_node(infra_id, node.node_id)
            manager.drop_infrastructure(infra_id)
            manager.register_node(node)
            manager.prepare_infrastructure(infra_id)

    @written_in(MANAGER, "is called from several threads at once, by several commands onto one server")
    def test_threads_may_call_it(self, bench: Bench) -> None:
        manager = bench.make_manager()
        asked = [[NodeId(str(number))] for number in range(TIMES)]
        found = at_once([partial(manager.states, ids) for ids in asked])
        assert found == [{ids[0]: NodeState.READY} for ids in asked], "called from several threads, each must get its own answer"

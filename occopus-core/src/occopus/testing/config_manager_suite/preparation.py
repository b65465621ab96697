"""`prepare_infrastructure`: called before each node is registered, and not only before the first."""

from __future__ import annotations

from occopus.testing.config_manager_suite.tools import Bench
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class PreparationChecks:
    @written_in(f"{MANAGER}.prepare_infrastructure", "Called before each node is registered, and not only before the first")
    def test_prepare_again(self, bench: Bench) -> None:
        infra_id, manager = bench.prepared(), bench.make_manager()
        manager.prepare_infrastructure(infra_id)
        manager.prepare_infrastructure(infra_id)

    @written_in(f"{MANAGER}.prepare_infrastructure", "it leaves the nodes that are there as they are")
    def test_prepare_again_leaves_nodes_alone(self, bench: Bench) -> None:
        node = bench.registered()
        before = bench.state(node)
        bench.make_manager().prepare_infrastructure(node.infra_id)
        assert bench.state(node) == before, "preparing again, as for the next node, must leave the nodes that are there as they are"

    @written_in(f"{MANAGER}.prepare_infrastructure", "What was dropped may be prepared again.")
    def test_prepare_after_drop(self, bench: Bench) -> None:
        infra_id, manager = bench.prepared(), bench.make_manager()
        manager.drop_infrastructure(infra_id)
        manager.prepare_infrastructure(infra_id)
        node = bench.registered(infra_id)
        assert bench.state(node) is not None, "what was dropped may be prepared again: rolling back is followed by building"

"""`drop_node` and `drop_infrastructure`: remove everything that is theirs and nothing else, and may be called at any time."""

from __future__ import annotations

from occopus.model.instance import NodeState
from occopus.testing.config_manager_suite.tools import Bench, Inventory, Report, left_of
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class RemovalChecks:
    @written_in(f"{MANAGER}.drop_node", "remove everything of it")
    def test_drop_node_leaves_nothing(self, bench: Bench, inventory: Inventory) -> None:
        node = bench.registered()
        bench.make_manager().drop_node(node.infra_id, node.node_id)
        assert bench.state(node) is None, "a node that was dropped must be absent"
        assert not left_of(inventory, node.node_id), "drop_node must leave nothing of a node"

    @written_in(f"{MANAGER}.drop_node", "also what its machine made on the server")
    def test_drop_node_that_is_configured(self, bench: Bench, inventory: Inventory, report: Report) -> None:
        node = bench.registered()
        report(node.node_id, {"suite.reported": 1})
        bench.make_manager().drop_node(node.infra_id, node.node_id)
        assert not left_of(inventory, node.node_id), "drop_node must also remove what the node's machine has made on the server"
        assert bench.make_manager().attribute(node.node_id, "suite.reported") is None, "a node that was dropped must have no attributes"

    @written_in(f"{MANAGER}.drop_node", "Succeeds on one that is not known")
    def test_drop_node_that_is_not_known(self, bench: Bench, inventory: Inventory) -> None:
        node = bench.node(bench.prepared())
        bench.make_manager().drop_node(node.infra_id, node.node_id)
        assert not left_of(inventory, node.node_id), "drop_node must not make anything"

    @written_in(f"{MANAGER}.drop_node", "in an infrastructure that is not known")
    def test_drop_node_of_an_infrastructure_that_is_not_known(self, bench: Bench) -> None:
        node = bench.node(bench.infra())
        bench.make_manager().drop_node(node.infra_id, node.node_id)

    @written_in(f"{MANAGER}.drop_node", "and when called again")
    def test_drop_node_again(self, bench: Bench) -> None:
        node, manager = bench.registered(), bench.make_manager()
        manager.drop_node(node.infra_id, node.node_id)
        manager.drop_node(node.infra_id, node.node_id)

    @written_in(f"{MANAGER}.drop_node", "Nothing of others is removed, also not of instances of the same node.")
    def test_drop_node_leaves_others_alone(self, bench: Bench, inventory: Inventory, report: Report) -> None:
        infra_id = bench.prepared()
        doomed, sibling = bench.registered(infra_id), bench.registered(infra_id)
        report(sibling.node_id, {"suite.reported": 1})
        before = left_of(inventory, sibling.node_id)
        bench.make_manager().drop_node(infra_id, doomed.node_id)
        assert bench.state(sibling) is NodeState.READY, "dropping a node must leave the others, also those of the same name, as they were"
        assert bench.make_manager().attribute(sibling.node_id, "suite.reported") == 1, "dropping a node must leave the others' attributes"
        assert left_of(inventory, sibling.node_id) == before, "dropping a node must leave everything of the others"

    @written_in(f"{MANAGER}.register_node", "A node that is registered in place of a dropped one is as good as that.")
    def test_register_after_a_sibling_was_dropped(self, bench: Bench) -> None:
        infra_id = bench.prepared()
        first = bench.registered(infra_id)
        bench.make_manager().drop_node(infra_id, first.node_id)
        successor = bench.registered(infra_id)
        assert bench.state(successor) is NodeState.PENDING, "a node that is replaced must be as good as the first"

    @written_in(f"{MANAGER}.drop_infrastructure", "Remove everything that `prepare_infrastructure` and `register_node` left")
    def test_drop_infrastructure_leaves_nothing(self, bench: Bench, inventory: Inventory) -> None:
        node = bench.registered()
        bench.registered(node.infra_id, "other")
        for each in bench.nodes:
            bench.make_manager().drop_node(each.infra_id, each.node_id)
        bench.make_manager().drop_infrastructure(node.infra_id)
        left = left_of(inventory, node.infra_id, *(each.node_id for each in bench.nodes))
        assert not left, f"after drop_infrastructure nothing may be left of it on the server, but there is something of {left}"

    @written_in(f"{MANAGER}.drop_infrastructure", "that has no nodes")
    def test_drop_infrastructure_without_nodes(self, bench: Bench, inventory: Inventory) -> None:
        infra_id = bench.prepared()
        bench.make_manager().drop_infrastructure(infra_id)
        assert not left_of(inventory, infra_id), "drop_infrastructure must remove what prepare_infrastructure has made"

    @written_in(f"{MANAGER}.drop_infrastructure", "Succeeds on one that is not known")
    def test_drop_infrastructure_that_is_not_known(self, bench: Bench) -> None:
        bench.make_manager().drop_infrastructure(bench.infra())

    @written_in(f"{MANAGER}.drop_infrastructure", "and when called again")
    def test_drop_infrastructure_again(self, bench: Bench) -> None:
        infra_id, manager = bench.prepared(), bench.make_manager()
        manager.drop_infrastructure(infra_id)
        manager.drop_infrastructure(infra_id)

    @written_in(f"{MANAGER}.drop_infrastructure", "after its last node is gone, and nothing of others")
    def test_drop_infrastructure_leaves_others_alone(self, bench: Bench, inventory: Inventory) -> None:
        doomed, other = bench.prepared(), bench.registered()
        before = left_of(inventory, other.infra_id)
        bench.make_manager().drop_infrastructure(doomed)
        assert bench.state(other) is NodeState.PENDING, "dropping an infrastructure must leave the nodes of others alone"
        assert left_of(inventory, other.infra_id) == before, "dropping an infrastructure must leave everything of others"

"""`register_node`: makes a node known once, however often it is called."""

from __future__ import annotations

from occopus.model.instance import NodeState
from occopus.testing.config_manager_suite.tools import Bench, Inventory, Report, left_of
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class RegistrationChecks:
    @written_in(f"{MANAGER}.register_node", "Make a node known to the server, before its machine is created.")
    def test_registered_node_is_known(self, bench: Bench, inventory: Inventory) -> None:
        node = bench.registered()
        assert bench.state(node) is not None, "after register_node the node must be known"
        assert left_of(inventory, node.node_id), "register_node must make the node known to the server, not to the manager alone"

    @written_in(f"{MANAGER}.register_node", "Registering a node again leaves it as it is")
    def test_register_again(self, bench: Bench) -> None:
        node, manager = bench.registered(), bench.make_manager()
        manager.register_node(node)
        manager.register_node(node)
        assert bench.state(node) is NodeState.PENDING, "registering a node again must leave it as it is"

    @written_in(f"{MANAGER}.register_node", "what its machine has reported is kept")
    def test_register_again_when_the_machine_has_reported(self, bench: Bench, report: Report) -> None:
        node = bench.registered()
        report(node.node_id, {"suite.reported": "kept"})
        bench.make_manager().register_node(node)
        assert bench.state(node) is NodeState.READY, "registering a node again must not undo that its machine is configured"
        kept = bench.make_manager().attribute(node.node_id, "suite.reported")
        assert kept == "kept", f"registering a node again must keep what its machine has reported, but that is {kept!r} now"

    @written_in(f"{MANAGER}.register_node", "they are told apart by their ids")
    def test_instances_of_the_same_node(self, bench: Bench, report: Report) -> None:
        infra_id = bench.prepared()
        one, other = bench.registered(infra_id), bench.registered(infra_id)
        report(one.node_id, {})
        states = bench.make_manager().states([one.node_id, other.node_id])
        wanted = {one.node_id: NodeState.READY, other.node_id: NodeState.PENDING}
        assert states == wanted, "instances of one node have its name in common, and must be told apart by their ids"

    @written_in(f"{MANAGER}.register_node", "Instances of one node have its name in common, also with nodes elsewhere")
    def test_nodes_of_the_same_name_elsewhere(self, bench: Bench) -> None:
        ours, theirs = bench.registered(), bench.registered()
        bench.make_manager().drop_node(ours.infra_id, ours.node_id)
        assert bench.state(theirs) is NodeState.PENDING, "nodes of the same name in two infrastructures have nothing to do with each other"

"""`states`: one answer for many nodes: absent, pending, ready."""

from __future__ import annotations

from occopus.model.instance import NodeState
from occopus.testing.config_manager_suite.tools import Bench, Report
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class StateChecks:
    @written_in(f"{MANAGER}.states", "What it does not know is absent, which is no error.")
    def test_unknown_node_is_absent(self, bench: Bench) -> None:
        stranger = bench.node(bench.prepared())
        assert bench.make_manager().states([stranger.node_id]) == {}, "a node that is not known must be absent, which is no error"

    @written_in(f"{MANAGER}.states", "It speaks of the nodes that it is asked about")
    def test_nothing_asked_nothing_told(self, bench: Bench) -> None:
        bench.registered()
        assert bench.make_manager().states([]) == {}, "states must speak of the nodes that it is asked about, and of no other"

    @written_in(f"{MANAGER}.states", "and of no other")
    def test_states_speak_of_nothing_else(self, bench: Bench) -> None:
        infra_id = bench.prepared()
        asked, _ = bench.registered(infra_id), bench.registered(infra_id, "other")
        assert set(bench.make_manager().states([asked.node_id])) == {asked.node_id}, (
            "states must speak of the nodes that it is asked about, and of no other"
        )

    @written_in(f"{MANAGER}.states", "`pending` until its machine has reported")
    def test_pending_until_the_machine_reports(self, bench: Bench) -> None:
        state = bench.state(bench.registered())
        assert state is NodeState.PENDING, f"before its machine has reported, a node must be pending, not {state}"

    @written_in(f"{MANAGER}.states", "`ready` from then on")
    def test_ready_when_the_machine_has_reported(self, bench: Bench, report: Report) -> None:
        node = bench.registered()
        report(node.node_id, {})
        state = bench.state(node)
        assert state is NodeState.READY, f"once its machine has reported, a node must be ready, not {state}"

    @written_in(f"{MANAGER}.states", "How far each node is configured")
    def test_many_nodes_at_once(self, bench: Bench, report: Report) -> None:
        infra_id = bench.prepared()
        pending, ready, unknown = bench.registered(infra_id), bench.registered(infra_id), bench.node(infra_id)
        report(ready.node_id, {})
        states = bench.make_manager().states([unknown.node_id, ready.node_id, pending.node_id])
        assert states == {pending.node_id: NodeState.PENDING, ready.node_id: NodeState.READY}, (
            "each node must get its own state, whatever the others do"
        )

    @written_in(f"{MANAGER}.states", "of whichever infrastructures")
    def test_states_of_several_infrastructures(self, bench: Bench) -> None:
        nodes = [bench.registered(), bench.registered()]
        states = bench.make_manager().states([node.node_id for node in nodes])
        assert set(states) == {node.node_id for node in nodes}, "a manager serves a whole server: it is asked about several infrastructures"

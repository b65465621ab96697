"""`attribute`: what a node's machine has reported, by dotted paths."""

from __future__ import annotations

from typing import Any

import pytest

from occopus.testing.config_manager_suite.tools import Bench, Report
from occopus.testing.contract import written_in

MANAGER = "occopus.plugins.ConfigManager"


class AttributeChecks:
    @written_in(f"{MANAGER}.attribute", "None while there is none, also where the node is not known")
    def test_attribute_of_an_unknown_node_is_none(self, bench: Bench) -> None:
        stranger = bench.node(bench.prepared())
        found = bench.make_manager().attribute(stranger.node_id, "suite.reported")
        assert found is None, f"a node that is not known has no attributes, which is no error; found {found!r}"

    @written_in(f"{MANAGER}.attribute", "None while there is none")
    def test_attribute_is_none_until_it_is_reported(self, bench: Bench, report: Report) -> None:
        node = bench.registered()
        assert bench.make_manager().attribute(node.node_id, "suite.reported") is None, "an attribute that nobody has set must be None"
        report(node.node_id, {"suite.other": 1})
        found = bench.make_manager().attribute(node.node_id, "suite.reported")
        assert found is None, f"an attribute must be None until it is set, whatever else the machine reports; found {found!r}"

    @written_in(f"{MANAGER}.attribute", "An attribute of a node, as its machine has reported it, by its dotted path.")
    def test_attribute_by_a_dotted_path(self, bench: Bench, report: Report) -> None:
        node = bench.registered()
        report(node.node_id, {"suite.address.port": 3306, "fqdn": "web.example.org"})
        manager = bench.make_manager()
        assert manager.attribute(node.node_id, "fqdn") == "web.example.org", "what the machine has reported must be found by its name"
        found = manager.attribute(node.node_id, "suite.address.port")
        assert found == 3306, f"dots lead into attributes, which keep their type: 3306 was reported, {found!r} found"
        beyond = manager.attribute(node.node_id, "suite.address.port.more")
        assert beyond is None, f"a path that leads beyond a value finds nothing, which is no error; found {beyond!r}"

    @written_in(f"{MANAGER}.attribute", "What is there keeps its type and value: false, 0 and an empty text are attributes.")
    @pytest.mark.parametrize("value", [False, 0, "", [1, {"a": None}]], ids=repr)
    def test_attribute_keeps_its_value(self, bench: Bench, report: Report, value: Any) -> None:
        node = bench.registered()
        report(node.node_id, {"suite.value": value})
        found = bench.make_manager().attribute(node.node_id, "suite.value")
        assert (type(found), found) == (type(value), value), f"{value!r} was reported, {found!r} found: only what is not there is None"

    @written_in(f"{MANAGER}.attribute", "An attribute of a node, as its machine has reported it")
    def test_attributes_of_nodes_do_not_mix(self, bench: Bench, report: Report) -> None:
        infra_id = bench.prepared()
        one, other = bench.registered(infra_id), bench.registered(infra_id)
        report(one.node_id, {"suite.reported": 1})
        report(other.node_id, {"suite.reported": 2})
        found = [bench.make_manager().attribute(node.node_id, "suite.reported") for node in (one, other)]
        assert found == [1, 2], f"each node must have its own attributes: 1 and 2 were reported, {found} found"

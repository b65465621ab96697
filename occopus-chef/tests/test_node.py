"""Attributes, and what becomes of a node that is registered again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.plugins import ErrorKind, NodeRegistration, ResourceError
from occopus_chef.manager import ChefManager
from occopus_chef.node import attribute_of, is_role_of, unfolded


@pytest.mark.parametrize(
    ("attributes", "whole"),
    [
        ({}, {}),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
        ({"a.b.c": 1, "a.b.d": [2], "a.e": None}, {"a": {"b": {"c": 1, "d": [2]}, "e": None}}),
        ({"a": {"b": {"c": 1}}, "a.b": {"d": 2}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a.b": {"d": 2}, "a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": {"b.c": 1}}, {"a": {"b.c": 1}}),
        ({8080: "port"}, {"8080": "port"}),
    ],
)
def test_dots_lead_into_attributes(attributes: dict[Any, Any], whole: dict[str, Any]) -> None:
    assert unfolded(attributes) == whole


@pytest.mark.parametrize("attributes", [{"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}, {"a.b": 1, "a": {"b": 1}}, {"a.b.c": 1, "a": {"b": [1]}}])
def test_an_attribute_that_is_given_twice(attributes: dict[str, Any]) -> None:
    with pytest.raises(ResourceError, match="is given twice") as raised:
        unfolded(attributes)
    assert raised.value.kind is ErrorKind.INVALID


def test_which_attribute_counts() -> None:
    node = {
        "default": {"a": {"x": "default", "y": "default", "z": "default", "w": "default"}},
        "normal": {"a": {"x": "normal", "y": "normal", "z": "normal"}},
        "override": {"a": {"x": "override", "y": "override"}},
        "automatic": {"a": {"x": "automatic"}},
    }
    assert attribute_of(node, "a") == {"x": "automatic", "y": "override", "z": "normal", "w": "default"}
    assert [attribute_of(node, f"a.{key}") for key in "xyzwv"] == ["automatic", "override", "normal", "default", None]


def test_roles_of_infrastructures_whose_names_begin_alike() -> None:
    assert is_role_of(InfraId("abc"), "abc_web")
    assert is_role_of(InfraId("abc_d"), "abc_d_web-1")
    assert not is_role_of(InfraId("abc"), "abc_d_web")
    assert not is_role_of(InfraId("abc"), "abcd_web")
    assert not is_role_of(InfraId("abc"), "abc")


@pytest.fixture
def node(plain_section: dict[str, Any], left: Any) -> NodeRegistration:
    attributes = {"mysql.port": 3306, "mysql": {"password": "x"}, "connections": []}
    return NodeRegistration(InfraId("0b1f-infra"), NodeId("0b1f-node"), "web", plain_section, attributes)


@pytest.fixture
def registered(node: NodeRegistration, manager_for: Callable[[], ChefManager]) -> NodeRegistration:
    manager_for().prepare_infrastructure(node.infra_id)
    manager_for().register_node(node)
    return node


def test_what_is_made(registered: NodeRegistration, admin: Any, left: Any) -> None:
    assert left() == {"environments": ["0b1f-infra"], "roles": ["0b1f-infra_web"], "nodes": ["0b1f-node"]}
    made = admin.get("nodes", "0b1f-node")
    assert made["chef_environment"] == "0b1f-infra"
    assert made["run_list"] == ["role[0b1f-infra_web]", "recipe[connect]", "recipe[apache2]", "recipe[database-setup::db]"]
    assert made["normal"] == {"mysql": {"port": 3306, "password": "x"}, "connections": []}
    assert (made["default"], made["override"], made["automatic"]) == ({}, {}, {})


def test_attributes_that_can_not_be_are_refused_before_anything_is_made(node: NodeRegistration, manager_for: Any, left: Any) -> None:
    with pytest.raises(ResourceError, match=r"'mysql\.port' is given twice"):
        manager_for().register_node(replace(node, attributes={"mysql": 1, "mysql.port": 2}))
    assert left() == {}


def test_what_is_there_as_wanted_is_not_written_again(registered: NodeRegistration, manager_for: Any, admin: Any, line: Any) -> None:
    known = admin.get("nodes", registered.node_id)
    admin.replace("nodes", {**known, "automatic": {"ohai_time": 1.5}, "normal": {**known["normal"], "tags": ["of a recipe"]}})
    before = admin.get("nodes", registered.node_id)
    line.calm()
    manager_for().prepare_infrastructure(registered.infra_id)
    manager_for().register_node(registered)
    assert {action.partition(" ")[0] for action in line.actions} == {"GET"}
    assert admin.get("nodes", registered.node_id) == before


def test_what_is_there_otherwise_is_made_as_wanted(registered: NodeRegistration, manager_for: Any, admin: Any) -> None:
    known = admin.get("nodes", registered.node_id)
    changed = {
        "chef_environment": "_default",
        "run_list": [],
        "normal": {"mysql": {"port": 1, "socket": "s"}},
        "automatic": {"ohai_time": 1.5},
    }
    admin.replace("nodes", {**known, **changed})
    manager_for().register_node(registered)
    found = admin.get("nodes", registered.node_id)
    assert (found["chef_environment"], found["run_list"]) == (known["chef_environment"], known["run_list"])
    assert found["normal"] == {"mysql": {"port": 3306, "password": "x", "socket": "s"}, "connections": []}
    assert found["automatic"] == {"ohai_time": 1.5}


def test_what_is_not_ours_stays(registered: NodeRegistration, manager_for: Any, admin: Any, left: Any) -> None:
    names = ["base", "0b1f-infra", "0b1f-infra_", "0b1f-infra_web_", "0b1f-infra2_web", "_0b1f-infra_web"]
    for name in names:
        admin.ensure("roles", {"name": name, "run_list": []})
    admin.ensure("environments", {"name": "production"})
    admin.ensure("nodes", {"name": "by-hand", "chef_environment": "production", "run_list": []})
    admin.ensure("clients", {"name": "by-hand"})
    manager_for().drop_node(registered.infra_id, registered.node_id)
    manager_for().drop_infrastructure(registered.infra_id)
    names.remove("0b1f-infra_")  # no node is without a name, so that nobody else has such a role
    assert left() == {"environments": ["production"], "roles": sorted(names), "nodes": ["by-hand"], "clients": ["by-hand"]}

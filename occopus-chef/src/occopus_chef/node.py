"""What a node is on a Chef server, and what its attributes say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeState
from occopus.model.node import Section
from occopus.plugins import ErrorKind, NodeRegistration, ResourceError

PRECEDENCE = ("default", "normal", "override", "automatic")
"""Where attributes of a node are, those of later ones over those of earlier ones. Chef's documentation, "Attribute Precedence"."""

CONFIGURED = "ohai_time"
"""The attribute by which chef-client says that it has run."""


def environment(infra_id: InfraId) -> dict[str, Any]:
    """What the nodes of an infrastructure have in common."""
    return {
        "name": str(infra_id),
        "description": "An infrastructure of Occopus",
        "chef_type": "environment",
        "json_class": "Chef::Environment",
        "cookbook_versions": {},
        "default_attributes": {},
        "override_attributes": {},
    }


def role(infra_id: InfraId, node_name: str) -> dict[str, Any]:
    """What instances of the same node have in common: by it, they are found."""
    return {
        "name": f"{infra_id}_{node_name}",
        "description": f"The node {node_name} of an infrastructure of Occopus",
        "chef_type": "role",
        "json_class": "Chef::Role",
        "run_list": [],
        "env_run_lists": {},
        "default_attributes": {},
        "override_attributes": {},
    }


def is_role_of(infra_id: InfraId, name: str) -> bool:
    """Names of nodes have no underscore."""
    return name.rpartition("_")[0] == infra_id


def node(registration: NodeRegistration) -> dict[str, Any]:
    """A node that is to be configured."""
    its_role = role(registration.infra_id, registration.node_name)["name"]
    return {
        "name": str(registration.node_id),
        "chef_type": "node",
        "json_class": "Chef::Node",
        "chef_environment": str(registration.infra_id),
        "run_list": [f"role[{its_role}]", "recipe[connect]", *registration.section["run_list"]],
        "normal": unfolded(registration.attributes),
        "default": {},
        "override": {},
        "automatic": {},
    }


def as_wanted(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A node as it should be. What chef-client has reported stays, and so do attributes that its recipes set."""
    normal = overlaid(known.get("normal") or {}, wanted["normal"])
    return {**known, "chef_environment": wanted["chef_environment"], "run_list": wanted["run_list"], "normal": normal}


def state_of(known: Mapping[str, Any]) -> NodeState:
    return NodeState.PENDING if attribute_of(known, CONFIGURED) is None else NodeState.READY


def attribute_of(known: Mapping[str, Any], path: str) -> Any | None:
    """An attribute by its dotted path; None where there is none."""
    found: Any = {}
    for level in PRECEDENCE:
        found = overlaid(found, known.get(level) or {})
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def unfolded(attributes: Section) -> dict[str, Any]:
    """Attributes with their dotted keys as mappings: `mysql.port: 3306` is `mysql: {port: 3306}`.

    Raises:
        ResourceError: INVALID, where the same attribute is given twice.
    """
    whole: dict[str, Any] = {}
    for key, value in attributes.items():
        parts = str(key).split(".")
        whole = _joined(whole, reduce(lambda inner, part: {part: inner}, reversed(parts), value), key)
    return whole


def overlaid(below: Any, above: Any) -> Any:
    """Mappings are merged, also those in them; of anything else, what is above counts."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: overlaid(below[key], value) if key in below else value for key, value in above.items()}}


def _joined(one: Any, other: Any, key: object) -> Any:
    """Two mappings as one, also those in them."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        raise ResourceError(ErrorKind.INVALID, f"the attribute '{key}' is given twice: by itself, and by one that stands above or below it")
    return {**one, **{name: _joined(one[name], value, key) if name in one else value for name, value in other.items()}}

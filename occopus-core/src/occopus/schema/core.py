"""The core's own rules: infrastructure descriptions, nodes, dependencies, implementations."""

from __future__ import annotations

from typing import Any

from occopus.plugins.schema import Schema

NAME_PATTERN = r"[A-Za-z0-9-]{1,63}\Z"

NAME: dict[str, Any] = {
    "type": "string",
    "regex": NAME_PATTERN,
    "meta": {"expected": "1 to 63 letters, digits and hyphens"},
}


def _described(rule: dict[str, Any], description: str) -> dict[str, Any]:
    return rule | {"meta": rule.get("meta", {}) | {"description": description}}


SCALING: Schema = {
    "min": _described({"type": "integer", "min": 1}, "Instances there are at least, and at first; 1 where it is left out."),
    "max": _described({"type": "integer", "min": 1}, "Instances there are at most; the same as min where it is left out."),
}

NODE: Schema = {
    "name": _described(NAME | {"required": True}, "Names the node within the infrastructure."),
    "type": _described({"type": "string", "required": True, "empty": False}, "The node definition that says how it is made."),
    "scaling": _described({"type": "dict", "schema": SCALING, "nullable": True}, "How many instances it may have."),
    "filter": _described(
        {"type": "dict", "nullable": True}, "Keys and values that the resource section of an implementation must have to be used."
    ),
    "variables": _described({"type": "dict", "nullable": True}, "Values for templates; they go over those of the infrastructure."),
    "attributes": _described({"type": "dict", "nullable": True}, "Attributes; they go over those of the node definition."),
    "create_timeout": _described({"type": "number", "min": 1}, "Seconds an instance may take to become ready."),
    "backend_selection_strategy": _described({"type": "string", "allowed": ["random"]}, "How one of several implementations is chosen."),
}

INFRASTRUCTURE: Schema = {
    "infra_name": _described(NAME | {"required": True}, "Names the infrastructure."),
    "user_id": _described({"type": "string"}, "Whose infrastructure it is; node definitions are kept per user."),
    "nodes": _described({"type": "list", "required": True, "empty": False}, "The nodes."),
    "dependencies": _described(
        {"type": "list", "nullable": True}, "Pairs [dependent, dependee], or mappings with `connection` and `mappings`."
    ),
    "variables": _described({"type": "dict", "nullable": True}, "Values for the templates of every node."),
}

PAIR_OF_ATTRIBUTES: dict[str, Any] = {
    "type": "list",
    "minlength": 2,
    "maxlength": 2,
    "schema": {"type": "string"},
    "meta": {"expected": "two attribute names: [source, target]"},
}

CONNECTION: Schema = {
    "connection": {"type": "list", "required": True},
    "mappings": {"type": "list", "nullable": True},
}

MAPPING: Schema = {
    "attributes": PAIR_OF_ATTRIBUTES | {"required": True},
    "synch": {"type": "boolean"},
}

IMPLEMENTATION: Schema = {
    "resource": _described({"type": "dict", "required": True}, "What the node runs on; its keys depend on `type`."),
    "contextualisation": _described({"type": "dict", "nullable": True}, "What the machine or container is given at its start."),
    "config_management": _described({"type": "dict", "nullable": True}, "Who installs and configures its software."),
    "health_check": _described({"type": "dict", "nullable": True}, "How to tell that it does its work."),
    "create_timeout": _described(
        {"type": "number", "min": 1, "nullable": True}, "Seconds an instance may take to become ready; the node's own goes over it."
    ),
}

HEALTH_CHECK: Schema = {
    "timeout": _described({"type": "number", "min": 0}, "Seconds of continuous failure after which a node is replaced; 600 by default."),
    "type": _described({"type": "string", "allowed": ["basic"]}, "The check protocol."),
    "protocol": _described({"type": "string", "allowed": ["basic"]}, "The check protocol, under its older name."),
}
"""The keys of `health_check` that are not checks."""

HEALTH_TIMEOUT = 600.0
"""Seconds of failing health that are tolerated where the node definition does not say."""

NOTIFIER: Schema = {
    "kinds": _described(
        {"type": "list", "minlength": 1, "schema": {"type": "string", "empty": False}},
        "The kinds of events that are sent, such as ready, failed, destroyed; all if it is left out.",
    ),
}
"""The keys that every target of notifications may have."""

"""The composed rules as JSON Schema (draft 2020-12), with which editors complete and check descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from occopus.plugins.schema import Schema
from occopus.schema import core
from occopus.schema.composition import Composition

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TYPES = {"dict": "object", "list": "array", "float": "number"}
"""Cerberus's names of types where JSON Schema has others."""

KEYWORDS = {
    "allowed": "enum",
    "min": "minimum",
    "max": "maximum",
    "minlength": "minLength",
    "maxlength": "maxLength",
    "default": "default",
}

TEMPLATE = {"type": "string", "pattern": r"\{\{|\{%"}
"""A template satisfies any type until it is rendered."""


def infrastructure_schema() -> dict[str, Any]:
    """For infrastructure descriptions."""
    schema = _mapping(core.INFRASTRUCTURE)
    schema["properties"]["nodes"]["items"] = _mapping(core.NODE)
    return {"$schema": DIALECT, "title": "Occopus infrastructure description", **schema}


def node_definitions_schema(composition: Composition) -> dict[str, Any]:
    """For files of node definitions, with the types of the installed plugins."""
    implementation = _mapping(core.IMPLEMENTATION)
    for section in ("resource", "contextualisation", "config_management"):
        types = composition.types(section)
        rules = [_of_type(type, composition.rules(section, type).schema) for type in types]
        implementation["properties"][section] |= {"oneOf": rules} if rules else {}
    implementation["properties"]["health_check"] |= _mapping(composition.rules("health_check").schema)
    return {
        "$schema": DIALECT,
        "title": "Occopus node definitions",
        "type": "object",
        "patternProperties": {"^node_def:.+": {"type": "array", "minItems": 1, "items": implementation}},
        "additionalProperties": False,
    }


def _of_type(type: str, schema: Schema) -> dict[str, Any]:
    drawn = _mapping(schema)
    drawn["properties"]["type"] = {"const": type}
    return drawn


def _mapping(schema: Schema) -> dict[str, Any]:
    required = [key for key, rule in schema.items() if rule.get("required")]
    drawn: dict[str, Any] = {
        "type": "object",
        "properties": {key: _rule(rule) for key, rule in schema.items()},
        "additionalProperties": False,
    }
    return drawn | ({"required": required} if required else {})


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    drawn: dict[str, Any] = {name: rule[key] for key, name in KEYWORDS.items() if key in rule}
    types = rule.get("type", [])
    names = [TYPES.get(type, type) for type in ([types] if isinstance(types, str) else types)]
    if rule.get("nullable"):
        names.append("null")
    if names:
        drawn["type"] = names[0] if len(names) == 1 else names
    if "regex" in rule:
        drawn["pattern"] = f"^(?:{rule['regex'].removeprefix('(?s)')})$"
    if "array" in names:
        drawn = {{"minLength": "minItems", "maxLength": "maxItems"}.get(key, key): value for key, value in drawn.items()}
    below = rule.get("schema")
    if isinstance(below, Mapping):
        drawn |= {"items": _rule(below)} if "array" in names else _mapping(below)
    for logic in ("anyof", "oneof", "allof"):
        if logic in rule:
            drawn[logic.replace("of", "Of")] = [_rule(each) for each in rule[logic]]
    if names and "string" not in names and not {"object", "array"} & set(names):
        drawn = {"anyOf": [drawn, TEMPLATE]}
    description = rule.get("meta", {}).get("description")
    return drawn | ({"description": description} if description else {})

"""The composed rules as JSON Schema (draft 2020-12), with which editors complete and check descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from occopus.errors import MissingPlugin
from occopus.plugins.schema import Schema
from occopus.schema import core
from occopus.schema.composition import Composition, SectionRules

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


NULL = {"type": "null"}


def infrastructure_schema() -> dict[str, Any]:
    """For infrastructure descriptions."""
    schema = _mapping(core.INFRASTRUCTURE, templates=False)
    schema["properties"]["nodes"]["items"] = _mapping(core.NODE, templates=False)
    return {"$schema": DIALECT, "title": "Occopus infrastructure description", **schema}


def node_definitions_schema(composition: Composition) -> dict[str, Any]:
    """For files of node definitions, with the types of the installed plugins; a type whose rules are not right is left out."""
    implementation = _mapping(core.IMPLEMENTATION, templates=False)
    for section in ("resource", "contextualisation", "config_management"):
        rules = [_of_type(type, rules.schema) for type, rules in _sound_rules(composition, section)]
        _refine(implementation, section, rules)
    _refine(implementation, "health_check", [_mapping(composition.rules("health_check").schema)])
    return {
        "$schema": DIALECT,
        "title": "Occopus node definitions",
        "type": "object",
        "minProperties": 1,
        "patternProperties": {"^node_def:.+": {"type": "array", "minItems": 1, "items": implementation}},
        "additionalProperties": False,
    }


def _sound_rules(composition: Composition, section: str) -> Iterator[tuple[str, SectionRules]]:
    for type in composition.types(section):
        with suppress(MissingPlugin):
            yield type, composition.rules(section, type)


def _refine(implementation: dict[str, Any], section: str, rules: list[dict[str, Any]]) -> None:
    """Put the rules for its types in place of the rule that a section is a mapping; one that may be left out may also be null."""
    outline = core.IMPLEMENTATION[section]
    nothing = [NULL] if outline.get("nullable") else []
    implementation["properties"][section] = {"description": outline["meta"]["description"], "oneOf": [*rules, *nothing]}


def _of_type(type: str, schema: Schema) -> dict[str, Any]:
    drawn = _mapping(schema)
    drawn["properties"]["type"] = {"const": type}
    return drawn


def _mapping(schema: Schema, templates: bool = True, more: object = False) -> dict[str, Any]:
    """A mapping with these keys. `more` says what other keys may hold: nothing, whatever a rule says, or anything."""
    required = [key for key, rule in schema.items() if rule.get("required")]
    drawn: dict[str, Any] = {
        "type": "object",
        "properties": {key: _rule(rule, templates) for key, rule in schema.items()},
        "additionalProperties": _rule(more, templates) if isinstance(more, Mapping) else bool(more),
    }
    return drawn | ({"required": required} if required else {})


def _rule(rule: Mapping[str, Any], templates: bool) -> dict[str, Any]:
    drawn = _alone(rule, templates)
    choices = [drawn, *([TEMPLATE] if templates and not _takes_any_text(drawn) else []), *([NULL] if rule.get("nullable") else [])]
    if len(choices) > 1:
        drawn = {"anyOf": choices}
    description = rule.get("meta", {}).get("description")
    return drawn | ({"description": description} if description else {})


def _alone(rule: Mapping[str, Any], templates: bool) -> dict[str, Any]:
    """What a value must be that is no template and not null."""
    drawn: dict[str, Any] = {name: rule[key] for key, name in KEYWORDS.items() if key in rule}
    types = rule.get("type", [])
    names = [TYPES.get(type, type) for type in ([types] if isinstance(types, str) else types)]
    if names:
        drawn["type"] = names[0] if len(names) == 1 else names
    if "regex" in rule:
        drawn["pattern"] = f"^(?:{rule['regex'].removesuffix(_END)})$"
    if rule.get("empty") is False:
        drawn |= {"minLength": 1, "minItems": 1, "minProperties": 1}
    if "array" in names:
        drawn |= {_OF_LISTS[key]: drawn[key] for key in _OF_LISTS if key in drawn}
    below = rule.get("schema")
    if isinstance(below, Mapping) and "object" in names:
        drawn = _mapping(below, templates, more=rule.get("allow_unknown", False)) | drawn
    elif isinstance(below, Mapping):
        drawn["items"] = _rule(below, templates)
    if isinstance(rule.get("valuesrules"), Mapping):
        drawn["additionalProperties"] = _rule(rule["valuesrules"], templates)
    for logic in ("anyof", "oneof", "allof"):
        if logic in rule:
            drawn[logic.replace("of", "Of")] = [_rule(each, templates) for each in rule[logic]]
    return drawn


_END = r"\Z"
_OF_LISTS = {"minLength": "minItems", "maxLength": "maxItems"}
_OF_TEXTS = {"pattern", "enum", "minLength", "maxLength", "anyOf", "oneOf", "allOf"}


def _takes_any_text(drawn: Mapping[str, Any]) -> bool:
    types = drawn.get("type")
    return (types is None or "string" in types) and not _OF_TEXTS & drawn.keys()

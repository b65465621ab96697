"""The composed rules as JSON Schema (draft 2020-12), with which editors complete and check descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from occopus.errors import MissingPlugin
from occopus.model.secret import KINDS
from occopus.plugins.schema import CredentialsSpec, Schema
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

DEFINITIONS: dict[str, Any] = {
    "import": {
        "$comment": "What `!yaml_import` and `!text_import` have for a value, as editors see it.",
        "type": "object",
        "required": ["url"],
        "properties": {"url": {"type": "string", "pattern": "^file://."}},
        "additionalProperties": False,
    },
    "later": {
        "$comment": "What is known only when it is rendered satisfies any rule: a template, or what `!secret` has for a value.",
        "anyOf": [
            {"type": "string", "pattern": r"\{\{|\{%"},
            {"$ref": "#/$defs/import"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {kind: {"type": "string", "minLength": 1} for kind in KINDS},
                "additionalProperties": False,
            },
        ],
    },
}


def infrastructure_schema() -> dict[str, Any]:
    """For infrastructure descriptions."""
    schema = _mapping(core.INFRASTRUCTURE, templates=False)
    nodes = schema["properties"]["nodes"]["else"]
    nodes["items"] = _unless(_mapping(core.NODE, templates=False))
    schema["properties"]["dependencies"]["else"]["items"] = _unless(_dependency())
    return _document("Occopus infrastructure description", schema)


def node_definitions_schema(composition: Composition) -> dict[str, Any]:
    """For files of node definitions, with the types of the installed plugins; a type whose rules are not right is left out."""
    implementation = _mapping(core.IMPLEMENTATION, templates=False)
    for section in ("resource", "contextualisation", "config_management"):
        rules = {type: _mapping(rules.schema) for type, rules in _sound_rules(composition, section)}
        _refine(implementation, section, _of_types(rules, _summaries(composition, section)))
    _refine(implementation, "health_check", _mapping(composition.rules("health_check").schema))
    several = {"type": "array", "minItems": 1, "items": _unless(implementation)}
    schema = {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {"^node_def:.+": {"description": "A list of implementations, of which one is chosen.", **_unless(several)}},
        "additionalProperties": False,
    }
    return _document("Occopus node definitions", schema)


def credentials_schema(composition: Composition) -> dict[str, Any]:
    """For authentication files. Entries of types that are not installed may hold anything."""
    schema: dict[str, Any] = {"type": ["object", "null"], "properties": {}, "additionalProperties": False}
    for kind in CREDENTIALS_OF:
        specs = {type: _credentials(composition, kind, type) for type in composition.types(kind)}
        rules = {type: {"properties": {"auth_data": _auth_data(spec)}} for type, spec in specs.items() if spec}
        entry = _of_types(rules, _summaries(composition, kind), others=True)
        entry["properties"]["auth_data"] = {"description": "What the plugin needs to be let in."}
        entry["required"] = ["type"]
        about = f"What is used for sections '{kind}' that have the same values under the same keys, 'auth_data' aside."
        schema["properties"][kind] = {"description": about, **_unless({"type": ["array", "null"], "items": _unless(entry)})}
    return _document("Occopus credentials", schema)


CREDENTIALS_OF = ("resource", "config_management", "notifier")
"""The lists of an authentication file."""


def _document(title: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **schema, "$defs": DEFINITIONS}


def _sound_rules(composition: Composition, section: str) -> Iterator[tuple[str, SectionRules]]:
    for type in composition.types(section):
        with suppress(MissingPlugin):
            yield type, composition.rules(section, type)


def _summaries(composition: Composition, section: str) -> dict[str, str]:
    return {type: composition.spec(section, type).summary for type in composition.types(section)}


def _credentials(composition: Composition, section: str, type: str) -> CredentialsSpec | None:
    return getattr(composition.spec(section, type), "credentials", None)


def _auth_data(spec: CredentialsSpec) -> dict[str, Any]:
    """Keys that a plugin does not know do no harm."""
    drawn = _mapping(spec.schema, more=True)
    return _unless(drawn if spec.required else {**drawn, "type": ["object", "null"]})


def _dependency() -> dict[str, Any]:
    """A pair, or a mapping with one; nodes are named, or are aliases, which editors take for the nodes themselves."""
    pair = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": ["string", "object"]}}
    attributes = _rule(core.PAIR_OF_ATTRIBUTES, templates=False)
    mapping = _mapping(core.MAPPING, templates=False, more=True)
    connection = _mapping(core.CONNECTION, templates=False, more=True)
    connection["properties"]["connection"] = _unless(pair)
    connection["properties"]["mappings"]["else"]["items"] = {"if": {"type": "array"}, "then": attributes, "else": mapping}
    return {"if": {"type": "array"}, "then": pair, "else": connection}


def _refine(implementation: dict[str, Any], section: str, rules: dict[str, Any]) -> None:
    """Put the rules for its types in place of the rule that a section is a mapping; one that may be left out may also be null."""
    outline = core.IMPLEMENTATION[section]
    if outline.get("nullable"):
        rules = {"if": {"type": "null"}, "else": rules}
    implementation["properties"][section] = {"description": outline["meta"]["description"], **_unless(rules)}


def _of_types(rules: Mapping[str, dict[str, Any]], summaries: Mapping[str, str], others: bool = False) -> dict[str, Any]:
    """A mapping that its `type` says the rules of. Each type's rules stand under a condition of their own: so an editor offers and checks
    the keys of that type, and says what is wrong with them. With `others`, there are types that nobody here knows.
    """
    names = {"enum": list(rules), "enumDescriptions": [summaries[type] for type in rules]}
    known = {"description": "The type of an installed plugin.", **({"anyOf": [names, {"type": "string"}]} if others else names)}
    cases = [
        {
            "if": {"type": "object", "properties": {"type": {"const": type}}, "required": ["type"]},
            "then": _explained(of_type, type, summaries),
        }
        for type, of_type in rules.items()
    ]
    drawn = {"type": "object", "required": ["type"], "properties": {"type": known}}
    return drawn | ({"allOf": cases} if cases else {})


def _explained(rules: dict[str, Any], type: str, summaries: Mapping[str, str]) -> dict[str, Any]:
    """With what a type is, which editors show at its name."""
    return {"title": type, **rules, "properties": {**rules["properties"], "type": {"const": type, "description": summaries[type]}}}


def _mapping(schema: Schema, templates: bool = True, more: object = False) -> dict[str, Any]:
    """A mapping with these keys. `more` says what other keys may hold: nothing, whatever a rule says, or anything."""
    required = [key for key, rule in schema.items() if rule.get("required")]
    drawn: dict[str, Any] = {
        "type": "object",
        "properties": {key: _rule(rule, templates, templates and key not in required) for key, rule in schema.items()},
        "additionalProperties": _rule(more, templates) if isinstance(more, Mapping) else bool(more),
    }
    return drawn | ({"required": required} if required else {})


def _rule(rule: Mapping[str, Any], templates: bool, may_be_empty: bool = False) -> dict[str, Any]:
    """A key that may be left out may have no value, too."""
    drawn = _alone(rule, templates)
    if may_be_empty or rule.get("nullable"):
        drawn = {"if": {"type": "null"}, "else": drawn}
    meta = rule.get("meta", {})
    about = {"description": meta["description"]} if "description" in meta else {}
    return about | ({"examples": [meta["example"]]} if "example" in meta else {}) | _unless(drawn, templates)


def _unless(drawn: dict[str, Any], templates: bool = False) -> dict[str, Any]:
    """A rule for all but what is not there yet. A condition and no choice: so an editor says what is wrong, and not that nothing fits."""
    return {"if": {"$ref": f"#/$defs/{'later' if templates else 'import'}"}, "else": drawn}


def _alone(rule: Mapping[str, Any], templates: bool) -> dict[str, Any]:
    """What a value must be that is no template and not null."""
    drawn: dict[str, Any] = {name: rule[key] for key, name in KEYWORDS.items() if key in rule}
    types = rule.get("type", [])
    names = [TYPES.get(type, type) for type in ([types] if isinstance(types, str) else types)]
    if names:
        drawn["type"] = names[0] if len(names) == 1 else names
    if "regex" in rule:
        drawn["pattern"] = f"^(?:{rule['regex'].removesuffix(_END)})$"
        drawn |= {"patternErrorMessage": f"It must be {expected}."} if (expected := rule.get("meta", {}).get("expected")) else {}
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

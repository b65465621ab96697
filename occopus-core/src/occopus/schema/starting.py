"""Values to begin with: a section of a type that passes its plugin's own rules, for users to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from occopus.model.secret import SecretReference, is_secret_key
from occopus.plugins.schema import Schema
from occopus.schema.composition import SectionRules
from occopus.schema.validation import SchemaValidator

TEXTS = ("change-me", "https://change-me.example.org", "1")
"""What a text may be where its rules give no example: the first that they allow."""


def starting_section(rules: SectionRules, type: str) -> dict[str, Any]:
    """As few keys as the rules and checks of a section allow, in their order, each with a value that they allow as far as one is found."""
    section: dict[str, Any] = {"type": type}
    keys = sorted((key for key in rules.schema if key != "type"), key=lambda key: _comes_late(key, rules.schema[key]))
    for key in (*keys, *keys):  # once more, since checks look only at what breaks no rule
        for value in starting_values(type, key, rules.schema[key]):
            section = min(section, {**section, key: value}, key=lambda tried: _faults(rules, tried))  # the first, where both are equal
    return {key: section[key] for key in ("type", *rules.schema) if key in section}


def starting_values(type: str, key: str, rule: Mapping[str, Any]) -> Iterator[Any]:
    """Values that a rule allows, the most telling first. A secret is never one: it is referred to."""
    validator = SchemaValidator({key: rule})
    return (value for value in _values(type, key, rule) if not any(validator.problems({key: value})))


def is_secret(key: str, rule: Mapping[str, Any]) -> bool:
    """Whether nobody may see the value of a key."""
    return bool(rule.get("meta", {}).get("secret")) or is_secret_key(key)


def _comes_late(key: str, rule: Mapping[str, Any]) -> tuple[bool, bool]:
    """Required keys come first, and secrets last, so that of several ways the one without a secret is taken."""
    return not rule.get("required"), is_secret(key, rule)


def _faults(rules: SectionRules, section: Mapping[str, Any]) -> tuple[int, int, int]:
    """How wrong a section is: against the schema, by the checks, and how doubtful."""
    known = {key: TEXTS[0] if isinstance(value, SecretReference) else value for key, value in section.items()}
    problems = list(rules.problems(known))  # with secrets as texts: checks don't look at what is not known yet
    errors = sum(not problem.warning for problem in problems)
    return sum(1 for _ in rules.validator.problems(section)), errors, len(problems) - errors


def _values(type: str, key: str, rule: Mapping[str, Any]) -> Iterator[Any]:
    if is_secret(key, rule):
        yield SecretReference("env", f"{type}_{key}".upper().replace("-", "_"))
        return
    yield from (rule["meta"]["example"],) if "example" in rule.get("meta", {}) else ()
    yield from (rule["default"],) if "default" in rule else ()
    yield from rule.get("allowed", ())
    types = rule.get("type", ())
    for name in [types] if isinstance(types, str) else types or ["string"]:
        yield from _of_type(name, type, rule)


def _of_type(name: str, type: str, rule: Mapping[str, Any]) -> Iterable[Any]:
    below = rule.get("schema") or {}
    match name:
        case "string":
            return TEXTS
        case "integer" | "float" | "number":
            return [rule["min"]] if "min" in rule else [1, rule.get("max", 0)]
        case "boolean":
            return [False]
        case "list":
            return [*([value] for value in starting_values(type, "", below)), []]
        case "dict":
            return [_mapping(type, below)]
    return ()


def _mapping(type: str, schema: Schema) -> dict[str, Any]:
    needed = ((key, rule) for key, rule in schema.items() if isinstance(rule, Mapping) and rule.get("required"))
    return {key: next(iter(starting_values(type, key, rule)), None) for key, rule in needed}

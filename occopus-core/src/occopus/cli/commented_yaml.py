"""YAML that explains itself: each key under its description; keys that may be added with a mark before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from occopus.model.secret import SecretReference
from occopus.plugins.schema import Schema
from occopus.schema.starting import starting_values


class _Dumper(yaml.SafeDumper):
    """Knows references to secrets."""


_Dumper.add_representer(SecretReference, lambda dumper, value: dumper.represent_mapping("!secret", {value.kind: value.name}, True))


def commented(type: str, schema: Schema, values: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Lines with these values, and then with what else the schema of a type knows, as comments."""
    for key in values:
        yield from _explained(schema[key], indent)
        below = schema[key].get("schema")
        if isinstance(values[key], Mapping) and isinstance(below, Mapping):
            yield f"{indent}{as_yaml(key)}:"
            yield from commented(type, below, values[key], indent + "  ")
        else:
            yield f"{indent}{as_yaml(key)}: {as_yaml(values[key])}"
    for key, rule in schema.items():
        if key not in values and not _description(rule).startswith("Deprecated"):
            yield from _explained(rule, indent)
            yield f"{indent}#{as_yaml(key)}: {as_yaml(next(starting_values(type, key, rule), ''))}"


def as_yaml(value: Any) -> str:
    """A value on one line."""
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _explained(rule: Mapping[str, Any], indent: str) -> Iterator[str]:
    description = " ".join(_description(rule).split())
    if description:
        yield f"{indent}# {description}"


def _description(rule: Mapping[str, Any]) -> str:
    return str(rule.get("meta", {}).get("description", ""))

"""Tables of keys from Cerberus schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {
    "string": "text",
    "integer": "whole number",
    "float": "number",
    "number": "number",
    "boolean": "true or false",
    "dict": "mapping",
    "list": "list",
}


def key_table(schema: Mapping[str, Mapping[str, Any]], first: str = "") -> str:
    """All keys of a schema, those below them too; `first` is a row to begin with."""
    lines = ["| key | value | required | meaning |", "|---|---|---|---|", *([first] if first else [])]
    return "\n".join([*lines, *_rows(schema, "")]) + "\n"


def _rows(schema: Mapping[str, Mapping[str, Any]], above: str) -> Iterator[str]:
    for key, rule in schema.items():
        required = "yes" if rule.get("required") else f"no; `{rule['default']}`" if "default" in rule else "no"
        meta = rule.get("meta", {})
        example = f" For example `{meta['example']}`." if isinstance(meta.get("example"), str | int) else ""
        description = meta.get("description", "") + example
        yield f"| `{above}{key}` | {cell(value(rule))} | {required} | {cell(description)} |"
        below = rule.get("schema")
        if isinstance(below, Mapping) and _types(rule) == ["dict"]:
            yield from _rows(below, f"{above}{key}.")
        elif isinstance(below, Mapping) and isinstance(below.get("schema"), Mapping) and _types(below) == ["dict"]:
            yield from _rows(below["schema"], f"{above}{key}[].")


def value(rule: Mapping[str, Any]) -> str:
    """What a value has to be, in words."""
    choices = [value(each) for logic in ("anyof", "oneof") for each in rule.get(logic, ())]
    names = choices or [NAMES.get(name, name) for name in _types(rule)]
    words = " or ".join(dict.fromkeys(names)) or "anything"
    items = rule.get("schema")
    if words == "list" and isinstance(items, Mapping) and ("type" in items or "anyof" in items):
        words = f"list of {value(items)}"
    if "allowed" in rule:
        words = ", ".join(f"`{each}`" for each in rule["allowed"])
    limits = [f"at least {rule['min']}"] if "min" in rule else []
    limits += [f"at most {rule['max']}"] if "max" in rule else []
    return ", ".join([words, *limits])


def _types(rule: Mapping[str, Any]) -> list[str]:
    types = rule.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")

"""What a request's body may hold: the public description of each type, as far as bodies of tests go.

`shapes.json` was read from the model definitions of azure-mgmt-compute 39.0.0 and azure-mgmt-network 33.1.0, and from the public types of
Microsoft.ContainerInstance 2025-09-01. A rule `any` stands for a type that no test sends. Of `vmSize` the description lists a few values
only, and says so: it is text here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "shapes.json").read_text())

PLAIN = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def faults(shape: str, body: Any, path: str = "") -> Iterator[str]:
    """Everything in a body that its description does not allow."""
    if not isinstance(body, dict):
        yield f"{path or 'the body'} must be an object"
        return
    rules = SHAPES[shape]
    for key, value in body.items():
        if key not in rules:
            yield f"{path}{key} is not known"
        elif rules[key].get("readonly"):
            yield f"{path}{key} is read-only"
        else:
            yield from _faults(rules[key], value, f"{path}{key}")
    yield from (f"{path}{key} is missing" for key, rule in rules.items() if rule.get("required") and key not in body)


def _faults(rule: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if "object" in rule:
        yield from faults(rule["object"], value, f"{path}.")
    elif "items" in rule or "values" in rule:
        kind, name = (list, "list") if "items" in rule else (dict, "object")
        if not isinstance(value, kind):
            yield f"{path} must be a {name}"
            return
        for key, item in enumerate(value) if isinstance(value, list) else value.items():
            yield from _faults(rule.get("items") or rule["values"], item, f"{path}[{key}]")
    elif "any" in rule:
        yield f"{path} is of a type that this double does not know"
    else:
        yield from _plain_faults(rule, value, path)


def _plain_faults(rule: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, PLAIN[rule["type"]]) or (isinstance(value, bool) and rule["type"] != "boolean"):
        yield f"{path} must be a {rule['type']}"
    elif "enum" in rule and value not in rule["enum"]:
        yield f"{path} must be one of {rule['enum']}"

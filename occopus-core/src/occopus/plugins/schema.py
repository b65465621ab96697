"""Schemas and checks for the sections of a node definition.

All specs that have a schema owe this to users:

- `type` is what users write: lower case, without blanks around it. `summary` says in a few words what it is.
- The schema is one that Cerberus understands. A key that it does not know is refused, for it is most likely misspelt, and so is a section
  without a key that is `required`. A valid section passes the schema and all checks.
- What can't be meant is refused, by the schema or by a check, before anything is made of it.
- Every key says what it is for in `meta.description`, keys of credentials too.
- What is secret is marked with `meta.secret`, so at least one key of the credentials is.
- The README of the package, which is what its distribution shows as its description, names the type and every key that has a
  description.
- `endpoint` names keys of the schema.
- Each check is a named function, for its name stands in documentation. It sees only sections that the schema accepts, and raises nothing,
  whatever these hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from occopus.model.node import Section

Schema = Mapping[str, Mapping[str, Any]]
"""A Cerberus schema: the rules by key. Two things are Occopus's own: `meta: {description: ..., example: ...}` documents a key, also in
editors and in what `occopus init` writes (and `meta: {secret: True}` keeps its value out of every output and of the store), and a string
that holds a template satisfies any type until it is rendered."""


def text(description: str, example: str | None = None, **rules: Any) -> dict[str, Any]:
    """The rules of a key that holds a text, which is not empty, with more of Cerberus' rules."""
    meta = {"description": description} | ({"example": example} if example else {})
    return {"type": "string", "empty": False, **rules, "meta": meta | rules.get("meta", {})}


SECTIONS = ("resource", "contextualisation", "config_management", "health_check")
"""The sections of an implementation."""


@dataclass(frozen=True)
class Problem:
    """What a check found: where (keys and list indices from the section down) and what. A warning stops nobody."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    warning: bool = False


Check = Callable[[Section], Iterable[Problem]]
"""A rule over several keys. Its name (the function's) appears in documentation; it yields what it finds wrong."""


@dataclass(frozen=True)
class SchemaRule:
    """Rules for one type of one section, beyond those that come with the type's own spec.

    `schema` may add keys and must not redefine any.
    """

    section: str
    type: str
    schema: Schema
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class CredentialsSpec:
    """What the authentication file must hold for a type. Where `required` is false the plugin can do without an entry."""

    schema: Schema
    required: bool = True
    checks: tuple[Check, ...] = ()

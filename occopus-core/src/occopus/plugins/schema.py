"""Schemas and checks for the sections of a node definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from occopus.model.node import Section

Schema = Mapping[str, Mapping[str, Any]]
"""A Cerberus schema: the rules by key. Two things are Occopus's own: `meta: {description: ...}` documents a key (and `meta: {secret: True}`
keeps its value out of every output and of the store), and a string that holds a template satisfies any type until it is rendered."""


def text(description: str, **rules: Any) -> dict[str, Any]:
    """The rules of a key that holds a text, which is not empty, with more of Cerberus' rules."""
    return {"type": "string", "empty": False, "meta": {"description": description}, **rules}


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

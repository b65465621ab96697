"""Nodes as a user describes them, and the definitions that say how each can be made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Section = Mapping[str, Any]
"""A checked part of a description whose keys a plugin knows."""


@dataclass(frozen=True)
class Scaling:
    """How many instances a node may have; both are hard limits."""

    min: int = 1
    max: int = 1

    @classmethod
    def of(cls, section: Section) -> Scaling:
        """From a description that is checked."""
        least = section.get("min", 1)
        return cls(least, section.get("max", least))

    def clamped(self, number: int) -> int:
        """The number within the limits that is nearest."""
        return max(self.min, min(self.max, number))


@dataclass(frozen=True)
class Implementation:
    """One way to make a node.

    `index` is its place in the definition, counted from 0. A section that the user left out is None.
    """

    index: int
    resource: Section
    contextualisation: Section | None = None
    config_management: Section | None = None
    health_check: Section | None = None
    create_timeout: float | None = None

    @property
    def type(self) -> str:
        """The resource handler's type, `ec2` for example."""
        return str(self.resource["type"])

    @property
    def label(self) -> str:
        """How messages name it."""
        return label(self.resource, self.index)


def label(resource: Section, index: int) -> str:
    """How messages name an implementation: type, the user's name for the resource, and its place where it has no name."""
    type, name = resource.get("type", "?"), resource.get("name")
    return f"{type} '{name}'" if name else f"{type} #{index + 1}"


@dataclass(frozen=True)
class Node:
    """A node of an infrastructure with all that applies to it: its variables are already merged with the infrastructure's,
    its implementations already filtered.

    `create_timeout` is in seconds; None means the configured default.
    """

    name: str
    type: str
    implementations: tuple[Implementation, ...]
    scaling: Scaling = Scaling()
    variables: Section = field(default_factory=dict)
    attributes: Section = field(default_factory=dict)
    create_timeout: float | None = None

    def fingerprint(self, implementation: Implementation) -> str:
        """Changes whenever an instance made from this node by this implementation would be made differently."""
        sections = (
            implementation.resource,
            implementation.contextualisation,
            implementation.config_management,
            implementation.health_check,
        )
        return digest([self.variables, self.attributes, *sections])


def digest(value: Any) -> str:
    """A short hash of plain data; mappings that differ only in their order have the same."""
    as_stored = json.loads(json.dumps(value, default=str))  # keys that are numbers are text then, before they are sorted
    text = json.dumps(as_stored, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]

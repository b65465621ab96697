"""An infrastructure as it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NewType

from occopus.model.node import Implementation, Node, Scaling, Section, digest

InfraId = NewType("InfraId", str)
"""Identifies a built infrastructure (a UUID as text)."""


@dataclass(frozen=True)
class AttributeMapping:
    """An attribute of the dependee that the dependent is told of, as its own attribute `destination`.

    With `synch` the dependee counts as ready only when its config manager reports `source`.
    """

    source: str
    destination: str
    synch: bool = False


@dataclass(frozen=True)
class Dependency:
    """`dependent` is made only when every instance of `dependee` is ready."""

    dependent: str
    dependee: str
    mappings: tuple[AttributeMapping, ...] = ()


@dataclass(frozen=True)
class Infrastructure:
    """A checked description with the node definitions it uses.

    `nodes` stand in the order of creation: every node after those it depends on. `source` is the plain data that it was
    compiled from; it is what the store keeps.
    """

    name: str
    user_id: str
    nodes: Mapping[str, Node]
    dependencies: tuple[Dependency, ...] = ()
    source: Section = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def dependees(self) -> Mapping[str, tuple[Dependency, ...]]:
        """By node: what it waits for."""
        found: dict[str, list[Dependency]] = {name: [] for name in self.nodes}
        for dependency in self.dependencies:
            found[dependency.dependent].append(dependency)
        return {name: tuple(edges) for name, edges in found.items()}

    def fingerprint(self, node: Node, implementation: Implementation) -> str:
        """Changes whenever an instance of a node would be made differently, also for what it is told of other nodes."""
        own = node.fingerprint(implementation)
        told = [[d.dependee, m.source, m.destination] for d in self.dependees[node.name] for m in d.mappings]
        return digest([own, told]) if told else own

    @cached_property
    def synch_attributes(self) -> Mapping[str, tuple[str, ...]]:
        """By node: the attributes that its config manager must report before it counts as ready."""
        found: dict[str, list[str]] = {}
        for dependency in self.dependencies:
            wanted = [mapping.source for mapping in dependency.mappings if mapping.synch]
            found.setdefault(dependency.dependee, []).extend(wanted)
        return {name: tuple(attributes) for name, attributes in found.items() if attributes}


@dataclass(frozen=True)
class InfraRecord:
    """What the store knows of an infrastructure.

    `desired` is the source of the description that should exist; None when everything should go. `former` is the one before it: where a
    rollback returns to, and what still says in which order to drop. `changing` holds while the command that changed it is under way.
    `targets` has the number of instances wanted where it is not the minimum. Times are seconds since the epoch.
    """

    infra_id: InfraId
    name: str
    user_id: str
    created_at: float
    desired: Section | None
    former: Section | None = None
    changing: bool = False
    targets: Mapping[str, int] = field(default_factory=dict)
    config_managers: tuple[Section, ...] = ()
    """Those that were ever asked to look after it; each is told when it is gone."""

    def changed_to(self, wanted: Infrastructure) -> InfraRecord:
        """The record while the infrastructure is made what is wanted. What it goes back to is never what another command left half done."""
        former = self.former if self.changing else self.desired
        return replace(self, name=wanted.name, user_id=wanted.user_id, desired=wanted.source, former=former, changing=True)

    @cached_property
    def limits(self) -> Mapping[str, Scaling]:
        """By node that should exist: how many instances it may have."""
        return {node["name"]: Scaling.of(node.get("scaling") or {}) for node in (self.desired or {}).get("nodes", ())}

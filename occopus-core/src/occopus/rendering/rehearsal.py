"""Renders everything before anything exists, with made-up ids and addresses: to show it, and to find faults in templates in time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from occopus.errors import RenderError
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node
from occopus.rendering.inputs import Inputs
from occopus.rendering.resolve import Resolver
from occopus.rendering.scope import Outside, placeholder_for_command, placeholder_for_secret, refused_command, unheard
from occopus.schema.composition import Composition

FIRST_ADDRESS = IPv4Address("198.18.0.1")
"""The first made-up address; 198.18.0.0/15 is set aside for tests and belongs to nobody (RFC 2544)."""
ADDRESSES = 2**17 - 2
NAMESPACE = uuid.UUID("6f63636f-7075-5320-8000-000000000000")


def without_effects(outside: Outside) -> Outside:
    """The world outside as a rehearsal sees it: no command is run and no secret is looked up."""
    run_command = refused_command if outside.run_command is refused_command else placeholder_for_command
    return replace(outside, run_command=run_command, resolve_secret=placeholder_for_secret, learn=unheard, pretended=True)


@dataclass(frozen=True)
class Rehearsed:
    """What one instance would be made from."""

    node_name: str
    index: int
    infra_id: InfraId
    node_id: NodeId
    address: str
    inputs: Inputs


class Rehearsal:
    """An infrastructure that is only played."""

    def __init__(self, infrastructure: Infrastructure, composition: Composition, outside: Outside) -> None:
        self.infrastructure = infrastructure
        self.infra_id = InfraId(str(uuid.uuid5(NAMESPACE, infrastructure.name)))
        self.outside = outside
        self._resolver = Resolver(infrastructure, self.infra_id, composition, outside)
        self.at: tuple[Node, Implementation] | None = None
        """What `faults` looks at."""
        self._places = {name: place for place, name in enumerate(infrastructure.nodes)}
        self._first_numbers = _first_numbers(infrastructure)

    def rehearse(self) -> Iterator[Rehearsed]:
        """Every instance there is at first, in the order of creation, by the first implementation of its node."""
        for node in self.infrastructure.nodes.values():
            for index in range(node.scaling.min):
                instance = self._instance(node, index)
                inputs = self._inputs(node, node.implementations[0], instance)
                yield Rehearsed(node.name, index, self.infra_id, instance.node_id, instance.address or "", inputs)

    def faults(self) -> Iterator[tuple[Node, Implementation, RenderError]]:
        """All that can't be rendered, over all implementations."""
        for node in self.infrastructure.nodes.values():
            for implementation in node.implementations:
                self.at = node, implementation
                instance = self._instance(node, 0)
                failures: list[RenderError] = []
                self._inputs(node, implementation, instance, failures)
                self._resolver.health_checks(node, implementation, instance, failures)
                for failure in failures:
                    yield node, implementation, failure

    def _inputs(self, node: Node, implementation: Implementation, instance: Instance, failures: list[RenderError] | None = None) -> Inputs:
        return self._resolver.inputs(node, implementation, instance.node_id, lambda name: self._visible(node, name), failures)

    def _visible(self, node: Node, name: str) -> Sequence[Instance]:
        """The instances of another node that exist when this one is made."""
        other = self.infrastructure.nodes[name]
        if self._places[name] >= self._places[node.name]:
            return []
        if not self._comes_after(node.name, name):
            self.outside.warn(f"node '{node.name}' uses '{name}' and does not depend on it: built in parallel it may come too early")
        return [self._instance(other, index) for index in range(other.scaling.min)]

    def _comes_after(self, name: str, other: str) -> bool:
        """Whether a node depends on another, directly or through others."""
        seen, left = {name}, [name]
        while left:
            for dependency in self.infrastructure.dependees[left.pop()]:
                if dependency.dependee == other:
                    return True
                if dependency.dependee not in seen:
                    seen.add(dependency.dependee)
                    left.append(dependency.dependee)
        return False

    def _instance(self, node: Node, index: int) -> Instance:
        number = (self._first_numbers[node.name] + index) % ADDRESSES
        return Instance(
            infra_id=self.infra_id,
            node_id=NodeId(str(uuid.uuid5(NAMESPACE, f"{self.infrastructure.name}/{node.name}/{index}"))),
            node_name=node.name,
            implementation=node.implementations[0].index,
            fingerprint="",
            phase=Phase.CREATED,
            created_at=0.0,
            addresses=(Address(str(FIRST_ADDRESS + number), AddressKind.PRIVATE),),
            state=NodeState.READY,
        )


def _first_numbers(infrastructure: Infrastructure) -> dict[str, int]:
    """By node: how many instances come before its first."""
    numbers, total = {}, 0
    for node in infrastructure.nodes.values():
        numbers[node.name] = total
        total += node.scaling.min
    return numbers

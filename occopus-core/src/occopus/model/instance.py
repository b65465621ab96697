"""Instances of nodes: what was made, where it can be reached and how it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from occopus.model.infrastructure import InfraId
from occopus.model.node import Section, label

NodeId = NewType("NodeId", str)
"""Identifies one instance of a node (a UUID as text). It never names two machines, not even one after the other."""


REPLACES = "replaces"
"""How the origin of an instance begins that was made in place of another."""


class NodeState(StrEnum):
    """How an instance does, in the words of the reports."""

    PENDING = "pending"
    READY = "ready"
    UNKNOWN = "unknown"
    SHUTDOWN = "shutdown"
    TEMP_FAILED = "temp_failed"
    FAILED = "failed"


class AddressKind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    DNS = "dns"


@dataclass(frozen=True)
class Address:
    """Where an instance can be reached: an IP address, or a host name where the kind is `dns`."""

    value: str
    kind: AddressKind = AddressKind.PUBLIC


@dataclass(frozen=True)
class Handle:
    """What a resource handler needs to find again what it made for one node instance.

    `ids` holds the backend's own identifiers as they become known; it is empty where a create was begun and nothing came back.
    """

    infra_id: InfraId
    node_id: NodeId
    node_name: str
    ids: Mapping[str, str] = field(default_factory=dict)


class Phase(StrEnum):
    """How far the journal knows an instance to be (intent, effect, fact)."""

    CREATING = "creating"
    """The handler was asked to create it, or is about to be; it may exist."""
    CREATED = "created"
    """It was ready once."""
    DROPPING = "dropping"
    """The handler was asked to drop it, or is about to be; parts of it may still exist."""


@dataclass(frozen=True)
class Instance:
    """One instance of a node as the store keeps it.

    `implementation` is the index of the one chosen, `origin` says why it was made. `resource` is the rendered resource section without
    its secrets: it finds the endpoint and the credentials again. Of the other rendered inputs only a hash is kept. Times are seconds since
    the epoch.
    """

    infra_id: InfraId
    node_id: NodeId
    node_name: str
    implementation: int
    fingerprint: str
    phase: Phase
    created_at: float
    resource: Section = field(default_factory=dict)
    config_management: Section | None = None
    inputs_hash: str = ""
    origin: str = ""
    asked_at: float | None = None
    """When its backend was last asked to make it and may have done so although no id is known; None where that can't be."""
    ids: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    state: NodeState = NodeState.PENDING
    reason: str = ""
    state_since: float = 0.0
    failing_since: float | None = None

    @property
    def handle(self) -> Handle:
        """What its resource handler finds it by."""
        return Handle(self.infra_id, self.node_id, self.node_name, self.ids)

    @property
    def in_place_of(self) -> str:
        """What it was made in place of and why, where it was."""
        return self.origin if self.origin.startswith(REPLACES) else ""

    @property
    def label(self) -> str:
        """How messages name the implementation that it was made by."""
        return label(self.resource, self.implementation)

    @property
    def address(self) -> str | None:
        """The first address: the one that health checks and `getip` use."""
        return self.addresses[0].value if self.addresses else None

    @property
    def private_address(self) -> str | None:
        """The first private address; the first of all where none is private."""
        private = (a.value for a in self.addresses if a.kind is AddressKind.PRIVATE)
        return next(private, self.address)

"""A container as the engine lists it, as far as it matters here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId

INFRASTRUCTURE, NODE, NODE_NAME = "occopus:infra_id", "occopus:node_id", "occopus:node_name"
"""The labels that are our marks."""

CONTAINER = "container_id"
"""What is kept of a container in its handle."""


@dataclass(frozen=True)
class Container:
    id: str
    names: tuple[str, ...]
    state: str
    addresses: tuple[Address, ...]
    labels: Mapping[str, str]

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> Self:
        """From an item of a list of the engine."""
        return cls(
            id=listed["Id"],
            names=tuple(name.removeprefix("/") for name in listed.get("Names") or ()),
            state=listed["State"],
            addresses=tuple(_addresses(listed)),
            labels=listed.get("Labels") or {},
        )

    @property
    def node_id(self) -> NodeId:
        return NodeId(self.labels.get(NODE, ""))

    @property
    def handle(self) -> Handle:
        """As its marks say."""
        infra_id, name = InfraId(self.labels.get(INFRASTRUCTURE, "")), self.labels.get(NODE_NAME, "")
        return Handle(infra_id, self.node_id, name, self.ids)

    @property
    def ids(self) -> dict[str, str]:
        return {CONTAINER: self.id}


def _addresses(listed: Mapping[str, Any]) -> list[Address]:
    """The address on the first network: the one that the container was made in, and then those that it was connected to, as far as they
    give one.
    """
    networks: Mapping[str, Any] = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    mode = (listed.get("HostConfig") or {}).get("NetworkMode")
    first = "bridge" if mode == "default" else mode
    in_order = sorted(networks, key=lambda name: name != first)
    found = (networks[name].get("IPAddress") or networks[name].get("GlobalIPv6Address") for name in in_order)
    return [Address(address, AddressKind.PRIVATE) for address in found if address][:1]

"""A config manager that keeps the contract, with a server in memory: what the suite's own tests break in one point after the other."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.plugins import ConfigManager, ConfigManagerConfig, ConfigManagerSpec, ErrorKind, NodeRegistration, ResourceError, text

PASSWORD = "the-password-of-the-office"

SPEC = ConfigManagerSpec(
    type="office",
    manager="register_office:Office",
    summary="A register in memory",
    schema={"endpoint": text("Where it is.", required=True), "colour": text("Of its files.")},
)


@dataclass
class Entry:
    """What is known of a node."""

    infra_id: InfraId
    reported: dict[str, Any] | None = None


@dataclass
class Register:
    """The server."""

    infras: set[InfraId] = field(default_factory=set)
    nodes: dict[NodeId, Entry] = field(default_factory=dict)
    extras: set[NodeId] = field(default_factory=set)
    """Of nodes that have reported: what their machines have made."""
    closed: ErrorKind | None = None

    def held(self) -> list[str]:
        return [*self.infras, *self.nodes, *self.extras]

    def open(self, password: str) -> Register:
        if self.closed or password != PASSWORD:
            raise ResourceError(self.closed or ErrorKind.CREDENTIALS, "the office lets nobody in")
        return self

    def report(self, node_id: NodeId, attributes: Mapping[str, Any]) -> None:
        self.nodes[node_id].reported = dict(attributes)
        self.extras.add(node_id)


class Office(ConfigManager):
    def __init__(self, config: ConfigManagerConfig, client: Register) -> None:
        super().__init__(config, client)

    @property
    def register(self) -> Register:
        opened: Register = self.client.open(self.config.credentials["password"])
        return opened

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        self.register.infras.add(infra_id)

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        self.register.infras.discard(infra_id)

    def register_node(self, node: NodeRegistration) -> None:
        self.register.nodes.setdefault(node.node_id, Entry(node.infra_id))

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        self.register.nodes.pop(node_id, None)
        self.register.extras.discard(node_id)

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        known = {node_id: self.register.nodes[node_id] for node_id in node_ids if node_id in self.register.nodes}
        return {node_id: NodeState.PENDING if entry.reported is None else NodeState.READY for node_id, entry in known.items()}

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        entry = self.register.nodes.get(node_id)
        return (entry.reported or {}).get(path) if entry else None


def office(kind: type[Office], register: Register, password: str = PASSWORD) -> Office:
    return kind(ConfigManagerConfig({"type": "office", "endpoint": "here"}, {"password": password}, logging.getLogger("office")), register)

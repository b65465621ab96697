"""What the checks drive a config manager with: infrastructures and nodes of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.plugins.config_manager import ConfigManager, NodeRegistration

MakeManager = Callable[[], ConfigManager]
Inventory = Callable[[], Iterable[str]]
Report = Callable[[NodeId, Mapping[str, Any]], None]


@dataclass
class Bench:
    """Makes infrastructures and nodes for checks and remembers them, so that they can be removed whatever a check does."""

    make_manager: MakeManager
    section: dict[str, Any]
    attributes: dict[str, Any]
    infras: list[InfraId] = field(default_factory=list)
    nodes: list[NodeRegistration] = field(default_factory=list)

    def infra(self) -> InfraId:
        """A new one, of which the server has not heard."""
        self.infras.append(InfraId(str(uuid.uuid4())))
        return self.infras[-1]

    def prepared(self) -> InfraId:
        infra_id = self.infra()
        self.make_manager().prepare_infrastructure(infra_id)
        return infra_id

    def node(self, infra_id: InfraId, name: str = "web") -> NodeRegistration:
        """A new one, of which the server has not heard."""
        self.nodes.append(NodeRegistration(infra_id, NodeId(str(uuid.uuid4())), name, self.section, self.attributes))
        return self.nodes[-1]

    def registered(self, infra_id: InfraId | None = None, name: str = "web") -> NodeRegistration:
        node = self.node(infra_id or self.prepared(), name)
        self.make_manager().register_node(node)
        return node

    def state(self, node: NodeRegistration) -> NodeState | None:
        """As a fresh manager tells it."""
        return self.make_manager().states([node.node_id]).get(node.node_id)

    def remove_everything(self) -> None:
        manager = self.make_manager()
        for node in self.nodes:
            manager.drop_node(node.infra_id, node.node_id)
        for infra_id in self.infras:
            manager.drop_infrastructure(infra_id)


def left_of(inventory: Inventory, *ids: str) -> list[str]:
    """Of these, what the server still has: each as often as there are things of it."""
    return sorted(each for each in inventory() if each in ids)

"""Config managers: what installs and configures software on nodes from a server of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins.schema import Check, CredentialsSpec, Schema

if TYPE_CHECKING:  # start-up is felt at every command
    import logging


@dataclass(frozen=True)
class ConfigManagerConfig:
    """All that a config manager is made from. Of `section`, it may rely on the keys its spec names as `endpoint` only."""

    section: Section
    credentials: Section
    logger: logging.Logger


@dataclass(frozen=True)
class NodeRegistration:
    """A node instance that the config manager is to look after."""

    infra_id: InfraId
    node_id: NodeId
    node_name: str
    section: Section
    attributes: Section


class ConfigManager(ABC):
    """Serves one endpoint for the length of a pass.

    Every method is idempotent, may raise `ResourceError`, and is called from several threads.
    """

    def __init__(self, config: ConfigManagerConfig, client: Any = None) -> None:
        """`client` replaces the real client in tests."""
        self.config = config
        self.client = client

    @abstractmethod
    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        """Make what all nodes of an infrastructure share, before its first node is registered."""

    @abstractmethod
    def drop_infrastructure(self, infra_id: InfraId) -> None:
        """Remove what `prepare_infrastructure` and `register_node` left, after its last node is gone."""

    @abstractmethod
    def register_node(self, node: NodeRegistration) -> None:
        """Make a node known, before its machine is created."""

    @abstractmethod
    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        """Forget a node, after its machine is gone. Succeeds on one that is not known."""

    @abstractmethod
    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        """How far each node is configured. What it does not know is absent."""

    @abstractmethod
    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        """An attribute of a node by its dotted path; None while there is none."""

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        """What templates may use besides the common names, from the node's own section. Pure."""
        return {}


@dataclass(frozen=True)
class ConfigManagerSpec:
    """Declares a config manager. `manager` is `package.module:Class`."""

    type: str
    manager: str
    schema: Schema
    credentials: CredentialsSpec | None = None
    endpoint: tuple[str, ...] = ("endpoint",)
    checks: tuple[Check, ...] = ()
    summary: str = ""

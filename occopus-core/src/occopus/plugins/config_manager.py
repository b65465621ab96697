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

    Every method is idempotent, may raise `ResourceError`, and is called from several threads at once, by several commands onto one server.
    The class is loaded for templates too, so what it needs to talk to its server is imported when one is made of it.

    One without a server has nothing to wait for: each node that is asked for is `ready`, and there are no attributes.

    What a manager is trusted with, it tells nobody: no secret stands in a log, at any level, or in an error.
    """

    def __init__(self, config: ConfigManagerConfig, client: Any = None) -> None:
        """`client` replaces the real client in tests."""
        self.config = config
        self.client = client

    @abstractmethod
    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        """Make what all nodes of an infrastructure share.

        Called before each node is registered, and not only before the first: it leaves the nodes that are there as they are. What was
        dropped may be prepared again.
        """

    @abstractmethod
    def drop_infrastructure(self, infra_id: InfraId) -> None:
        """Remove everything that `prepare_infrastructure` and `register_node` left, after its last node is gone, and nothing of others.

        Succeeds on one that is not known, that has no nodes, and when called again.
        """

    @abstractmethod
    def register_node(self, node: NodeRegistration) -> None:
        """Make a node known to the server, before its machine is created.

        Registering a node again leaves it as it is: what its machine has reported is kept. Instances of one node have its name in common,
        also with nodes elsewhere: they are told apart by their ids. A node that is registered in place of a dropped one is as good as that.
        """

    @abstractmethod
    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        """Forget a node, after its machine is gone: remove everything of it, also what its machine made on the server.

        Nothing of others is removed, also not of instances of the same node.
        Succeeds on one that is not known, in an infrastructure that is not known, and when called again.
        """

    @abstractmethod
    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        """How far each node is configured: `pending` until its machine has reported, `ready` from then on.

        It speaks of the nodes that it is asked about, of whichever infrastructures, and of no other. What it does not know is absent, which
        is no error.
        """

    @abstractmethod
    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        """An attribute of a node, as its machine has reported it, by its dotted path.

        None while there is none, also where the node is not known or the path leads beyond a value, which is no error. What is there keeps
        its type and value: false, 0 and an empty text are attributes.
        """

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        """What templates may use besides the common names, from the node's own section, each by a name that templates can write.

        Pure: the same section gives the same, and stays as it is.
        """
        return {}


@dataclass(frozen=True)
class ConfigManagerSpec:
    """Declares a config manager.

    `manager` is `package.module:Class`, a `ConfigManager`. That module is imported when the first manager of the type is needed, not with
    the plugin. What all specs have in common stands in `occopus.plugins.schema`.
    """

    type: str
    manager: str
    schema: Schema
    credentials: CredentialsSpec | None = None
    endpoint: tuple[str, ...] = ("endpoint",)
    checks: tuple[Check, ...] = ()
    summary: str = ""

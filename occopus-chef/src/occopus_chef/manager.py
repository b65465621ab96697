"""The config manager: nodes are made known to a Chef server, and forgotten by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.plugins import ConfigManager, ConfigManagerConfig, NodeRegistration
from occopus_chef.node import as_wanted, attribute_of, environment, is_role_of, node, role, state_of

if TYPE_CHECKING:
    from occopus_chef.server import ChefServer


class ChefManager(ConfigManager):
    """Keeps nothing itself. An infrastructure is an environment, a node a role, an instance a node of the same name as its id."""

    def __init__(self, config: ConfigManagerConfig, client: ChefServer | None = None) -> None:
        super().__init__(config, client)
        self._server = client or _server(config)

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        self._server.ensure("environments", environment(infra_id))

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        for name in self._server.names("roles"):
            if is_role_of(infra_id, name):
                self._server.remove("roles", name)
        self._server.remove("environments", infra_id)

    def register_node(self, registration: NodeRegistration) -> None:
        wanted = node(registration)
        self._server.ensure("roles", role(registration.infra_id, registration.node_name))
        known = self._server.ensure("nodes", wanted)
        changed = as_wanted(known, wanted)
        if changed != known:
            self._server.replace("nodes", changed)

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        # The client first: without it, no machine can make the node again.
        self._server.remove("clients", node_id)
        self._server.remove("nodes", node_id)

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        found = {node_id: self._server.get("nodes", node_id) for node_id in node_ids}
        return {node_id: state_of(known) for node_id, known in found.items() if known is not None}

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        known = self._server.get("nodes", node_id)
        return None if known is None else attribute_of(known, path)


def _server(config: ConfigManagerConfig) -> ChefServer:
    # Templates are rendered with the manager's class, and need neither HTTP nor cryptography.
    from occopus_chef.server import ChefServer  # noqa: PLC0415
    from occopus_chef.signing import Signer  # noqa: PLC0415

    return ChefServer(config.section["endpoint"], Signer.of(config.credentials["client_name"], config.credentials["client_key"]))

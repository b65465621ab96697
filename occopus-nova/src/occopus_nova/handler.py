"""The resource handler of OpenStack: every node is a server of Nova."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId, NodeState
from occopus.plugins import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    HandlerConfig,
    ResourceError,
    ResourceHandler,
    ResourceStatus,
    one_at_a_time,
)
from occopus_nova import volumes
from occopus_nova.api import Api, Json
from occopus_nova.blueprint import Blueprints
from occopus_nova.connection import connect
from occopus_nova.floating import FloatingIps, addresses_of
from occopus_nova.marks import INFRA_ID, NODE_ID, NODE_NAME, from_description
from occopus_nova.names import Names
from occopus_nova.servers import Servers, in_order
from occopus_nova.status import refusal, status_of
from occopus_nova.wishes import can_have_floating_ip, wants_floating_ip

LEFT_OVER = ResourceStatus(NodeState.SHUTDOWN, detail="its floating IP is still allocated", unfinished=True)

FINAL = (ErrorKind.NO_CAPACITY, ErrorKind.QUOTA, ErrorKind.INVALID, ErrorKind.CREDENTIALS)
"""What repeating does not mend."""


class NovaHandler(ResourceHandler):
    """Keeps no state: what exists is found by its marks. Nova knows no client token, so a server is looked for before it is made."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._api = Api(client or connect(config), config.section.get("project_id"))
        names = Names(self._api)
        self._servers = Servers(self._api)
        self._floating = FloatingIps(self._api, names)
        self._blueprints = Blueprints(names)

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        with one_at_a_time(request.node_id):
            found = self._servers.of_node(request.handle)
            for twin in found[1:]:
                self.config.logger.warning("the server %s is the second one for the node %s: deleting it", twin["id"], request.node_id)
                self._servers.delete(twin)
            if found:
                return self._finish(request, found[0], checkpoint)
            return _stored(request.handle, checkpoint, server=self._servers.create(self._blueprints.of(request)))

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        listed = self._servers.of_infrastructures({handle.infra_id for handle in handles})
        found = {handle.node_id: in_order(handle, listed.get(handle.node_id, ())) or self._servers.unlisted(handle) for handle in handles}
        ips = self._floating.all() if any(not servers or can_have_floating_ip(servers[0]) for servers in found.values()) else []
        statuses = {
            node_id: status_of(server, addresses_of(ips, server["id"]), twins)
            for node_id, (server, *twins) in ((node_id, servers) for node_id, servers in found.items() if servers)
        }
        gone = [node_id for node_id in found if node_id not in statuses or statuses[node_id].state is NodeState.SHUTDOWN]
        left_over = {from_description(ip).get(NODE_ID) for ip in ips}
        return statuses | {node_id: LEFT_OVER for node_id in gone if node_id in left_over}

    def drop(self, handle: Handle) -> None:
        found = self._servers.of_node(handle)
        for server in found:
            self._servers.delete(server)
        if not found or any(map(wants_floating_ip, found)):
            self._floating.release(handle.node_id)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found: dict[NodeId, Handle] = {}
        for marks in map(from_description, self._floating.all()):
            if marks.get(INFRA_ID) == infra_id:
                node_id = NodeId(marks[NODE_ID])
                found[node_id] = Handle(infra_id, node_id, marks.get(NODE_NAME, ""))
        for node_id, servers in self._servers.of_infrastructures([infra_id]).items():
            name = servers[0].get("metadata", {}).get(NODE_NAME, "")
            found[node_id] = Handle(infra_id, node_id, name, {"server": servers[0]["id"]})
        return found.values()

    def _finish(self, request: CreateRequest, server: Json, checkpoint: Checkpoint) -> Handle:
        """Give a server what it still lacks, as far as that is possible now."""
        handle = _stored(request.handle, checkpoint, server=server["id"])
        refused = refusal(server)
        if refused:
            raise refused
        if can_have_floating_ip(server):
            ip = self._floating_ip(request, handle)
            handle = _stored(handle, checkpoint, floating_ip=ip) if ip else handle
        if server["status"] == "ACTIVE":
            volume = volumes.keep(self._api, request, server)
            handle = _stored(handle, checkpoint, volume=volume) if volume else handle
        return handle

    def _floating_ip(self, request: CreateRequest, handle: Handle) -> str | None:
        """The id of the one that was allocated for it. Where none can be had, the server goes."""
        try:
            return self._floating.give(request, handle.ids["server"])
        except ResourceError as error:
            if error.kind in FINAL:
                with suppress(ResourceError):  # the engine has it dropped too
                    self.drop(handle)
            raise


def _stored(handle: Handle, checkpoint: Checkpoint, **ids: str) -> Handle:
    """The handle with more ids, stored."""
    handle = replace(handle, ids={**handle.ids, **ids})
    checkpoint(handle)
    return handle

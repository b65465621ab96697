"""The resource handler of Azure Container Instances: every node is a container group with one container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Checkpoint, CreateRequest, HandlerConfig, ResourceHandler, ResourceStatus
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import Group, handle_of, is_of, node_of, state_of
from occopus_azure_aci.arm.kinds import CONTAINERS
from occopus_azure_aci.arm.networks import Left, Networks
from occopus_azure_aci.arm.record import Recorder
from occopus_azure_aci.containers import Blueprint
from occopus_azure_aci.status import status_of, without_group

SERVICE = "Microsoft.ContainerInstance/containerGroups"
"""Whom a subnet must be delegated to."""


class AzureAciHandler(ResourceHandler):
    """Keeps no state: names are told from the request, and what exists is found by its marks."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._group = Group(config, client)
        self._networks = Networks(self._group, SERVICE)

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        drawn, record = Blueprint(request), Recorder(request.handle, checkpoint)
        drawn.body(None)  # before anything is made
        id = self._group.id(CONTAINERS, drawn.name)
        self._group.ensure(request.resource["location"])
        there = self._group.get(CONTAINERS, id)
        if not there and not drawn.is_public:
            subnet = self._networks.ensure(request, record)
            if not subnet.is_ready:
                return record.handle
            self._group.ensure_object(CONTAINERS, id, drawn.body(subnet.id), request)
        elif not there:
            self._group.ensure_object(CONTAINERS, id, drawn.body(None), request)
        else:
            self._group.owned(CONTAINERS, there, request)
        record(container_group=id)
        return record.handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        groups = {node_of(group): group for group in self._group.each(CONTAINERS)}
        found = {h.node_id: status_of(self._looked_at(groups[h.node_id])) for h in handles if h.node_id in groups}
        missing = [handle for handle in handles if handle.node_id not in found]
        left = self._left() if missing else {}
        return found | {h.node_id: without_group(h, left[h.node_id]) for h in missing if h.node_id in left}

    def drop(self, handle: Handle) -> None:
        """First the container group, and when it is gone what it was in."""
        groups = [group for group in self._group.each(CONTAINERS) if node_of(group) == handle.node_id]
        for group in groups:
            if state_of(group) != "Deleting":
                self._group.delete(CONTAINERS, group["id"])
        for left in () if groups else self._left().get(handle.node_id, ()):
            if left.state != "Deleting":
                self._networks.delete(left)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found = {node_of(left.thing): handle_of(left.thing) for left in self._networks.made() if is_of(left.thing, infra_id)}
        for group in self._group.each(CONTAINERS):
            if is_of(group, infra_id):
                found[node_of(group)] = handle_of(group, container_group=group["id"])
        return found.values()

    def _looked_at(self, group: Json) -> Json:
        """A list does not say whether the containers run: of a group that is made, that is asked."""
        if state_of(group) != "Succeeded" or group["properties"].get("instanceView"):
            return group
        return self._group.get(CONTAINERS, group["id"]) or replace_state(group, "Deleting")

    def _left(self) -> dict[NodeId, list[Left]]:
        nodes: dict[NodeId, list[Left]] = {}
        for left in self._networks.made():
            nodes.setdefault(left.node_id, []).append(left)
        return nodes


def replace_state(group: Json, state: str) -> Json:
    """A group that went away between two looks."""
    return {**group, "properties": {**group["properties"], "provisioningState": state}}

"""The CloudBroker resource handler: every node is one instance."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import (
    Checkpoint,
    CreateRequest,
    HandlerConfig,
    ResourceError,
    ResourceHandler,
    ResourceStatus,
    UserData,
    one_at_a_time,
)
from occopus_cloudbroker.api import Api
from occopus_cloudbroker.instance import Instance
from occopus_cloudbroker.marks import instance_name

INSTANCE = "instance_id"
"""What a handle holds."""


class CloudBrokerHandler(ResourceHandler):
    """CloudBroker knows no client token, so an instance is looked for by its name before one is made. Of its own the handler only remembers
    which nodes are to go. It offers costs as well (`SupportsCost`).
    """

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        """`client` is a session of requests."""
        super().__init__(config, client)
        self._api = Api(config, client)
        self._leaving: set[NodeId] = set()

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        handle = request.handle
        with one_at_a_time(handle.node_id):
            if INSTANCE not in handle.ids:
                found = _in_order(each for each in self._api.instances() if each.node and each.node.node_id == handle.node_id)
                for twin in found[1:]:
                    if not twin.is_ending:
                        self.config.logger.warning("the instance %s is a second one for the same node: stopping it", twin.id)
                        self._api.stop(twin.id)
                made = found[0].id if found else self._api.make(_content(request), f"making an instance for {request.node_name}")
                handle = replace(handle, ids={INSTANCE: made})
            checkpoint(handle)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        listed = self._api.instances()
        by_id = {instance.id: instance for instance in listed}
        by_node = _by_node(listed)
        found = {handle.node_id: self._own(handle, by_id, by_node) for handle in handles}
        return {node_id: self._status(node_id, instances) for node_id, instances in found.items() if instances}

    def drop(self, handle: Handle) -> None:
        self._leaving.add(handle.node_id)
        for instance in self._of_node(handle):
            if not instance.is_ending:
                self._stop(instance)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        alive = [each for each in self._api.instances() if each.node and each.node.infra_id == infra_id and not each.has_ended]
        for instances in _by_node(alive).values():
            node = instances[0].node
            if node:  # without an id all of its instances are looked for, and dropped
                yield replace(node, ids={INSTANCE: instances[0].id}) if len(instances) == 1 else node

    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        """What nodes have cost so far, in the currency of the account. Those are absent of which the platform tells no cost."""
        asked = ((handle.node_id, self._api.cost(handle.ids[INSTANCE])) for handle in handles if INSTANCE in handle.ids)
        return {node_id: cost for node_id, cost in asked if cost is not None}

    def _own(self, handle: Handle, by_id: Mapping[str, Instance], by_node: Mapping[NodeId, Sequence[Instance]]) -> Sequence[Instance]:
        """Of a listing; an instance that this lacks although its id is known is asked for by itself."""
        known = handle.ids.get(INSTANCE)
        if known is None:
            return by_node.get(handle.node_id, ())
        instance = by_id.get(known) or self._api.instance(known)
        return [instance] if instance else []

    def _of_node(self, handle: Handle) -> Sequence[Instance]:
        if INSTANCE in handle.ids:
            instance = self._api.instance(handle.ids[INSTANCE])
            return [instance] if instance else []
        return _by_node(self._api.instances()).get(handle.node_id, ())

    def _status(self, node_id: NodeId, instances: Sequence[Instance]) -> ResourceStatus:
        """Of a node that is to go, but has an instance that is not stopping, the removal is unfinished."""
        status = instances[0].resource_status
        if node_id in self._leaving and not all(instance.is_ending for instance in instances):
            return replace(status, unfinished=True)
        return status

    def _stop(self, instance: Instance) -> None:
        try:
            self._api.stop(instance.id)
        except ResourceError:
            now = self._api.instance(instance.id)
            if now and not now.is_ending:
                raise


def _content(request: CreateRequest) -> dict[str, Any]:
    """The description as given, with what makes it a node."""
    description = request.resource["description"]
    content = {"disable_autostop": True, "isolated": True, **description}
    content["name"] = instance_name(request.handle, str(description.get("name") or request.machine_name))
    if isinstance(request.context, UserData):
        content |= {"cloud-init": base64.b64encode(request.context.text.encode()).decode(), "cloud-init-b64": True}
    if "start_in_vpc" in request.resource:
        content["start-in-vpc"] = request.resource["start_in_vpc"]
    return content


def _by_node(instances: Iterable[Instance]) -> dict[NodeId, list[Instance]]:
    nodes: dict[NodeId, list[Instance]] = {}
    for instance in _in_order(instances):
        if instance.node:
            nodes.setdefault(instance.node.node_id, []).append(instance)
    return nodes


def _in_order(instances: Iterable[Instance]) -> list[Instance]:
    """Those that have ended last: what is left of a node counts."""
    return sorted(instances, key=lambda each: (each.is_ending, each.status != "running", each.id))

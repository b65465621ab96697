"""The EC2 resource handler: every node is one instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Checkpoint, CreateRequest, HandlerConfig, ResourceHandler, ResourceStatus
from occopus_ec2.cloud import THERE, Cloud
from occopus_ec2.launch import parameters
from occopus_ec2.limits import APPEARS_WITHIN
from occopus_ec2.machine import INSTANCE, LAUNCHED, Machine
from occopus_ec2.status import NOT_SHOWN, status_of

INFRASTRUCTURE, NODE = "occopus:infra_id", "occopus:node_id"
"""The marks that instances are looked for by."""


class Ec2Handler(ResourceHandler):
    """Asks EC2 for everything. It remembers only what EC2 was told in this pass, and may not show yet."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._cloud = Cloud(config, client)
        self._leaving: set[NodeId] = set()
        """The nodes that are to go."""
        self._ending: set[str] = set()
        """The instances of which EC2 knows that they are to end, or that they did."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        handle = request.handle
        if INSTANCE not in handle.ids:
            machine = self._cloud.launch(parameters(request), f"making an instance for {request.node_name}")
            # What was made before from other parameters, or is gone again, keeps a handle without ids: it is looked for by its mark.
            handle = replace(handle, ids=machine.ids if machine else {})
        checkpoint(handle)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        by_id = {handle.ids[INSTANCE]: handle for handle in handles if INSTANCE in handle.ids}
        nameless = {handle.node_id for handle in handles if INSTANCE not in handle.ids}
        known = self._cloud.with_ids(by_id)
        found = {by_id[machine.id].node_id: [machine] for machine in known.machines}
        found |= _by_node(self._cloud.with_mark(NODE, nameless).machines)
        self._ending |= {machine.id for machines in found.values() for machine in machines if machine.is_ending}
        not_shown = {handle.node_id: NOT_SHOWN for handle in by_id.values() if self._may_yet_appear(handle, known.at)}
        return not_shown | {node_id: self._status(node_id, machines) for node_id, machines in found.items()}

    def drop(self, handle: Handle) -> None:
        self._leaving.add(handle.node_id)
        for instance_id in self._instances_of(handle):
            if instance_id not in self._ending and self._cloud.terminate(instance_id):
                self._ending.add(instance_id)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        for node_id, machines in _by_node(self._cloud.with_mark(INFRASTRUCTURE, {infra_id}, THERE).machines).items():
            if len(machines) > 1:  # without an id all of them are looked for, and dropped
                self.config.logger.warning("node %s has %d instances: %s", node_id, len(machines), ", ".join(m.id for m in machines))
            first = machines[0].handle
            yield first if len(machines) == 1 else replace(first, ids={})

    def _instances_of(self, handle: Handle) -> Sequence[str]:
        if INSTANCE in handle.ids:
            return [handle.ids[INSTANCE]]
        return [machine.id for machine in self._cloud.with_mark(NODE, {handle.node_id}).machines if not machine.is_ending]

    def _status(self, node_id: NodeId, machines: Sequence[Machine]) -> ResourceStatus:
        """Of a node that is to go, but has an instance that EC2 did not know when it was asked to end it, the removal is unfinished."""
        status = status_of(machines)
        missed = node_id in self._leaving and any(machine.id not in self._ending for machine in machines)
        return replace(status, unfinished=True) if missed else status

    def _may_yet_appear(self, handle: Handle, now: datetime) -> bool:
        """Whether EC2 may only not show the instance yet. One that has ended it shows for much longer than that."""
        launched = handle.ids.get(LAUNCHED)
        if handle.ids[INSTANCE] in self._ending or not launched:
            return False
        return (now - datetime.fromisoformat(launched)).total_seconds() < APPEARS_WITHIN  # both by EC2's clock


def _by_node(machines: Iterable[Machine]) -> dict[NodeId, list[Machine]]:
    nodes: dict[NodeId, list[Machine]] = {}
    for machine in machines:
        nodes.setdefault(machine.node_id, []).append(machine)
    return nodes

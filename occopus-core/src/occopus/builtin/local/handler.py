"""The local resource handler: every node is a supervised group of processes with a directory and a loopback address of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from occopus.builtin.local import processes
from occopus.builtin.local.directory import NodeDirectory
from occopus.builtin.local.failures import translated
from occopus.builtin.local.job import Job, job_for
from occopus.builtin.local.launch import Launcher
from occopus.builtin.local.record import Record
from occopus.builtin.local.status import status_of, supervisor_of
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins.resource import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    HandlerConfig,
    ResourceError,
    ResourceHandler,
    ResourceStatus,
)


class LocalHandler(ResourceHandler):
    """Keeps no state but the directories below `data_dir`: any number of handlers in any number of processes may serve the same nodes."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._root = config.data_dir.absolute() / "local"
        self._launcher = Launcher()

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        node = NodeDirectory.of(self._root, request.handle)
        job = job_for(request.context, self.config.logger)
        with translated(f"making the local node {request.node_id}"), node.locked():
            record = self._begin(node, request, checkpoint)
            if record.supervisor is None:
                record = self._start(node, record, job, checkpoint)
            return record.handle(node.path)

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        self._launcher.bury()
        if not handles:
            return {}
        with translated("looking at local nodes"):
            boot = processes.current_boot()
            statuses = {handle.node_id: status_of(NodeDirectory.of(self._root, handle), boot) for handle in handles}
        return {node_id: status for node_id, status in statuses.items() if status is not None}

    def drop(self, handle: Handle) -> None:
        node = NodeDirectory.of(self._root, handle)
        with translated(f"removing the local node {handle.node_id}"), node.locked():
            record = node.record()
            supervisor = supervisor_of(node, record, node.state()) if record else None
            if record and not record.dropping:
                node.save(replace(record, dropping=True))
            if record and not processes.same_boot(record.boot, processes.current_boot()):
                supervisor = None  # whatever has its number now was born in another boot
            if processes.end(handle.node_id, supervisor):
                node.remove()
            self._launcher.bury()

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        infrastructure = NodeDirectory(self._root, infra_id, "any").path.parent
        with translated(f"looking for the local nodes of {infra_id}"):
            found = sorted(path for path in infrastructure.iterdir() if path.is_dir()) if infrastructure.is_dir() else []
        for path in found:
            record = NodeDirectory(self._root, infra_id, path.name).record()
            yield record.handle(path) if record else Handle(infra_id, NodeId(path.name), "", {"directory": str(path)})

    def _begin(self, node: NodeDirectory, request: CreateRequest, checkpoint: Checkpoint) -> Record:
        """Find the node, or make its directory and mark it."""
        boot = processes.current_boot()
        record = node.record()
        if record and record.dropping:
            raise ResourceError(ErrorKind.TRANSIENT, f"the local node {request.node_id} is being removed")
        if record and not processes.same_boot(record.boot, boot):
            node.remove()  # the machine that it was ended with the last boot
            record = None
        if record is None:
            node.make()
            record = node.save(Record(request.infra_id, request.node_id, request.node_name, boot))
        checkpoint(record.handle(node.path))
        return record

    def _start(self, node: NodeDirectory, record: Record, job: Job, checkpoint: Checkpoint) -> Record:
        """Give the node its address and its files and switch it on; go on where an earlier call was cut off."""
        record = node.save(record.with_address(node.addresses.allocate(record.node_id)))
        checkpoint(record.handle(node.path))
        state = node.state()
        supervisor = supervisor_of(node, record, state) if state else None
        if supervisor is None:
            if not node.claimed():
                node.write_files(job.files)
                node.save_job(job.to_json())
            supervisor = self._launcher.start(node, record)
        record = node.save(record.with_supervisor(supervisor))
        checkpoint(record.handle(node.path))
        return record

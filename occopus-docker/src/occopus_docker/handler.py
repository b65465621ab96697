"""The resource handler of Docker: every node is a container."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Checkpoint, CreateRequest, HandlerConfig, ResourceHandler, ResourceStatus
from occopus_docker.container import INFRASTRUCTURE, NODE, Container
from occopus_docker.delivery import Delivery
from occopus_docker.engine import Engine
from occopus_docker.failures import invalid
from occopus_docker.images import Images
from occopus_docker.launch import parameters
from occopus_docker.limits import GRACE
from occopus_docker.status import ENDED, status_of, stopping, waiting_for


class DockerHandler(ResourceHandler):
    """Asks the engine for everything. It remembers only which nodes wait for their image, and which containers were asked to stop."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        super().__init__(config, client)
        self._engine = Engine(config, client)
        self._images = Images(self._engine, config)
        self._waiting: dict[NodeId, Delivery] = {}
        self._asked_to_stop: dict[str, float] = {}
        """By the id of a container: when, by this machine's monotonic clock."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        handle = request.handle
        container = next(iter(self._engine.with_mark(NODE, request.node_id)), None)
        delivery = None if container else self._images.delivery(request.resource)
        if delivery:
            self._waiting[request.node_id] = delivery
        else:
            container = container or self._made(request)
            self._waiting.pop(request.node_id, None)
        if container:
            handle = replace(handle, ids=container.ids)
        checkpoint(handle)
        if container and container.state == "created":
            self._engine.start(container.id)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        asked = {handle.node_id for handle in handles}
        statuses = {node_id: waiting_for(delivery) for node_id, delivery in list(self._waiting.items()) if node_id in asked}
        for infra_id in {handle.infra_id for handle in handles}:
            for container in self._engine.with_mark(INFRASTRUCTURE, infra_id):
                if container.node_id in asked:
                    statuses[container.node_id] = self._status(container)
        return statuses

    def drop(self, handle: Handle) -> None:
        self._waiting.pop(handle.node_id, None)
        for container in self._engine.with_mark(NODE, handle.node_id):
            if container.state == "running" and self._may_go_on(container):
                continue
            self._engine.remove(container.id)
            self._asked_to_stop.pop(container.id, None)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return list({container.node_id: container.handle for container in self._engine.with_mark(INFRASTRUCTURE, infra_id)}.values())

    def _made(self, request: CreateRequest) -> Container | None:
        """A new container, or the one that an earlier call made whose answer was lost: it has the name already. None where the engine is
        still making that one, and does not show it yet.
        """
        name = request.machine_name
        container_id = self._engine.create(name, parameters(request))
        if container_id:
            return Container(container_id, (name,), "created", (), request.marks)
        container = self._engine.with_name(name)
        if container and container.node_id != request.node_id:
            raise invalid(f"a container that is not of this node has the name {name}")
        return container

    def _may_go_on(self, container: Container) -> bool:
        """Whether a running container has time left to end by itself; it is asked to when this is asked first."""
        if container.id not in self._asked_to_stop:
            self._engine.ask_to_stop(container.id)
            self._asked_to_stop[container.id] = time.monotonic()
        return time.monotonic() - self._asked_to_stop[container.id] < GRACE

    def _status(self, container: Container) -> ResourceStatus:
        if container.id in self._asked_to_stop:
            return stopping(container)
        return status_of(container, self._engine.last_words(container.id) if container.state in ENDED else "")

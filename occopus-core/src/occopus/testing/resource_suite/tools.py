"""What the checks drive a handler with: requests, a journal like the store's, and the engine's polling in its simplest form."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId, NodeState
from occopus.plugins.contextualiser import Context
from occopus.plugins.resource import CreateRequest, ErrorKind, ResourceError, ResourceHandler, ResourceStatus

T = TypeVar("T")
MAY_PASS = (ErrorKind.TRANSIENT, ErrorKind.THROTTLED)

MakeHandler = Callable[[], ResourceHandler]
Inventory = Callable[[], Iterable[str]]


class Died(BaseException):
    """Stands for the end of the process: no handler may catch it."""


@dataclass
class Journal:
    """A checkpoint that keeps what it is given, as the store would.

    With `dies_at` the process dies at that checkpoint (counted from 1): once the handle is stored or, without `stores_first`, just before.
    """

    dies_at: int | None = None
    stores_first: bool = True
    stored: list[Handle] = field(default_factory=list)
    calls: int = 0

    def __call__(self, handle: Handle) -> None:
        self.calls += 1
        dies = self.calls == self.dies_at
        if dies and not self.stores_first:
            raise Died
        self.stored.append(handle)
        if dies:
            raise Died

    def resume(self, request: CreateRequest) -> CreateRequest:
        """The request as the engine repeats it: with the last handle that was stored."""
        return replace(request, handle=self.stored[-1]) if self.stored else request


@dataclass
class Bench:
    """Makes nodes for checks and remembers them, so that they can be removed whatever a check does. Times are in seconds."""

    make_handler: MakeHandler
    section: dict[str, Any]
    context: Context | None
    within: float
    poll_every: float
    requests: list[CreateRequest] = field(default_factory=list)
    infra_id: InfraId = field(default_factory=lambda: InfraId(str(uuid.uuid4())))

    def request(self, node_name: str = "web", infra_id: InfraId | None = None) -> CreateRequest:
        """For a new node of the check's own infrastructure, or of another."""
        node_id = NodeId(str(uuid.uuid4()))
        handle = Handle(infra_id or self.infra_id, node_id, node_name)
        request = CreateRequest(handle, f"occopus-suite-{handle.infra_id[:8]}-{node_name}-{node_id[:8]}", self.section, self.context)
        self.requests.append(request)
        return request

    def other_infrastructure(self) -> InfraId:
        return InfraId(str(uuid.uuid4()))

    def created(self, node_name: str = "web", infra_id: InfraId | None = None, **changes: Any) -> Handle:
        """The handle of a node that was submitted and may not be ready yet. `changes` are of its section."""
        request = self.request(node_name, infra_id)
        return self.make_handler().create(replace(request, resource={**request.resource, **changes}), Journal())

    def until_ready(
        self, handler: ResourceHandler, request: CreateRequest, journal: Journal | None = None
    ) -> tuple[Handle, ResourceStatus]:
        """Create a node and wait for it, calling `create` again for each next step that the handler announces."""
        journal = journal or Journal()
        handle = handler.create(journal.resume(request), journal)
        deadline = time.monotonic() + self.within
        while True:
            status = self._patiently(partial(handler.describe, [handle])).get(request.node_id)
            if status is not None and status.state is NodeState.READY:
                return handle, status
            assert time.monotonic() < deadline, f"a node must become ready; after {self.within:g} s it is {status}"
            if status is not None and status.state is NodeState.PENDING and status.unfinished:
                handle = handler.create(journal.resume(request), journal)
            time.sleep(self.poll_every)

    def until_gone(self, handler: ResourceHandler, handle: Handle) -> None:
        """Drop a node and wait for its end, calling `drop` again for each next step that the handler announces."""
        self._patiently(partial(handler.drop, handle))
        deadline = time.monotonic() + self.within
        while True:
            status = self._patiently(partial(handler.describe, [handle])).get(handle.node_id)
            if status is None or (status.state is NodeState.SHUTDOWN and not status.unfinished):
                return
            assert time.monotonic() < deadline, (
                f"after drop a node must become absent, or shutdown with nothing unfinished; after {self.within:g} s it is {status}"
            )
            if status.unfinished:
                self._patiently(partial(handler.drop, handle))
            time.sleep(self.poll_every)

    def _patiently(self, call: Callable[[], T]) -> T:
        """What a call gives. What may pass is tried again, as the engine does: a list that changes while it is read, for example."""
        deadline = time.monotonic() + self.within
        while True:
            try:
                return call()
            except ResourceError as error:
                if error.kind not in MAY_PASS or time.monotonic() > deadline:
                    raise
            time.sleep(self.poll_every)

    def remove_everything(self) -> None:
        """By node ids alone, as after the loss of every handle."""
        handler = self.make_handler()
        for request in self.requests:
            self.until_gone(handler, replace(request.handle, ids={}))


def count(inventory: Inventory, node_id: str) -> int:
    """How many machines the backend has for a node."""
    return list(inventory()).count(node_id)

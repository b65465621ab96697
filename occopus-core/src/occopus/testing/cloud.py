"""A small cloud in memory, and the resource handler in front of it: for tests of whatever works on handlers.

What is made is kept in `things`; all that was ever made, in `made`. Other attributes make the cloud slow, full, forgetful or unreachable.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId, NodeState
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.resource import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    ResourceError,
    ResourceHandler,
    ResourceHandlerSpec,
    ResourceStatus,
)
from occopus.plugins.schema import CredentialsSpec

Hook = Callable[[str, str, tuple[NodeId, ...]], None]
"""Called with the kind of call (create, describe, drop, find), the moment and the nodes that it is about. Moments are `before` and `after`
its effect, and in a create `stored`, when the checkpoint is done."""


@dataclass
class Thing:
    """One object of the cloud: a machine, or a part that a machine needs. `looks` counts how often it was described."""

    id: str
    part: str
    handle: Handle
    flavour: str
    looks: int = 0
    leaving: bool = False


@dataclass
class Cloud:
    """One endpoint. A node has a thing for each of `parts`, made one in each call of create and removed one in each call of drop."""

    endpoint: str
    parts: tuple[str, ...] = ("machine",)
    boot_looks: int = 1
    """Describes after which a thing is up."""
    drop_looks: int = 0
    """Describes during which a thing that is being dropped is still there."""
    capacity: dict[str, int] = field(default_factory=dict)
    """By flavour: for how many things there is room, where it is limited."""
    pending: set[str] = field(default_factory=set)
    """Names of nodes whose things never come up."""
    dead: set[str] = field(default_factory=set)
    """Names of nodes whose things fail as soon as they are up."""
    hidden: int = 0
    """Describes for which a new thing does not appear yet."""
    unreachable: bool = False
    hook: Hook = lambda kind, moment, nodes: None
    things: list[Thing] = field(default_factory=list)
    made: list[Thing] = field(default_factory=list)
    leaving: set[NodeId] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    failures: list[tuple[str, int | None, ResourceError, bool]] = field(default_factory=list)

    @staticmethod
    def at(endpoint: str) -> Cloud:
        """The cloud at an endpoint; there is one at each."""
        return _CLOUDS.setdefault(endpoint, Cloud(endpoint))

    def fail(self, kind: str, number: int | None, error: ResourceError, after: bool = False) -> None:
        """Let the call of a kind with this number (from 1; None means each) fail, before its effect or `after` it."""
        self.failures.append((kind, number, error, after))

    def of(self, node_id: NodeId) -> list[Thing]:
        """The things that bear a node's mark."""
        return [thing for thing in self.things if thing.handle.node_id == node_id]

    @contextmanager
    def call(self, kind: str, *nodes: NodeId) -> Iterator[None]:
        """Count a call and let it fail where it is to fail."""
        with self.lock:
            self.calls[kind] += 1
            number = self.calls[kind]
        self.hook(kind, "before", nodes)
        self._fail_now(kind, number, after=False)
        with self.lock:
            yield
        self._fail_now(kind, number, after=True)
        self.hook(kind, "after", nodes)

    def make(self, part: str, request: CreateRequest) -> Thing:
        flavour = str(request.resource.get("flavour", ""))
        if sum(thing.flavour == flavour for thing in self.things) >= self.capacity.get(flavour, len(self.things) + 1):
            raise ResourceError(ErrorKind.NO_CAPACITY, f"no room for {flavour}")
        thing = Thing(f"{part}-{len(self.made) + 1}", part, request.handle, flavour)
        self.things.append(thing)
        self.made.append(thing)
        return thing

    def remove(self, thing: Thing) -> None:
        self.things.remove(thing)
        if not self.of(thing.handle.node_id):
            self.leaving.discard(thing.handle.node_id)

    def look(self, node_id: NodeId) -> ResourceStatus | None:
        """Describe a node by its newest thing."""
        known = self.of(node_id)
        if not known:
            return None
        newest = known[-1]
        newest.looks += 1
        if newest.leaving and newest.looks > self.drop_looks:
            self.remove(newest)
            return self.look(node_id)
        if newest.leaving:
            return ResourceStatus(NodeState.PENDING, detail="shutting down")
        if node_id in self.leaving:
            return ResourceStatus(NodeState.SHUTDOWN, detail=f"has its {newest.part}", unfinished=True)
        if newest.looks <= self.hidden:
            return None
        if newest.handle.node_name in self.pending or newest.looks <= self.boot_looks:
            return ResourceStatus(NodeState.PENDING, detail="booting")
        if newest.handle.node_name in self.dead:
            return ResourceStatus(NodeState.FAILED, detail="kernel panic")
        if len(known) < len(self.parts):
            return ResourceStatus(NodeState.PENDING, detail=f"has its {newest.part}", unfinished=True)
        number = self.made.index(newest) + 1
        return ResourceStatus(NodeState.READY, (Address(f"10.0.{number // 250}.{number % 250 + 1}", AddressKind.PRIVATE),))

    def _fail_now(self, kind: str, number: int, after: bool) -> None:
        if self.unreachable:
            raise ResourceError(ErrorKind.TRANSIENT, f"{self.endpoint} can't be reached")
        for failing, which, error, late in self.failures:
            if failing == kind and which in (None, number) and late is after:
                raise error


_CLOUDS: dict[str, Cloud] = {}


class CloudHandler(ResourceHandler):
    """Keeps nothing itself: what it looks for it finds by the marks."""

    @property
    def cloud(self) -> Cloud:
        return Cloud.at(self.config.section["endpoint"])

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        with self.cloud.call("create", request.node_id):
            if request.node_id in self.cloud.leaving:
                raise ResourceError(ErrorKind.TRANSIENT, "it is being removed")
            known = self.cloud.of(request.node_id)
            if not known or (known[-1].looks > self.cloud.boot_looks and len(known) < len(self.cloud.parts)):
                known.append(self.cloud.make(self.cloud.parts[len(known)], request))
        handle = Handle(request.infra_id, request.node_id, request.node_name, {thing.part: thing.id for thing in known})
        checkpoint(handle)
        self.cloud.hook("create", "stored", (request.node_id,))
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        with self.cloud.call("describe", *(handle.node_id for handle in handles)):
            found = {handle.node_id: self.cloud.look(handle.node_id) for handle in handles}
        return {node_id: status for node_id, status in found.items() if status}

    def drop(self, handle: Handle) -> None:
        with self.cloud.call("drop", handle.node_id):
            known = self.cloud.of(handle.node_id)
            if known:
                self.cloud.leaving.add(handle.node_id)
            if known and not self.cloud.drop_looks:
                self.cloud.remove(known[-1])
            elif known and not known[-1].leaving:
                known[-1].leaving, known[-1].looks = True, 0

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        with self.cloud.call("find"):
            return [thing.handle for thing in self.cloud.things if thing.handle.infra_id == infra_id]


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="cloud",
        handler="occopus.testing.cloud:CloudHandler",
        schema={"name": {"type": "string"}, "endpoint": {"type": "string", "required": True}, "flavour": {"type": "string"}},
        contexts=frozenset({"cloudinit", "docker"}),
        credentials=CredentialsSpec({"password": {"type": "string"}}, required=False),
        appears_within=20.0,
    )

"""A resource handler that keeps the contract, with a backend in memory: what the suite's own tests break in one point after the other.

A node is a disk and a machine. Each call of the yard is a request that may be refused, and whose reply may get lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins import (
    Checkpoint,
    CreateRequest,
    CredentialsSpec,
    ErrorKind,
    Problem,
    ResourceError,
    ResourceHandler,
    ResourceHandlerSpec,
    ResourceStatus,
    one_at_a_time,
    text,
)

PASSWORD = "what-only-the-yard-knows"
PARTS = ("disk", "machine")
README = "The type `yard`, with the keys `endpoint`, `size` and `labels` (a list of `label`); its credentials are a `password`."


def size_fits(section: Section) -> Iterator[Problem]:
    if section.get("size", 0) > 100:
        yield Problem(("size",), "that is too much")


SPEC = ResourceHandlerSpec(
    type="yard",
    handler="yard:YardHandler",
    schema={
        "endpoint": text("Where it is.", required=True),
        "size": {"type": "integer", "meta": {"description": "Of its disk, in GB."}},
        "labels": {
            "type": "list",
            "schema": {"type": "dict", "schema": {"label": text("One.")}},
            "meta": {"description": "What to call it."},
        },
    },
    contexts=frozenset({"cloudinit"}),
    credentials=CredentialsSpec({"password": text("The word.", required=True, meta={"secret": True})}),
    checks=(size_fits,),
    user_data_limit=1000,
    appears_within=0.0,
    summary="Machines in memory",
)


class Refused(Exception):
    """The yard's own, as an SDK has them."""

    def __init__(self, status: int, message: str = "the yard says no", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


STATUSES = {
    ErrorKind.TRANSIENT: 503,
    ErrorKind.THROTTLED: 429,
    ErrorKind.NO_CAPACITY: 507,
    ErrorKind.QUOTA: 402,
    ErrorKind.CREDENTIALS: 401,
    ErrorKind.INVALID: 400,
}


@dataclass(frozen=True)
class Thing:
    id: str
    part: str
    node: Handle


class Yard:
    """The backend. `page` things stand on a page of its list."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.answered = self.made = 0
        self.page = 1000
        self.refuses: Refused | None = None
        self.lose_at: int | None = None
        self.lock = threading.RLock()

    @contextmanager
    def request(self, password: str) -> Iterator[None]:
        with self.lock:
            if password != PASSWORD:
                raise Refused(401)
            if self.refuses:
                raise self.refuses
            number, self.answered = self.answered, self.answered + 1
            yield
        if number == self.lose_at:
            raise ConnectionResetError("the reply got lost")

    def make(self, password: str, part: str, node: Handle) -> str:
        with self.request(password):
            self.made += 1
            self.things[f"{part}-{self.made}"] = Thing(f"{part}-{self.made}", part, node)
            return f"{part}-{self.made}"

    def list(self, password: str, start: int) -> list[Thing]:
        with self.request(password):
            return list(self.things.values())[start : start + self.page]

    def look(self, password: str, id: str) -> Thing:
        with self.request(password):
            if id not in self.things:
                raise Refused(404)
            return self.things[id]

    def remove(self, password: str, id: str) -> None:
        with self.request(password):
            if id not in self.things:
                raise Refused(404)
            del self.things[id]

    def held(self) -> list[str]:
        """By node, as often as it has the part that it has most of."""
        with self.lock:
            found = [(thing.node.node_id, thing.part) for thing in self.things.values()]
        counted = {(node_id, found.count((node_id, part))) for node_id, part in found}
        most = {node_id: max(number for other, number in counted if other == node_id) for node_id, _ in counted}
        return [node_id for node_id, number in most.items() for _ in range(number)]

    @contextmanager
    def losing_reply(self, number: int) -> Iterator[Callable[[], bool]]:
        lost_at = self.lose_at = self.answered + number - 1
        try:
            yield lambda: self.answered > lost_at
        finally:
            self.lose_at = None


class YardHandler(ResourceHandler):
    """Keeps nothing itself, and looks at everything in one list."""

    @property
    def yard(self) -> Yard:
        yard: Yard = self.client
        return yard

    @property
    def password(self) -> str:
        return str(self.config.credentials["password"])

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        with self.translated(), one_at_a_time(request.node_id):
            known = self.known(request)
            handle = replace(request.handle, ids={})
            for part in PARTS:
                id = known.get(part) or self.make(part, request)
                handle = replace(handle, ids={**handle.ids, part: id})
                self.keep(handle, checkpoint)
        return handle

    def known(self, request: CreateRequest) -> Mapping[str, str]:
        """By part: what an earlier call has made."""
        return {thing.part: thing.id for thing in self.listed() if thing.node.node_id == request.node_id}

    def make(self, part: str, request: CreateRequest) -> str:
        return self.yard.make(self.password, part, replace(request.handle, ids={}))

    def keep(self, handle: Handle, checkpoint: Checkpoint) -> None:
        checkpoint(handle)

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        asked = {handle.node_id for handle in handles}
        with self.translated():
            return {node.node_id: self.status(node, things) for node, things in self.by_node() if node.node_id in asked}

    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        if len(things) < len(PARTS):
            return ResourceStatus(NodeState.PENDING, detail="half made", unfinished=True)
        return ResourceStatus(NodeState.READY, (Address(f"10.0.0.{things[0].id.partition('-')[2]}", AddressKind.PRIVATE),), "running")

    def drop(self, handle: Handle) -> None:
        with self.translated():
            for thing in self.listed():
                if thing.node.node_id == handle.node_id:
                    self.remove(thing.id)

    def remove(self, id: str) -> None:
        try:
            self.yard.remove(self.password, id)
        except Refused as refused:
            if refused.status != 404:
                raise

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        with self.translated():
            return [
                replace(node, ids={thing.part: thing.id for thing in things})
                for node, things in self.by_node()
                if node.infra_id == infra_id
            ]

    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        asked = {handle.node_id for handle in handles}
        with self.translated():
            return {node.node_id: 0.5 for node, _ in self.by_node() if node.node_id in asked}

    def listed(self) -> list[Thing]:
        found: list[Thing] = []
        while page := self.yard.list(self.password, len(found)):
            found += page
        return found

    def by_node(self) -> list[tuple[Handle, list[Thing]]]:
        ordered = sorted(self.listed(), key=lambda thing: (thing.node.node_id, PARTS.index(thing.part)))
        groups = [list(group) for _, group in groupby(ordered, lambda thing: thing.node.node_id)]
        return [(group[0].node, group) for group in groups]

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError as error:
            raise ResourceError(ErrorKind.TRANSIENT, f"the yard can't be reached: {error}") from error
        except Refused as refused:
            kind = next((kind for kind, status in STATUSES.items() if status == refused.status), ErrorKind.INVALID)
            raise ResourceError(kind, f"the yard refused: {refused}", refused.retry_after) from refused

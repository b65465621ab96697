"""Resource handlers: how a backend makes, looks at and removes what a node runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from occopus.errors import OccopusError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, Handle, NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins.contextualiser import Context
from occopus.plugins.schema import Check, CredentialsSpec, Schema

if TYPE_CHECKING:  # start-up is felt at every command
    import logging

Checkpoint = Callable[[Handle], None]
"""Stores a handle; when it returns, the ids in the handle survive a crash."""


class ErrorKind(StrEnum):
    """What the engine may do about an error.

    It tries again after `transient` and, more slowly, after `throttled`. After `no_capacity` it tries the node's next implementation. It
    gives up at once after `quota`, `credentials`, `invalid` and `unknown`.
    """

    TRANSIENT = "transient"
    """A time-out, a broken connection, a server error: try again."""
    THROTTLED = "throttled"
    """Too many requests: try again, more slowly."""
    NO_CAPACITY = "no_capacity"
    """The backend has no room now: try the node's next implementation."""
    QUOTA = "quota"
    """The user's allowance is used up."""
    CREDENTIALS = "credentials"
    """The backend does not accept who asks."""
    INVALID = "invalid"
    """The backend refuses what was asked: the description must change."""
    UNKNOWN = "unknown"
    """Anything else."""


class ResourceError(OccopusError):
    """What a plugin raises, its SDK's errors translated: no exception of an SDK leaves a plugin.

    `kind` decides what the engine does. `message` is for users: it says what happened, and holds neither a traceback nor a secret.
    `retry_after` is in seconds, 0 or more, where the backend says so.
    """

    def __init__(self, kind: ErrorKind, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(frozen=True)
class HandlerConfig:
    """All that a handler is made from.

    `section` is the checked resource section of a node at the handler's endpoint; of it, a handler may rely on the keys that
    its spec names as `endpoint` only, since nodes of other definitions share the handler. `data_dir` is where it may keep files.
    """

    section: Section
    credentials: Section
    data_dir: Path
    logger: logging.Logger


@dataclass(frozen=True)
class CreateRequest:
    """One instance to be made.

    `resource` is the node's own section, rendered and checked; it stays as it is. `machine_name` is a name to give where the user chose
    none: always the same for a node, and unique; at most 63 letters, digits and hyphens. `handle` has the ids that an earlier, unfinished
    call checkpointed. Names of nodes are 1 to 63 letters, digits and hyphens, these also at the ends; ids are UUIDs.
    """

    handle: Handle
    machine_name: str
    resource: Section
    context: Context | None = None

    @property
    def infra_id(self) -> InfraId:
        """The infrastructure that the instance belongs to."""
        return self.handle.infra_id

    @property
    def node_id(self) -> NodeId:
        """The instance's own identifier: by it `create` is idempotent."""
        return self.handle.node_id

    @property
    def node_name(self) -> str:
        """The name of the node in the description."""
        return self.handle.node_name

    @property
    def marks(self) -> dict[str, str]:
        """What everything that is made must carry, as tags, labels, metadata or whatever the backend has."""
        return {
            "occopus:infra_id": self.infra_id,
            "occopus:node_id": self.node_id,
            "occopus:node_name": self.node_name,
        }


@dataclass(frozen=True)
class ResourceStatus:
    """How a machine does.

    A node that is `ready` has at least one address. `detail` says in a few words how the backend calls it. `unfinished` means that the
    handler could do its next step now: the engine calls `create` again, or `drop` again if the node is on its way out. A status of
    `shutdown` without it means that nothing is left of the node.
    """

    state: NodeState
    addresses: tuple[Address, ...] = ()
    detail: str = ""
    unfinished: bool = False


class ResourceHandler(ABC):
    """Serves one endpoint with one set of credentials for the length of a pass.

    Methods are called from several threads at once; what an SDK can't share between threads, keep per thread. Every method may raise
    `ResourceError` and nothing else on purpose. Nobody sleeps in a handler: the engine polls.

    Where the reply to a request gets lost, the method raises an error that is `transient`, and the engine calls it again: nobody knows
    whether the request was carried out, so nothing may be told as if it were known.

    What a handler is trusted with, it tells nobody: no secret stands in a handle, a status, a log (its SDK's is one of them, at any level)
    or an error.
    """

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        """`client` replaces the SDK's client in tests."""
        self.config = config
        self.client = client

    @abstractmethod
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        """Submit what makes one instance and return without waiting for it to be up.

        Idempotent by `request.node_id`: called again, by any handler and with or without the earlier handle, it finds or completes what an
        earlier call began, and makes nothing twice. So it is after a crash, after a lost reply, when the node is ready (and stays so), and
        when two calls come at once. Everything made carries `request.marks`. Where the ids of an earlier handle are of a machine that is
        gone meanwhile, it makes nothing and returns the handle: an id never names two machines.

        As soon as an object's id is known it goes into a handle and to `checkpoint`, at least once. Each handle is for the node of the
        request, repeats the ids of the one before, and suffices to describe and to drop the node; the last of them is returned. Ids are
        stored as they are: names and values are text. What `checkpoint` raises is passed on.
        """

    @abstractmethod
    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        """The status of each node that the backend knows, in as few calls as it allows: one for each page of its API, not for each node.

        It speaks of the nodes that it is asked about and of no other; asked about none, it calls nobody. What the backend no longer knows
        is absent, which is no error and hides no other node. Absent means gone: where a page can't be had, an error is raised. Nodes are
        told apart by their ids, never by their names. What it says comes from the backend, so that all handlers say the same.

        A handle without ids means that a create may have been begun: look for what it made by its marks or names.
        """

    @abstractmethod
    def drop(self, handle: Handle) -> None:
        """Begin or go on to remove everything that `create` made for this node and nothing else, and return without waiting for its end.

        Succeeds on what is already gone and on what was never made, and may be called at any stage of a node, again, after a lost reply,
        and twice at once. The handle of any checkpoint suffices to find everything, also what was made later. A handle without ids means
        that a create may have been begun: find what it made by its marks or names.

        The engine then asks `describe` until the node is absent, or `shutdown` with nothing unfinished; a status with `unfinished` makes
        it call `drop` again.
        """

    @abstractmethod
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        """Everything that carries the infrastructure's mark: each node once, on however many pages of the backend's API they stand.

        Each handle has the node's three marks, and suffices to describe and to drop the node. What is gone is not found, and nothing of
        other infrastructures. An infrastructure that has nothing here is no error. A list that is not whole is an error: what is missing
        in it counts as gone.
        """


@runtime_checkable
class SupportsCost(Protocol):
    """What a handler may offer beyond the required methods: what nodes have cost so far."""

    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        """By node, of those that are asked for and of no other: a number, 0 or more, in the currency of the account.

        A node whose costs are not known is absent, which is no error and hides no other node.
        """
        ...


@dataclass(frozen=True)
class ResourceHandlerSpec:
    """Declares a resource type.

    `handler` is `package.module:Class`, a `ResourceHandler`. That module, and the SDK, are imported when the first handler of the type is
    needed, not with the plugin. `endpoint` names the keys of the section that say where requests go: nodes that agree in them (and in
    their credentials) share a handler. `contexts` are the contextualisers that fit, by their types, besides `basic` and none.
    `user_data_limit` is in bytes, above 0; None where there is no limit. `local` means that nodes run on the machine that runs Occopus.
    `appears_within` is for how many seconds, 0 or more, the backend may not show what it was just asked to make; 0 where it always does at
    once. What all specs have in common stands in `occopus.plugins.schema`.
    """

    type: str
    handler: str
    schema: Schema
    contexts: frozenset[str] = frozenset()
    credentials: CredentialsSpec | None = None
    endpoint: tuple[str, ...] = ("endpoint",)
    checks: tuple[Check, ...] = ()
    user_data_limit: int | None = None
    local: bool = False
    appears_within: float = 60.0
    summary: str = ""

"""A backend without latency, and all of Occopus above it with the store that is the default: SQLite on the disk."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar

from occopus.manager import InfrastructureManager
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, Handle, NodeId, NodeState
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.loading import load_plugins
from occopus.plugins.resource import Checkpoint, CreateRequest, HandlerConfig, ResourceHandler, ResourceHandlerSpec, ResourceStatus
from occopus.settings import Settings
from occopus.store.backend import with_texts
from occopus.store.base import Append, Change, Lease
from occopus.store.sqlite import SqliteStore

PARALLEL = 64

READY = ResourceStatus(NodeState.READY, (Address("127.0.0.1"),))


class StillHandler(ResourceHandler):
    """What is asked for is there at once, until it is dropped; a new process finds everything as it was."""

    calls: ClassVar[Counter[str]] = Counter()
    latency: ClassVar[float] = 0.0
    """Seconds that each call takes."""
    _counting = threading.Lock()

    def __init__(self, config: HandlerConfig) -> None:
        super().__init__(config)
        self._dropped: set[NodeId] = set()

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        self._count("create")
        return replace(request.handle, ids={"id": f"still-{request.node_id}"})

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        self._count("describe")
        return {handle.node_id: READY for handle in handles if handle.node_id not in self._dropped}

    def drop(self, handle: Handle) -> None:
        self._count("drop")
        self._dropped.add(handle.node_id)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return ()

    def _count(self, name: str) -> None:
        if self.latency:
            time.sleep(self.latency)
        with self._counting:
            self.calls[name] += 1


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    schema = {"input": {"type": "string"}}
    yield ResourceHandlerSpec(type="still", handler=f"{__name__}:StillHandler", schema=schema, appears_within=0.0)


class CountingStore(SqliteStore):
    """Counts the calls of `write`, the bytes that they bring, the events among them, and what the counting takes, in seconds."""

    writes = size = events = 0
    counting = 0.0

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        begun = time.thread_time()
        self.writes += 1
        self.size += sum(len(text.encode()) for _, text in with_texts(changes))
        self.events += sum(isinstance(change, Append) and change.kind == "event" for change in changes)
        self.counting += time.thread_time() - begun
        super().write(changes, lease)


def manager_of(folder: Path, *, counting: bool = False, latency: float = 0.0) -> InfrastructureManager:
    """A manager with its store in this folder, which counts what it writes where that is wanted. `latency` is that of the backend."""
    StillHandler.latency = latency
    settings = Settings(data_dir=folder, store_url=f"sqlite://{folder}/store.db", parallelize=True, parallelism=PARALLEL)
    plugins = load_plugins([*entry_points(group="occopus"), EntryPoint("still", __name__, "occopus")])
    manager = InfrastructureManager(settings, plugins)
    if counting:
        manager.store = CountingStore(folder / "store.db")
    return manager

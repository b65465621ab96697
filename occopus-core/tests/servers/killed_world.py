"""A world of real processes and real files: a command can run in a process of its own and be killed with SIGKILL at any of its points.

Its store is an SQLite file, its clouds are another one; both outlive the processes, and time is real.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

from occopus.credentials import Credentials
from occopus.engine.policy import Policy
from occopus.engine.services import Services
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Address, Handle, NodeId, NodeState
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.loading import load_plugins
from occopus.plugins.resource import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    ResourceError,
    ResourceHandler,
    ResourceHandlerSpec,
    ResourceStatus,
)
from occopus.rendering.scope import Outside
from occopus.schema.composition import Composition
from occopus.store.sqlite import SqliteStore
from occopus.testing.simulation.clock import Timeline
from occopus.testing.simulation.life import Death, Life, MortalStore
from occopus.testing.simulation.world import World

T = TypeVar("T")

ROOM = {"first": 4, "second": 100}
"""By cloud: for how many machines there is room."""

SLUGGISHNESS = 0.01
"""Seconds until a machine is up, and until one that was terminated is gone."""

POLICY = Policy(parallelism=8, poll_first=SLUGGISHNESS, lease_seconds=3600, lease_patience=0)
"""A lease of a dead process is recognised, or the next command fails at once: nobody could wait for its end."""

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["asyncio", "occopus.builtin.plugin", "occopus.testing.simulation.world", "occopus.store.sqlite"])


@dataclass
class Mortal(Life):
    """The life of this very process. Its threads pass its points at the same time, so they are counted one after the other."""

    _counting: threading.Lock = field(default_factory=threading.Lock)

    def pass_by(self, point: str) -> None:
        with self._counting:
            self.points.append(point)
            if len(self.points) == self.end:
                os.kill(os.getpid(), signal.SIGKILL)


class ThisProcess:
    """What the handlers of this process have to know."""

    life: Life = Mortal()


@dataclass(frozen=True)
class Machine:
    """One machine as its cloud knows it; `ended` is when it was, None while it runs."""

    id: str
    handle: Handle
    made: float
    ended: float | None

    @property
    def is_there(self) -> bool:
        return self.ended is None or time.time() < self.ended + SLUGGISHNESS

    @property
    def status(self) -> ResourceStatus:
        up = self.ended is None and time.time() >= self.made + SLUGGISHNESS
        return ResourceStatus(NodeState.READY if up else NodeState.PENDING, (Address(f"10.0.0.{self.id.rpartition('-')[2]}"),))


@dataclass(frozen=True)
class FiledCloud:
    """One endpoint, in a file. It knows a request that is repeated by the node's id."""

    name: str
    path: Path

    @property
    def made(self) -> list[Machine]:
        """All that there ever was."""
        with self._opened() as db:
            return self._select(db)

    @property
    def there(self) -> list[Machine]:
        return [machine for machine in self.made if machine.is_there]

    def run_machine(self, handle: Handle) -> Machine:
        with self._opened() as db:
            db.execute("BEGIN IMMEDIATE")
            machines = self._select(db)
            if not any(machine.handle.node_id == handle.node_id for machine in machines):
                if sum(machine.is_there for machine in machines) >= ROOM[self.name]:
                    raise ResourceError(ErrorKind.NO_CAPACITY, f"{self.name} is full")
                row = (self.name, handle.infra_id, handle.node_id, handle.node_name, time.time())
                db.execute("INSERT INTO machines (cloud, infra_id, node_id, node_name, made) VALUES (?, ?, ?, ?, ?)", row)
            db.execute("COMMIT")
            return next(machine for machine in self._select(db) if machine.handle.node_id == handle.node_id)

    def terminate(self, machine: Machine) -> None:
        """Begin to remove a machine; one that is on its way out goes on."""
        self._end(machine, time.time())

    def kill(self, machine: Machine) -> None:
        """Let a machine be gone at once."""
        self._end(machine, time.time() - SLUGGISHNESS)

    def _end(self, machine: Machine, moment: float) -> None:
        with self._opened() as db:
            db.execute("UPDATE machines SET ended = ? WHERE number = ? AND ended IS NULL", (moment, machine.id.rpartition("-")[2]))

    def _opened(self) -> closing[sqlite3.Connection]:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=60)
        db.executescript(
            "PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS machines"
            " (number INTEGER PRIMARY KEY, cloud, infra_id, node_id, node_name, made REAL, ended REAL)"
        )
        return closing(db)

    def _select(self, db: sqlite3.Connection) -> list[Machine]:
        rows = db.execute("SELECT number, infra_id, node_id, node_name, made, ended FROM machines WHERE cloud = ?", (self.name,))
        return [self._machine(*row) for row in rows]

    def _machine(self, number: int, infra_id: InfraId, node_id: NodeId, node_name: str, made: float, ended: float | None) -> Machine:
        id = f"{self.name}-{number}"
        return Machine(id, Handle(infra_id, node_id, node_name, {"machine": id}), made, ended)


def cloud(directory: Path, name: str) -> FiledCloud:
    return FiledCloud(name, directory / "clouds.db")


class FiledHandler(ResourceHandler):
    """Before and after each of its calls has an effect the process may die."""

    @property
    def _cloud(self) -> FiledCloud:
        return cloud(self.config.data_dir, self.config.section["endpoint"])

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        handle = _witnessed("create", lambda: self._cloud.run_machine(request.handle)).handle
        checkpoint(handle)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        there = _witnessed("describe", lambda: self._cloud.there)
        asked = {handle.node_id for handle in handles}
        return {machine.handle.node_id: machine.status for machine in there if machine.handle.node_id in asked}

    def drop(self, handle: Handle) -> None:
        def terminate() -> None:
            for machine in self._cloud.there:
                if machine.handle.node_id == handle.node_id:
                    self._cloud.terminate(machine)

        _witnessed("drop", terminate)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return _witnessed("find", lambda: [m.handle for m in self._cloud.there if m.handle.infra_id == infra_id])


def _witnessed(call: str, effect: Callable[[], T]) -> T:
    ThisProcess.life.pass_by(f"before {call}")
    result = effect()
    ThisProcess.life.pass_by(f"after {call}")
    return result


def is_alive(target: Target, endpoint: Any) -> str | None:
    """Whatever runs is well: it is its cloud that tells of the dead."""
    return None


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="simulated",
        handler=f"{__name__}:FiledHandler",
        schema={"name": {"type": "string"}, "endpoint": {"type": "string", "required": True}, "flavour": {"type": "string"}},
        appears_within=0.0,
        contexts=frozenset({"cloudinit"}),
        summary="A cloud in a file.",
    )


@hookimpl
def occopus_health_checks() -> Iterator[HealthCheckSpec]:
    yield HealthCheckSpec("alive", f"{__name__}:is_alive", {"type": "string"}, summary="Finds everybody well.")


class RealWorld(World):
    """In a directory. What it is told to do, this process does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.timeline = Timeline()
        self.store = SqliteStore(directory / "occopus.db")
        self.clouds = {name: cloud(directory, name) for name in ROOM}

    def live(self, operation: Callable[[Services, asyncio.Event], Awaitable[T]], life: Life | None = None) -> T:
        ThisProcess.life = life or Mortal()
        services = Services(
            store=MortalStore(self.store, ThisProcess.life),
            composition=self.composition,
            credentials=Credentials(),
            outside=Outside(lambda command: "", lambda reference: "", lambda text: None),
            data_dir=self.directory,
            policy=POLICY,
        )

        async def run() -> T:
            return await operation(services, asyncio.Event())

        try:
            return asyncio.run(run())
        finally:
            services.clock.close()
            self.store.close()

    @property
    def composition(self) -> Composition:
        return _composition()


class ElsewhereWorld(RealWorld):
    """What it is told to do, another process does."""

    def build(self, wanted: Infrastructure, life: Life | None = None, exactly: str | None = None) -> None:
        _elsewhere(self.directory, life, partial(_build, dict(wanted.source)))

    def maintain(self, life: Life | None = None, *, force_replace: bool = False) -> None:
        _elsewhere(self.directory, life, RealWorld.maintain)

    def destroy(self, life: Life | None = None) -> None:
        _elsewhere(self.directory, life, RealWorld.destroy)


def _build(source: dict[str, Any], world: RealWorld, life: Life) -> None:
    world.build(world.describe(source), life)


def _elsewhere(directory: Path, life: Life | None, command: Callable[[RealWorld, Life], object]) -> None:
    """Raises:
    Death: the process was killed where its life should end.
    """
    process = PROCESSES.Process(target=_do, args=(directory, life.end if life else None, command))
    process.start()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        raise Death
    assert process.exitcode == 0


def _do(directory: Path, end: int | None, command: Callable[[RealWorld, Life], object]) -> None:
    command(RealWorld(directory), Mortal(end))


@lru_cache
def _composition() -> Composition:
    modules = {"core": "occopus.builtin.plugin", "filed": __name__}
    return Composition(load_plugins([EntryPoint(name, module, "occopus") for name, module in modules.items()]))

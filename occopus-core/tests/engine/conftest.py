"""What the tests of the engine work with: a cloud, a config manager and a health check of their own, and short ways to use them."""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from random import Random
from typing import Any

import pytest

from occopus.credentials import Credentials
from occopus.credentials_file import Entry
from occopus.engine import looking, session
from occopus.engine.clock import Clock
from occopus.engine.converging import Outcome
from occopus.engine.policy import Policy
from occopus.engine.requesting import request_scaling
from occopus.engine.services import Services, Watcher
from occopus.masking import Masker
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Address, Instance, NodeId, NodeState
from occopus.model.plan import Plan
from occopus.model.request import ScaleRequest
from occopus.plugins.config_manager import ConfigManager, ConfigManagerSpec, NodeRegistration
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Registry
from occopus.plugins.resource import ResourceStatus
from occopus.rendering.scope import Outside
from occopus.schema.composition import Composition
from occopus.schema.infrastructure import compile_source
from occopus.store.base import Change, Lease, Record, Store
from occopus.store.memory import MemoryStore
from occopus.store.records import load_events, load_infra, load_infras, load_instances, load_requests
from occopus.testing import cloud as clouds
from occopus.testing.cloud import Cloud
from occopus.testing.simulation.clock import SimulatedClock, Timeline

DOUBLES = "occopus_engine_doubles"
"""What the plugins below are loaded from: this very module, whose own name is no identifier."""
sys.modules[DOUBLES] = sys.modules[__name__]

INFRA = InfraId("infra-1")

QUICK = Policy(
    create_timeout=20.0,
    drop_timeout=20.0,
    retry_attempts=4,
    retry_first=0.001,
    retry_longest=0.004,
    poll_first=0.001,
    poll_longest=0.01,
    lease_seconds=3.0,
    lease_patience=20.0,
)


class VirtualClock(SimulatedClock):
    """A simulated clock with a time of its own, which begins at 0 also as the time of day, and with chance that is not from a seed."""

    def __init__(self) -> None:
        super().__init__(Timeline(), Random())

    time = SimulatedClock.monotonic

    @property
    def now(self) -> float:
        return self.timeline.now

    @now.setter
    def now(self, moment: float) -> None:
        self.timeline.now = moment


@dataclass
class Server:
    """What the config managers of one endpoint talk to. `log` tells what they were asked for, in order."""

    log: list[tuple[str, str]] = field(default_factory=list)
    infras: set[str] = field(default_factory=set)
    nodes: dict[str, NodeRegistration] = field(default_factory=dict)
    states: dict[str, NodeState] = field(default_factory=dict)
    """By node name; ready where nothing is said."""
    attributes: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    hook: Callable[[str], None] = lambda what: None
    """Called with each kind of request before it has an effect."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @staticmethod
    def at(endpoint: str) -> Server:
        return _SERVERS.setdefault(endpoint, Server())

    def note(self, what: str, about: str = "") -> None:
        with self.lock:
            self.log.append((what, about))
        self.hook(what)
        if self.error:
            raise self.error


_SERVERS: dict[str, Server] = {}


class Manager(ConfigManager):
    """A config manager whose server is in memory."""

    @property
    def server(self) -> Server:
        return Server.at(self.config.section["endpoint"])

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        self.server.note("prepare", infra_id)
        self.server.infras.add(infra_id)

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        self.server.note("drop_infrastructure", infra_id)
        self.server.infras.discard(infra_id)

    def register_node(self, node: NodeRegistration) -> None:
        self.server.note("register", node.node_name)
        self.server.nodes[node.node_id] = node

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        known = self.server.nodes.get(node_id)
        self.server.note("drop_node", known.node_name if known else "")
        self.server.nodes.pop(node_id, None)

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        self.server.note("states")
        known = [id for id in node_ids if id in self.server.nodes]
        return {id: self.server.states.get(self.server.nodes[id].node_name, NodeState.READY) for id in known}

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        self.server.note("attribute", path)
        return self.server.attributes.get(path)


VERDICTS: dict[str, Callable[[Target], str | None]] = {}
"""By the name that a description gives to the check `fit`: what it answers."""


def fit(target: Target, settings: str) -> str | None:
    return VERDICTS[settings](target)


class Ledger(MemoryStore):
    """Remembers what was written to it. `hook` is called with each batch just before it is written."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.batches: list[Sequence[Change]] = []
        self.hook: Callable[[Sequence[Change]], None] = lambda changes: None

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        self.hook(changes)
        super().write(changes, lease)
        self.batches.append(changes)


@dataclass
class Weather(Cloud):
    """A cloud that reports single instances in whatever state is said."""

    states: dict[NodeId, ResourceStatus] = field(default_factory=dict)

    def look(self, node_id: NodeId) -> ResourceStatus | None:
        status = super().look(node_id)
        return self.states.get(node_id, status) if status else None


@hookimpl
def occopus_config_managers() -> Iterator[ConfigManagerSpec]:
    schema = {"endpoint": {"type": "string"}, "password": {"type": "string"}}
    yield ConfigManagerSpec("keeper", f"{DOUBLES}:Manager", schema)


@hookimpl
def occopus_health_checks() -> Iterator[HealthCheckSpec]:
    yield HealthCheckSpec("fit", f"{DOUBLES}:fit", {"type": "string"}, timeout=0.2)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The core's own plugins, the cloud, and the doubles above; nothing else that may be installed."""
    modules = {"core": "occopus.builtin.plugin", "cloud": "occopus.testing.cloud", "doubles": DOUBLES}
    loaded = load_plugins([EntryPoint(name, module, "occopus") for name, module in modules.items()])
    assert not [package.problem for package in loaded.packages if package.problem]
    return loaded


@dataclass
class Bench:
    """One store, one cloud, one config manager's server, and sessions that work on them."""

    composition: Composition
    data_dir: Path
    endpoint: str = field(default_factory=lambda: uuid.uuid4().hex)
    store: Store = field(default_factory=MemoryStore)
    policy: Policy = QUICK
    credentials: Credentials = field(default_factory=Credentials)
    masker: Masker = field(default_factory=Masker)
    heard: list[Event] = field(default_factory=list)
    waits: list[tuple[str, str]] = field(default_factory=list)
    clock: SimulatedClock | None = None
    """That of all sessions; where there is none, each has real time."""
    sick: dict[str, str] = field(default_factory=dict)
    """By the id or the name of a node: what its health check says, where it is `checked`."""

    @property
    def cloud(self) -> Cloud:
        return Cloud.at(self.endpoint)

    @property
    def server(self) -> Server:
        return Server.at(self.endpoint)

    def health(self, verdict: Callable[[Target], str | None]) -> dict[str, Any]:
        """A health_check section that asks this function."""
        name = uuid.uuid4().hex
        VERDICTS[name] = verdict
        return {"fit": name}

    def checked(self, timeout: float = 60, flavour: str = "") -> dict[str, Any]:
        """An implementation whose health check looks into `sick`."""
        VERDICTS[self.endpoint] = lambda target: self.sick.get(target.node_id) or self.sick.get(target.node_name)
        return self.implementation(flavour, health_check={"fit": self.endpoint, "timeout": timeout})

    def with_password(self, password: str) -> None:
        """Give the cloud credentials."""
        self.credentials = Credentials([Entry("resource", {"type": "cloud"}, {"password": password})], self.masker)

    def implementation(self, flavour: str = "", **sections: Any) -> dict[str, Any]:
        return {"resource": {"type": "cloud", "endpoint": self.endpoint, **({"flavour": flavour} if flavour else {})}, **sections}

    def infra(self, *nodes: str | dict[str, Any], depends: Iterable[Any] = (), **definitions: list[dict[str, Any]]) -> Infrastructure:
        """Nodes by name or as in a description; without a type, the definition of their name if there is one, else a plain machine.

        `depends` has texts of the form "dependent>dependee", or connections as in a description.
        """
        entries = [{"name": node} if isinstance(node, str) else node for node in nodes]
        entries = [{"type": node["name"] if node["name"] in definitions else "plain", **node} for node in entries]
        used = {"plain": [self.implementation()], **definitions}
        connections = [{"connection": each.split(">"), "mappings": []} if isinstance(each, str) else each for each in depends]
        source = {"infra_name": "test", "user_id": "me", "nodes": entries, "dependencies": connections}
        needed = {node["type"] for node in entries}
        return compile_source(source | {"definitions": {k: v for k, v in used.items() if k in needed}}, self.composition)

    def services(self, **changes: Any) -> Services:
        """New ones, as a new process has them."""
        watcher = Watcher(event=self.heard.append, waiting=lambda id, reason: self.waits.append((id, reason)))
        services = Services(
            store=self.store,
            composition=self.composition,
            credentials=self.credentials,
            outside=Outside(lambda command: "", lambda reference: f"secret-of-{reference.name}", lambda text: None),
            data_dir=self.data_dir,
            clock=self.clock or Clock(),
            policy=self.policy,
            watcher=watcher,
            mask=self.masker.mask,
        )
        return replace(services, **changes)

    def build(
        self, wanted: Infrastructure, stop_when: Callable[[], bool] | None = None, exactly: str | None = None, **changes: Any
    ) -> Sequence[Instance]:
        return self._run(changes, stop_when, lambda services, stop: session.build(services, INFRA, wanted, stop, exactly=exactly)).instances

    def maintain(self, stop_when: Callable[[], bool] | None = None, force_replace: bool = False, **changes: Any) -> Outcome:
        return self._run(changes, stop_when, lambda services, stop: session.maintain(services, INFRA, stop, force_replace=force_replace))

    def carry_on(self, stop_when: Callable[[], bool] | None = None, **changes: Any) -> Outcome:
        """The pass of a service."""
        return self._run(changes, stop_when, lambda services, stop: session.carry_on(services, INFRA, stop))

    def scale(self, node: str, change: int | None = None, target: int | None = None, leaving: str | None = None, **changes: Any) -> str:
        """As a user who asks for it; `at` is the moment of asking."""
        request = ScaleRequest(INFRA, node, changes.pop("at", 0.0), change, target)
        return request_scaling(self.store, request, leaving)

    def destroy(self, stop_when: Callable[[], bool] | None = None, **changes: Any) -> None:
        self._run(changes, stop_when, lambda services, stop: session.destroy(services, INFRA, stop))

    def report(self, **changes: Any) -> tuple[InfraRecord, Sequence[Instance]]:
        return self._run(changes, None, lambda services, stop: looking.report(services, INFRA))

    def plan(self, wanted: Infrastructure | None = None, force_replace: bool = False, **changes: Any) -> Plan:
        return self._run(changes, None, lambda services, stop: looking.plan(services, INFRA, wanted, force_replace=force_replace))

    def _run(self, changes: dict[str, Any], stop_when: Callable[[], bool] | None, operation: Callable[..., Any]) -> Any:
        services = self.services(**changes)

        async def run() -> Any:
            stop = asyncio.Event()
            watcher = _stopping(services.watcher, stop_when, stop) if stop_when else services.watcher
            return await operation(replace(services, watcher=watcher), stop)

        try:
            return services.clock.run(run()) if isinstance(services.clock, SimulatedClock) else asyncio.run(run())
        finally:
            services.clock.close()

    @property
    def instances(self) -> list[Instance]:
        """As the store has them."""
        return [item.value for item in load_instances(self.store, INFRA).values()]

    def of(self, node: str) -> list[Instance]:
        """Those of one node, the oldest first."""
        return [instance for instance in self.instances if instance.node_name == node]

    def ids(self, node: str) -> list[str]:
        return [instance.node_id for instance in self.of(node)]

    @property
    def record(self) -> InfraRecord:
        """As the store has it."""
        return load_infra(self.store, INFRA).value

    @property
    def requests(self) -> list[ScaleRequest]:
        return load_requests(self.store, INFRA)

    @property
    def dump(self) -> list[Record]:
        """Everything that the store has."""
        return [record for kind in ("infrastructure", "instance", "request", "event") for record in self.store.scan(kind)]

    def vanish(self, node_id: str) -> None:
        """The backend no longer knows it."""
        for thing in self.cloud.of(NodeId(node_id)):
            self.cloud.remove(thing)

    def report_as(self, node_id: str, state: NodeState, detail: str = "", *addresses: str) -> None:
        """The backend reports it so from now on."""
        self.cloud.states[NodeId(node_id)] = ResourceStatus(state, tuple(map(Address, addresses)), detail)

    @property
    def machines(self) -> list[str]:
        """The names of the nodes whose machines are there, sorted."""
        return sorted(thing.handle.node_name for thing in self.cloud.things)

    @property
    def made(self) -> list[str]:
        """The names of the nodes of everything that was ever made, sorted."""
        return sorted(thing.handle.node_name for thing in self.cloud.made)

    def events(self, *kinds: str) -> list[Event]:
        """Those of the events in the store that are of these kinds; all, where none is named."""
        return [event for _, event in load_events(self.store, INFRA) if not kinds or event.kind in kinds]

    @property
    def story(self) -> list[tuple[str, str]]:
        """The kinds of the events in the store, each with the name of its node."""
        return [(event.kind, event.node_name) for _, event in load_events(self.store, INFRA)]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left of the infrastructure, wherever it could be."""
        kept = [*load_infras(self.store), *self.instances]
        return not (kept or self.cloud.things or self.server.nodes or self.server.infras)


def _stopping(watcher: Watcher, condition: Callable[[], bool], stop: asyncio.Event) -> Watcher:
    """Tells the same, and sets `stop` when a condition holds: now, or just after something was told."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if condition():
            loop.call_soon_threadsafe(stop.set)  # calls tell what happens, from their threads

    def event(happened: Event) -> None:
        watcher.event(happened)
        look()

    def waiting(node_id: NodeId, reason: str) -> None:
        watcher.waiting(node_id, reason)
        look()

    look()
    return Watcher(event, waiting)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="session")
def composition(registry: Registry) -> Composition:
    return Composition(registry)


@pytest.fixture
def bench(composition: Composition, tmp_path: Path) -> Bench:
    return Bench(composition, tmp_path)


@pytest.fixture
def virtual_bench(composition: Composition, tmp_path: Path, clock: VirtualClock) -> Bench:
    """Sessions, store and leases share one clock, on which time passes at once; the cloud can report any state."""
    made = Bench(composition, tmp_path, store=Ledger(clock.time), clock=clock)
    clouds._CLOUDS[made.endpoint] = Weather(made.endpoint)
    return made

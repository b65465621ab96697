"""A world to run the engine in: a store and clouds that outlive the processes that work on them."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from occopus.credentials import Credentials
from occopus.engine import looking, session
from occopus.engine.adoption import adopt
from occopus.engine.converging import Outcome
from occopus.engine.policy import Policy
from occopus.engine.requesting import request_scaling
from occopus.engine.services import Services
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Plan
from occopus.model.request import ScaleRequest
from occopus.plugins.loading import load_plugins
from occopus.rendering.scope import Outside
from occopus.schema.composition import Composition
from occopus.schema.infrastructure import compile_source
from occopus.store.base import Store
from occopus.store.memory import MemoryStore
from occopus.store.records import load_instances
from occopus.testing.simulation.clock import SimulatedClock, Timeline
from occopus.testing.simulation.cloud import Machine, SimulatedCloud
from occopus.testing.simulation.handler import CLOUDS
from occopus.testing.simulation.life import Life, MortalStore
from occopus.testing.simulation.weather import Weather

T = TypeVar("T")

INFRA = InfraId("simulated")


@dataclass
class World:
    """Everything that outlives a process. The same `seed` gives the same world, and the same things happen in it.

    `weather` is that of each cloud, by name; `policy` is the engine's patience.
    """

    seed: int
    weather: Mapping[str, Weather] = field(default_factory=lambda: {"cloud": Weather()})
    policy: Policy = field(default_factory=lambda: Policy(parallelism=64))
    timeline: Timeline = field(default_factory=Timeline)
    store: Store = field(init=False)
    clouds: dict[str, SimulatedCloud] = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)  # noqa: S311 - the same seed gives the same world
        self.store = MemoryStore(lambda: self.timeline.now)
        self.clouds = {name: SimulatedCloud(name, self.timeline, self.chance, weather) for name, weather in self.weather.items()}

    def describe(self, source: Mapping[str, Any]) -> Infrastructure:
        """An infrastructure from plain data: a description with its `definitions`, as the store keeps them."""
        return compile_source({"infra_name": "simulated", "user_id": "me", "dependencies": [], **source}, self.composition)

    def build(self, wanted: Infrastructure, life: Life | None = None, exactly: str | None = None) -> Outcome:
        """Build it; what it came to."""
        return self.live(lambda services, stop: session.build(services, INFRA, wanted, stop, exactly=exactly), life)

    def maintain(self, life: Life | None = None, *, force_replace: bool = False) -> Outcome:
        """Make one pass."""
        return self.live(lambda services, stop: session.maintain(services, INFRA, stop, force_replace=force_replace), life)

    def destroy(self, life: Life | None = None) -> Outcome:
        """Remove it."""
        return self.live(lambda services, stop: session.destroy(services, INFRA, stop), life)

    def adopt(self, wanted: Infrastructure, life: Life | None = None) -> Outcome:
        """Take over what exists, after the loss of the store."""
        return self.live(lambda services, stop: adopt(services, INFRA, wanted, stop), life)

    def plan(self, wanted: Infrastructure | None = None) -> Plan:
        """What building this, or the next pass, would do."""
        return self.live(lambda services, stop: looking.plan(services, INFRA, wanted))

    def scale(self, node: str, change: int | None = None, target: int | None = None, leaving: str | None = None) -> str:
        """Ask for more or fewer instances; what was made of that."""
        return request_scaling(self.store, ScaleRequest(INFRA, node, self.timeline.now, change, target), leaving)

    def live(self, operation: Callable[[Services, asyncio.Event], Awaitable[T]], life: Life | None = None) -> T:
        """One process: it does what it is told, or dies. While it stands still, others may live."""
        life = life or Life()
        clock = SimulatedClock(self.timeline, self.chance)
        services = Services(
            store=MortalStore(self.store, life),
            composition=self.composition,
            credentials=Credentials(),
            outside=Outside(lambda command: "", lambda reference: f"secret-of-{reference.name}", lambda text: None),
            data_dir=Path(tempfile.gettempdir()),
            clock=clock,
            policy=self.policy,
        )

        async def run() -> T:
            return await operation(services, asyncio.Event())

        with self._witnessed(life):
            return clock.run(run())

    @contextmanager
    def _witnessed(self, life: Life) -> Iterator[None]:
        """Its calls are points of its life; before and after it they are those of a process that stands still, if there is one."""
        CLOUDS.update(self.clouds)
        before = {name: cloud.witness for name, cloud in self.clouds.items()}
        for cloud in self.clouds.values():
            cloud.witness = life.pass_by
        try:
            yield
        finally:
            for name, witness in before.items():
                self.clouds[name].witness = witness

    @property
    def composition(self) -> Composition:
        """The core's own plugins and those of the simulated cloud."""
        return _composition()

    @property
    def instances(self) -> list[Instance]:
        """As the store has them."""
        return [item.value for item in load_instances(self.store, INFRA).values()]

    @property
    def machines(self) -> list[Machine]:
        """What exists in all clouds."""
        return [machine for cloud in self.clouds.values() for machine in cloud.there]

    @property
    def leaked(self) -> list[Machine]:
        """Machines that nobody knows of."""
        known = {instance.node_id for instance in self.instances}
        return [machine for machine in self.machines if machine.handle.node_id not in known]

    @property
    def doubled(self) -> list[str]:
        """Nodes for which more than one machine was made, ever."""
        made = Counter(machine.handle.node_id for cloud in self.clouds.values() for machine in cloud.made)
        return [node_id for node_id, number in made.items() if number > 1]


@lru_cache
def _composition() -> Composition:
    """The core's own plugins and the simulated cloud; nothing else that may be installed."""
    modules = {"core": "occopus.builtin.plugin", "simulated": "occopus.testing.simulation.handler"}
    return Composition(load_plugins([EntryPoint(name, module, "occopus") for name, module in modules.items()]))

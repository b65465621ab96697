"""The handler of the simulated cloud keeps the contract of a resource handler, as those do that real engines meet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, TypeVar

import pytest

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, HandlerConfig, ResourceError, ResourceHandlerSpec, ResourceStatus
from occopus.testing.documentation_checks import readme_of
from occopus.testing.resource_suite import Bench, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory
from occopus.testing.simulation.clock import SimulatedClock, Timeline
from occopus.testing.simulation.cloud import SimulatedCloud
from occopus.testing.simulation.handler import CLOUDS, SimulatedHandler, occopus_resource_handlers

T = TypeVar("T")

ENDPOINT = "cloud-of-the-suite"


class OnVirtualTime(SimulatedHandler):
    """Callable from threads, which the simulation does without: one call after the other, each on a clock of its own."""

    lock = Lock()

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        return self._called(super().create, request, checkpoint)

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        return self._called(super().describe, handles)

    def drop(self, handle: Handle) -> None:
        self._called(super().drop, handle)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return self._called(super().find, infra_id)

    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        return self._called(super().costs, handles)

    def _called(self, call: Callable[..., T], *given: Any) -> T:
        with self.lock:
            clock = SimulatedClock(self.cloud.timeline, Random(1))
            self.cloud.timeline.now += 1.0
            return clock.run(clock.call(call, *given))


class TestSimulated(ResourceHandlerSuite):
    @pytest.fixture
    def cloud(self) -> Iterator[SimulatedCloud]:
        CLOUDS[ENDPOINT] = SimulatedCloud("cloud", Timeline(), Random(1))
        CLOUDS[ENDPOINT].weather = replace(CLOUDS[ENDPOINT].weather, boot=2.0, shutting_down=2.0)
        yield CLOUDS[ENDPOINT]
        del CLOUDS[ENDPOINT]

    @pytest.fixture
    def spec(self) -> ResourceHandlerSpec:
        return next(iter(occopus_resource_handlers()))

    @pytest.fixture
    def readme(self) -> str:
        return readme_of(distribution("occopus-core"))

    @pytest.fixture
    def section(self, cloud: SimulatedCloud) -> dict[str, Any]:
        return {"type": "simulated", "endpoint": ENDPOINT, "flavour": "small"}

    @pytest.fixture
    def make_handler(self, section: dict[str, Any], tmp_path: Path) -> Callable[[], SimulatedHandler]:
        return lambda: OnVirtualTime(HandlerConfig(section, {}, tmp_path, logging.getLogger("occopus.simulated")))

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {"a number for a flavour": {**section, "flavour": 1}}

    @pytest.fixture
    def inventory(self, cloud: SimulatedCloud) -> Inventory:
        return lambda: [machine.handle.node_id for machine in cloud.there]

    @pytest.fixture
    def count_calls(self, cloud: SimulatedCloud) -> Callable[[], int]:
        return cloud.calls.total

    @pytest.fixture
    def page_size(self, cloud: SimulatedCloud) -> int:
        cloud.weather = replace(cloud.weather, page=2)
        return 2

    @pytest.fixture
    def lose_reply(self, cloud: SimulatedCloud) -> LoseReply:
        @contextmanager
        def losing_reply(number: int) -> Iterator[Callable[[], bool]]:
            points: list[str] = []

            def witness(point: str) -> None:
                points.extend([point] if point.startswith("after") else [])
                if len(points) == number and point == points[-1]:
                    raise ResourceError(ErrorKind.TRANSIENT, "the connection broke before the reply came")

            cloud.witness = witness
            yield lambda: len(points) >= number
            cloud.witness = lambda point: None

        return losing_reply

    @pytest.fixture
    def provoke(self, cloud: SimulatedCloud, bench: Bench) -> Mapping[ErrorKind, Callable[[], object]]:
        def in_weather(**weather: Any) -> object:
            fair, cloud.weather = cloud.weather, replace(cloud.weather, **weather)
            try:
                return [bench.created() for _ in range(20)]
            finally:
                cloud.weather = fair

        return {
            ErrorKind.TRANSIENT: lambda: in_weather(refused=1.0),
            ErrorKind.THROTTLED: lambda: in_weather(rate=0.1),
            ErrorKind.NO_CAPACITY: lambda: in_weather(capacity={"small": 0}),
        }

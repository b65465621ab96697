"""The cloud: machines, an API of four calls in front of them, and all that can go wrong with either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import TypeVar

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.testing.simulation.clock import Timeline, pause
from occopus.testing.simulation.weather import Weather

T = TypeVar("T")


class Power(StrEnum):
    """The states of the cloud's own API."""

    STARTING = "starting"
    RUNNING = "running"
    BROKEN = "broken"
    STOPPING = "stopping"
    GONE = "gone"


@dataclass
class Machine:
    """One machine; what it does follows from the moments in it."""

    id: str
    handle: Handle
    flavour: str
    made: float
    shown: float
    up: float
    broken: bool
    dies: float
    terminated: float = inf
    gone: float = inf

    def power(self, now: float) -> Power:
        """How it is at a moment."""
        if now >= min(self.dies, self.gone):
            return Power.GONE
        if now >= self.terminated:
            return Power.STOPPING
        if now < self.up:
            return Power.STARTING
        return Power.BROKEN if self.broken else Power.RUNNING


Witness = Callable[[str], None]
"""Told of each call, before and after its effect."""


@dataclass
class SimulatedCloud:
    """One endpoint. `made` keeps all that there ever was; `calls` counts the calls by their kind, and apart from that those that were
    `throttled` and those that came a second time (`repeated`).
    """

    name: str
    timeline: Timeline
    chance: Random
    weather: Weather = field(default_factory=Weather)
    witness: Witness = lambda point: None
    made: list[Machine] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    frozen: set[NodeId] = field(default_factory=set)
    """Nodes whose machines run and do not answer."""
    _there: dict[str, Machine] = field(default_factory=dict)
    _by_token: dict[NodeId, Machine] = field(default_factory=dict)
    _by_flavour: Counter[str] = field(default_factory=Counter)
    _ends: list[tuple[float, str]] = field(default_factory=list)
    """When machines end, the next first."""
    _tokens: float = 0.0
    _filled: float = -inf

    @property
    def there(self) -> list[Machine]:
        """The machines that exist at this moment, those that are on their way out included."""
        self._bury()
        return list(self._there.values())

    def run_machine(self, handle: Handle, flavour: str) -> str:
        """Make a machine, or find the one that was made for the same node; its id."""

        def effect() -> str:
            known = self._by_token.get(handle.node_id)
            return (known or self._make(handle, flavour)).id

        return self._call("run", effect)

    def read_machines(self, ids: Sequence[str]) -> Iterator[tuple[Machine, Power]]:
        """Those of the machines that are known, page by page."""
        yield from self._pages("read", ids)

    def list_machines(self, infra_id: InfraId, nodes: Collection[NodeId] | None = None) -> Iterator[tuple[Machine, Power]]:
        """The machines with the mark of an infrastructure, or of some of its nodes, page by page."""
        marked = [m.id for m in self.there if m.handle.infra_id == infra_id and (nodes is None or m.handle.node_id in nodes)]
        yield from self._pages("list", marked or [""])

    def terminate_machine(self, id: str) -> None:
        """Begin to remove a machine; nothing happens where it is on its way out."""

        def effect() -> None:
            machine = self._there.get(id)
            if machine and machine.terminated == inf:
                machine.terminated = self.timeline.now
                machine.gone = self.timeline.now + self.weather.shutting_down
                self._ends_at(machine.gone, machine)

        self._call("terminate", effect)

    def why_unheard(self, node_id: NodeId) -> str | None:
        """Why the machine of a node does not answer; None where it does."""
        machine = self._by_token.get(node_id)
        if _within(self.timeline.now, self.weather.partitions):
            return "no route to host"
        if machine is None or machine.power(self.timeline.now) is not Power.RUNNING or node_id in self.frozen:
            return "no answer"
        return None

    def kill(self, machine: Machine) -> None:
        """Let a machine die by itself."""
        machine.dies = self.timeline.now
        self._ends_at(machine.dies, machine)

    def _pages(self, kind: str, ids: Sequence[str]) -> Iterator[tuple[Machine, Power]]:
        for start in range(0, len(ids), self.weather.page):
            page = ids[start : start + self.weather.page]
            yield from self._call(kind, partial(self._shown, page))

    def _call(self, kind: str, effect: Callable[[], T]) -> T:
        """One call of the API, with all that may happen on its way there and back."""
        self.calls[kind] += 1
        self.witness(f"before {kind}")
        weather, chance = self.weather, self.chance
        self._throttle()
        self._reach()
        on_its_way = self._about(weather.latency / 2)
        pause(on_its_way)
        if chance.random() < weather.refused:
            raise ResourceError(ErrorKind.TRANSIENT, "internal error")
        result = effect()
        self.witness(f"after {kind}")
        pause(self._about(weather.latency / 2))
        if chance.random() < weather.twice:
            self.calls["repeated"] += 1
            effect()
        if chance.random() < weather.lost_reply or self._is_out:
            raise ResourceError(ErrorKind.TRANSIENT, "the connection broke before the reply came")
        return result

    def _about(self, seconds: float) -> float:
        spread = self.weather.spread
        return seconds * self.chance.uniform(1 - spread, 1 + spread)

    @property
    def _is_out(self) -> bool:
        return _within(self.timeline.now, self.weather.outages)

    def _reach(self) -> None:
        if self._is_out:
            pause(self.weather.patience)
            raise ResourceError(ErrorKind.TRANSIENT, f"{self.name} can't be reached")

    def _throttle(self) -> None:
        """A bucket of tokens that fills at the rate that is allowed; each call takes one."""
        rate = self.weather.rate
        if not rate:
            return
        now = self.timeline.now
        self._tokens = min(max(1.0, rate), self._tokens + (now - self._filled) * rate)
        self._filled = now
        if self._tokens < 1:
            self.calls["throttled"] += 1
            raise ResourceError(ErrorKind.THROTTLED, "too many requests", retry_after=(1 - self._tokens) / rate)
        self._tokens -= 1

    def _shown(self, ids: Sequence[str]) -> list[tuple[Machine, Power]]:
        self._bury()
        now = self.timeline.now
        machines = (self._there.get(id) for id in ids)
        return [(machine, machine.power(now)) for machine in machines if machine and machine.shown <= now]

    def _make(self, handle: Handle, flavour: str) -> Machine:
        self._bury()
        if self._by_flavour[flavour] >= self.weather.capacity.get(flavour, inf):
            raise ResourceError(ErrorKind.NO_CAPACITY, f"there is no room for '{flavour}'")
        now, weather, chance = self.timeline.now, self.weather, self.chance
        machine = Machine(
            id=f"{self.name}-{len(self.made) + 1}",
            handle=handle,
            flavour=flavour,
            made=now,
            shown=now + weather.hidden,
            up=inf if chance.random() < weather.never_up else now + self._about(weather.boot),
            broken=chance.random() < weather.broken,
            dies=now + chance.expovariate(1 / weather.life) if weather.life else inf,
        )
        self.made.append(machine)
        self._ends_at(machine.dies, machine)
        self._there[machine.id] = self._by_token[handle.node_id] = machine
        self._by_flavour[flavour] += 1
        return machine

    def _ends_at(self, moment: float, machine: Machine) -> None:
        if moment < inf:
            heappush(self._ends, (moment, machine.id))

    def _bury(self) -> None:
        """Forget machines that are gone."""
        while self._ends and self._ends[0][0] <= self.timeline.now:
            machine = self._there.pop(heappop(self._ends)[1], None)
            if machine:
                self._by_flavour[machine.flavour] -= 1


def _within(moment: float, spans: Iterable[tuple[float, float]]) -> bool:
    return any(start <= moment < end for start, end in spans)

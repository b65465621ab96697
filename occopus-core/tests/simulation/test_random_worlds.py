"""Random worlds: commands, deaths of the process, faults of the clouds and weather in any order, compared with a small model.

`OCCOPUS_WORLDS` says how many. A failure shrinks to the fewest steps and prints them, with the line that replays it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, inf
from typing import Any

from hypothesis import HealthCheck, note, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from occopus.engine.policy import Policy
from occopus.errors import InfrastructureNotFound, OccopusError, StepsFailed
from occopus.model.instance import NodeState, Phase
from occopus.model.node import Scaling
from occopus.model.request import ScaleRequest
from occopus.store.records import load_infra, load_requests
from occopus.testing.simulation.life import Death, Life
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import INFRA, World

from .conftest import EVERYWHERE, Description, descriptions

POLICY = Policy(parallelism=8, create_timeout=100.0, drop_timeout=200.0)
PASSES = 4
"""So many may be needed in fair weather: what failed before may fail once more before something else comes in its place."""

chances = st.sampled_from([0.0, 0.0, 0.1, 0.4])
spans = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 20.0]), st.sampled_from([5.0, 40.0, 300.0])), max_size=1)

weathers = st.fixed_dictionaries(
    {},
    optional={
        "latency": st.sampled_from([0.1, 2.0]),
        "boot": st.sampled_from([5.0, 30.0]),
        "hidden": st.sampled_from([5.0, 40.0]),
        "shutting_down": st.sampled_from([5.0, 60.0]),
        "page": st.sampled_from([1, 3]),
        "rate": st.sampled_from([2.0, 20.0]),
        "capacity": st.sampled_from([{"small": 0}, {"small": 2}, {"small": 5}]),
        "refused": chances,
        "lost_reply": chances,
        "twice": chances,
        "never_up": chances,
        "broken": chances,
        "life": st.sampled_from([100.0, 1000.0]),
        "outages": spans,
        "partitions": spans,
    },
)
ends = st.one_of(st.none(), st.integers(1, 80))
"""The point at which the process dies; None where it lives on."""


@dataclass(frozen=True)
class Model:
    """What the store should say of the infrastructure. Descriptions go by their names; None stands for nothing."""

    desired: str | None
    former: str | None = None
    changing: bool = False
    targets: Mapping[str, int] = field(default_factory=dict)


class RandomWorld(RuleBasedStateMachine):
    """`model` is None where there is no infrastructure. `waiting` are the requests that no pass has answered yet."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        self.world = World(seed, dict.fromkeys(EVERYWHERE, Weather()), POLICY)
        self.sources: dict[str, Description] = {}
        self.model: Model | None = None
        self.waiting: list[ScaleRequest] = []
        self.since = 0.0
        """When the infrastructure was last known to be within its limits."""
        self.allowed: Counter[str] = Counter()
        """By node: the most instances that any description allowed since then."""

    # What users do

    @rule(source=descriptions(), end=ends)
    def build(self, source: Description, end: int | None) -> None:
        name = f"version-{len(self.sources)}"
        self.sources[name] = source
        before = self.model
        base = (before.former if before.changing else before.desired) if before else None
        answered = self._answered(before, name)
        started = Model(name, base, True, answered.targets if answered else {})
        done = self._settled(started)
        back = replace(started, desired=base, former=name, changing=False)
        undone = self._settled(back) if base else None
        between = [before, replace(before, targets=started.targets) if before else None]
        wanted = self.world.describe({**source, "infra_name": name})
        self._allow(name)
        self._do(lambda life: self.world.build(wanted, life), end, [done], [back, undone], [*between, started, done, back, undone])

    @rule(end=ends)
    def maintain(self, end: int | None) -> None:
        before = self.model
        answered = self._answered(before, before.desired) if before else None
        done = self._settled(answered) if answered and answered.desired else None
        self._do(self.world.maintain, end, [done], [answered], [before, answered, done])

    @rule(end=ends)
    def destroy(self, end: int | None) -> None:
        before = self.model
        started = before and (Model(None, before.desired, False, before.targets) if before.desired else before)
        self._do(self.world.destroy, end, [None], [started], [before, started, None])

    @precondition(lambda self: self.model and self.model.desired)
    @rule(data=st.data(), form=st.sampled_from(["change", "target", "leaving"]), number=st.integers(-3, 6))
    def scale(self, data: st.DataObject, form: str, number: int) -> None:
        nodes = sorted(self._limits(self.model.desired)) if self.model else []
        node = data.draw(st.sampled_from(nodes))
        there = [instance.node_id for instance in self.world.instances if instance.node_name == node]
        if form == "leaving" and there:
            self.world.scale(node, leaving=data.draw(st.sampled_from(there)))
        elif form == "target":
            self.world.scale(node, target=max(0, number))
        else:
            self.world.scale(node, change=number or 1)
        self.waiting = list(load_requests(self.world.store, INFRA))

    @rule()
    def plan(self) -> None:
        """It changes nothing."""
        before = self._record(), self.world.instances, len(self.world.machines)
        try:
            self.world.plan()
        except InfrastructureNotFound:
            assert self.model is None
        assert (self._record(), self.world.instances) == before[:2]

    # What happens to them

    @rule(cloud=st.sampled_from(EVERYWHERE), weather=weathers)
    def weather(self, cloud: str, weather: dict[str, Any]) -> None:
        now = self.world.timeline.now
        for kind in ("outages", "partitions"):
            weather[kind] = tuple((now + delay, now + delay + long) for delay, long in weather.get(kind, ()))
        self.world.clouds[cloud].weather = Weather(**weather)

    @rule(seconds=st.sampled_from([1.0, 30.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.world.timeline.now += seconds

    @precondition(lambda self: self.world.machines)
    @rule(data=st.data(), frozen=st.booleans())
    def harm(self, data: st.DataObject, frozen: bool) -> None:
        machine = data.draw(st.sampled_from(self.world.machines).map(lambda machine: machine.id))
        cloud = self.world.clouds[machine.split("-")[0]]
        found = next(each for each in cloud.there if each.id == machine)
        if frozen:
            cloud.frozen.add(found.handle.node_id)
        else:
            cloud.kill(found)

    # What holds at all times

    @invariant()
    def nothing_is_made_twice(self) -> None:
        assert self.world.doubled == []

    @invariant()
    def every_machine_has_a_record(self) -> None:
        """But for those on their way out, which a cloud that hides new machines does not show either."""
        assert [machine for machine in self.world.leaked if machine.terminated == inf] == []

    @invariant()
    def no_node_has_ever_more_machines_than_it_may(self) -> None:
        by_node: dict[str, list[tuple[float, int]]] = {}
        for cloud in self.world.clouds.values():
            for machine in cloud.made:
                hidden = machine.terminated < machine.shown  # then nobody sees when it is gone
                end = min(machine.dies, machine.terminated if hidden else machine.gone)
                if end > self.since:
                    by_node.setdefault(machine.handle.node_name, []).extend([(max(machine.made, self.since), 1), (end, -1)])
        for node, changes in by_node.items():
            there = most = 0
            for _, change in sorted(changes):
                there += change
                most = max(most, there)
            assert most <= self.allowed[node], f"{most} machines for {node}"

    def teardown(self) -> None:
        """In fair weather a few passes make it what the model says, and then nothing stays behind."""
        if not hasattr(self, "world"):
            return
        note(f"{len(self.world.machines)} machines after {self.world.timeline.now:.0f} s; now the weather is fair")
        for cloud in self.world.clouds.values():
            cloud.weather = Weather()
            cloud.frozen.clear()
            for machine in cloud.there:
                if machine.dies < inf:
                    cloud.kill(machine)
        self.world.timeline.now += 1000.0
        self._finish()
        self._destroy()

    def _finish(self) -> None:
        for _ in range(PASSES):
            self.maintain(None)
            if self.model is None or self.world.plan().is_empty:
                break
        self.every_machine_has_a_record()
        self.no_node_has_ever_more_machines_than_it_may()
        there = Counter(machine.handle.node_id for machine in self.world.machines)
        assert there == Counter(instance.node_id for instance in self.world.instances)
        assert {(i.phase, i.state) for i in self.world.instances} <= {(Phase.CREATED, NodeState.READY)}
        if self.model:
            assert self.world.plan().is_empty
            limits = self._limits(self.model.desired)
            wanted = {node: scaling.clamped(self.model.targets.get(node, scaling.min)) for node, scaling in limits.items()}
            assert Counter(instance.node_name for instance in self.world.instances) == wanted

    def _destroy(self) -> None:
        self.destroy(None)
        assert self.model is None
        assert self.world.machines == []
        assert {kind: list(self.world.store.scan(kind)) for kind in ("infrastructure", "instance", "request")} == {
            "infrastructure": [],
            "instance": [],
            "request": [],
        }

    # The model

    def _do(
        self,
        operation: Callable[[Life], object],
        end: int | None,
        done: list[Model | None],
        failed: list[Model | None],
        died: list[Model | None],
    ) -> None:
        """Carry out an operation; what may be in the store after it depends on how it ended."""
        existed = self.model is not None
        try:
            operation(Life(end))
        except Death:
            may_be = died
        except InfrastructureNotFound:
            assert not existed
            return
        except StepsFailed as error:
            note(f"failed: {error}")
            may_be = failed
        except OccopusError as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error
        else:
            may_be = done
        record = self._record()
        assert record in may_be, f"{record} is none of {may_be}"
        self.model = record
        self.waiting = list(load_requests(self.world.store, INFRA))
        if may_be is done:
            self.since, self.allowed = self.world.timeline.now, Counter()
            self._allow(record.desired if record else None)

    def _record(self) -> Model | None:
        try:
            record = load_infra(self.world.store, INFRA).value
        except InfrastructureNotFound:
            return None
        names = (str(source["infra_name"]) if source else None for source in (record.desired, record.former))
        return Model(*names, record.changing, dict(record.targets))

    def _limits(self, name: str | None) -> dict[str, Scaling]:
        return {node["name"]: Scaling(**node["scaling"]) for node in self.sources[name]["nodes"]} if name else {}

    def _allow(self, name: str | None) -> None:
        for node, scaling in self._limits(name).items():
            self.allowed[node] = max(self.allowed[node], scaling.max)

    def _settled(self, model: Model) -> Model:
        limits = self._limits(model.desired)
        targets = {node: limits[node].clamped(number) for node, number in model.targets.items() if node in limits}
        return Model(model.desired, None, False, targets)

    def _answered(self, before: Model | None, name: str | None) -> Model | None:
        """What follows from the requests that wait, within the limits of a description."""
        if before is None or name is None:
            return before
        limits, targets = self._limits(name), dict(before.targets)
        there = {instance.node_id for instance in self.world.instances if instance.phase is not Phase.DROPPING}
        for request in self.waiting:
            scaling = limits.get(request.node_name)
            if scaling is None or (request.node_id and request.node_id not in there):
                continue
            number = scaling.clamped(targets.get(request.node_name, scaling.min))
            if request.node_id:
                if number == scaling.min:
                    continue
                there.remove(request.node_id)
                number -= 1
            else:
                number = request.target if request.target is not None else number + (request.change or 0)
            targets[request.node_name] = scaling.clamped(number)
        return replace(before, targets=targets)


WORLDS = int(os.environ.get("OCCOPUS_WORLDS", "100"))
BATCH = 200
"""Worlds that one test tries: Hypothesis remembers all of them, and several processes share the tests."""


def _tests(number: int) -> type:
    """The tests of one batch."""
    made: type = type(f"{RandomWorld.__name__}{number}", (RandomWorld,), {}).TestCase  # type: ignore[attr-defined]  # a state machine has it
    made.settings = settings(  # type: ignore[attr-defined]
        max_examples=min(WORLDS, BATCH),
        derandomize="OCCOPUS_WORLDS" not in os.environ,  # the gate tries the same worlds each time; new ones are looked for apart from it
        stateful_step_count=12,
        deadline=None,
        print_blob=True,
        phases=(Stage.explicit, Stage.reuse, Stage.generate, Stage.shrink),
        suppress_health_check=list(HealthCheck),
    )
    return made


globals().update({f"TestRandomWorlds{number}": _tests(number) for number in range(ceil(WORLDS / BATCH))})

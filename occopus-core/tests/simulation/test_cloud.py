"""Each kind of weather does what it says, and one seed gives one history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from occopus.engine.policy import Policy
from occopus.errors import OccopusError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.records import load_events
from occopus.testing.simulation.clock import SimulatedClock, Timeline
from occopus.testing.simulation.cloud import Power, SimulatedCloud
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import INFRA, World

from .conftest import description, world

T = TypeVar("T")

TESTS = Path(__file__).parents[1]


class Caller:
    """Calls a cloud from a process of its own."""

    def __init__(self, **weather: Any) -> None:
        self.timeline = Timeline()
        self.cloud = SimulatedCloud("cloud", self.timeline, Random(1), Weather(**weather))

    @property
    def now(self) -> float:
        return self.timeline.now

    @now.setter
    def now(self, moment: float) -> None:
        self.timeline.now = moment

    def call(self, function: Callable[..., T], *args: Any) -> T:
        clock = SimulatedClock(self.timeline, Random(1))
        return clock.run(clock.call(function, *args))

    def make(self, node: str = "a", flavour: str = "small") -> str:
        return self.call(self.cloud.run_machine, Handle(INFRA, NodeId(node), "node"), flavour)

    def power(self, *ids: str) -> list[Power]:
        return [power for _, power in self.call(lambda: list(self.cloud.read_machines(ids)))]

    def listed(self) -> list[str]:
        return [machine.id for machine, _ in self.call(lambda: list(self.cloud.list_machines(INFRA)))]

    def refused(self, function: Callable[..., object], *args: Any) -> ResourceError:
        with pytest.raises(ResourceError) as raised:
            function(*args)
        return raised.value


def test_a_call_takes_half_to_one_and_a_half_times_its_latency() -> None:
    caller = Caller(latency=2.0)
    took = []
    for number in range(50):
        before = caller.now
        caller.make(str(number))
        took.append(caller.now - before)
    assert 1.0 <= min(took) < 1.5 < 2.5 < max(took) <= 3.0


def test_a_machine_needs_its_time_to_boot() -> None:
    caller = Caller(boot=10.0)
    id = caller.make()
    caller.now = 4.9
    assert caller.power(id) == [Power.STARTING]
    caller.now = 15.0
    assert caller.power(id) == [Power.RUNNING]


def test_reads_do_not_show_a_new_machine() -> None:
    caller = Caller(hidden=10.0)
    id = caller.make()
    caller.now = 9.9
    assert (caller.power(id), caller.listed()) == ([], [])
    caller.now = 10.0
    assert (caller.power(id), caller.listed()) == ([Power.RUNNING], [id])


def test_a_machine_that_is_terminated_is_shown_until_it_is_gone() -> None:
    caller = Caller(shutting_down=10.0)
    id = caller.make()
    caller.call(caller.cloud.terminate_machine, id)
    caller.now = 9.0
    caller.call(caller.cloud.terminate_machine, id)  # again, which changes nothing
    assert (caller.power(id), len(caller.cloud.there)) == ([Power.STOPPING], 1)
    caller.now = 10.0
    assert (caller.power(id), caller.cloud.there) == ([], [])
    assert [machine.id for machine in caller.cloud.made] == [id]


def test_reads_come_in_pages_and_each_is_a_call() -> None:
    caller = Caller(page=10)
    ids = [caller.make(str(number)) for number in range(25)]
    assert caller.listed() == ids
    assert len(caller.power(*ids)) == 25
    assert caller.cloud.calls == {"run": 25, "list": 3, "read": 3}


@pytest.mark.parametrize("rate", [0.5, 5.0])
def test_more_calls_than_the_rate_are_throttled_until_there_are_tokens_again(rate: float) -> None:
    caller = Caller(rate=rate)
    at_once = max(1, int(rate))
    for number in range(at_once):
        caller.make(str(number))
    error = caller.refused(caller.make, "late")
    assert (error.kind, error.retry_after) == (ErrorKind.THROTTLED, pytest.approx(1 / rate))
    assert caller.cloud.calls == {"run": at_once + 1, "throttled": 1}
    caller.now += 1 / rate
    caller.make("late")
    assert len(caller.cloud.made) == at_once + 1


def test_there_is_room_for_so_many_of_a_flavour_and_again_when_one_is_gone() -> None:
    caller = Caller(capacity={"small": 2}, shutting_down=5.0)
    first, _ = caller.make("a"), caller.make("b")
    assert caller.refused(caller.make, "c").kind is ErrorKind.NO_CAPACITY
    caller.make("d", "large")
    caller.call(caller.cloud.terminate_machine, first)
    assert caller.refused(caller.make, "c").kind is ErrorKind.NO_CAPACITY
    caller.now += 5.0
    caller.make("c")


def test_a_call_that_is_refused_has_no_effect() -> None:
    caller = Caller(refused=1.0)
    assert caller.refused(caller.make).kind is ErrorKind.TRANSIENT
    assert caller.cloud.made == []


def test_a_call_whose_reply_is_lost_has_its_effect_and_repeating_it_finds_that() -> None:
    caller = Caller(lost_reply=1.0)
    assert caller.refused(caller.make).kind is ErrorKind.TRANSIENT
    assert len(caller.cloud.made) == 1
    caller.cloud.weather = Weather()
    assert caller.make() == caller.cloud.made[0].id
    assert len(caller.cloud.made) == 1


def test_a_request_that_comes_twice_makes_one_machine() -> None:
    caller = Caller(twice=1.0)
    caller.make()
    assert (len(caller.cloud.made), caller.cloud.calls) == (1, {"run": 1, "repeated": 1})


def test_machines_that_never_come_up() -> None:
    caller = Caller(never_up=1.0)
    id = caller.make()
    caller.now = 1e9
    assert caller.power(id) == [Power.STARTING]


def test_machines_that_fail_instead_of_coming_up() -> None:
    caller = Caller(broken=1.0, boot=1.0)
    id = caller.make()
    caller.now = 2.0
    assert caller.power(id) == [Power.BROKEN]


def test_machines_die_by_themselves_after_their_time() -> None:
    caller = Caller(life=100.0)
    ids = [caller.make(str(number)) for number in range(200)]
    caller.now = 100.0
    assert 40 < len(caller.cloud.there) < 110  # 1/e of them outlive the average
    caller.now = 10_000.0
    assert (caller.power(*ids), len(caller.cloud.made)) == ([], 200)


def test_a_machine_that_is_killed_is_gone() -> None:
    caller = Caller()
    id = caller.make()
    caller.cloud.kill(caller.cloud.made[0])
    assert (caller.power(id), caller.cloud.there) == ([], [])


def test_in_an_outage_a_caller_waits_in_vain_and_the_machines_run_on() -> None:
    caller = Caller(outages=((5.0, 30.0),), patience=10.0)
    id = caller.make()
    caller.now = 5.0
    assert caller.refused(caller.make, "b").kind is ErrorKind.TRANSIENT
    assert (caller.now, caller.cloud.why_unheard(NodeId("a"))) == (pytest.approx(15.0), None)
    caller.now = 30.0
    assert caller.power(id) == [Power.RUNNING]
    assert len(caller.cloud.made) == 1


def test_an_outage_that_begins_during_a_call_swallows_the_reply() -> None:
    caller = Caller(latency=10.0, outages=((7.5, 30.0),))
    caller.now = 2.0
    error = caller.refused(caller.make)
    assert (error.kind, len(caller.cloud.made)) == (ErrorKind.TRANSIENT, 1)


def test_in_a_partition_the_machines_are_silent_and_the_api_answers() -> None:
    caller = Caller(partitions=((5.0, 30.0),))
    id, node = caller.make(), NodeId("a")
    assert caller.cloud.why_unheard(node) is None
    caller.now = 5.0
    assert (caller.cloud.why_unheard(node), caller.power(id)) == ("no route to host", [Power.RUNNING])
    caller.now = 30.0
    assert caller.cloud.why_unheard(node) is None


def test_a_frozen_machine_runs_and_does_not_answer() -> None:
    caller = Caller()
    id = caller.make()
    caller.cloud.frozen.add(NodeId("a"))
    assert (caller.cloud.why_unheard(NodeId("a")), caller.power(id)) == ("no answer", [Power.RUNNING])


def test_only_what_bears_the_mark_is_listed() -> None:
    caller = Caller()
    caller.make()
    other = Handle(InfraId("other"), NodeId("b"), "node")
    caller.call(caller.cloud.run_machine, other, "small")
    assert caller.listed() == [caller.cloud.made[0].id]


STORMY = {
    "latency": 0.3,
    "boot": 20.0,
    "hidden": 10.0,
    "shutting_down": 8.0,
    "page": 3,
    "rate": 15.0,
    "refused": 0.05,
    "lost_reply": 0.05,
    "twice": 0.1,
    "never_up": 0.02,
    "broken": 0.02,
    "life": 2000.0,
    "outages": ((100.0, 105.0), (300.0, 330.0)),
    "partitions": ((150.0, 250.0),),
}


def history(seed: int) -> dict[str, Any]:
    """Everything that happens in a stormy world in which an infrastructure is built, changed, kept and destroyed."""
    stormy = world(seed, Policy(parallelism=8, create_timeout=100, drop_timeout=100), latency=0.3, boot=20.0)
    ends = [_end(stormy, lambda: stormy.build(stormy.describe(description())))]
    for cloud in stormy.clouds.values():
        cloud.weather = replace(Weather(**STORMY), capacity=cloud.weather.capacity)
    ends.append(_end(stormy, lambda: stormy.build(stormy.describe(description("changed", (1, 4))))))
    for _ in range(3):
        stormy.timeline.now += 50
        ends.append(_end(stormy, stormy.maintain))
    ends.append(_end(stormy, stormy.destroy))
    return {
        "ends": ends,
        "now": repr(stormy.timeline.now),
        "calls": {name: dict(sorted(cloud.calls.items())) for name, cloud in stormy.clouds.items()},
        "machines": [[m.id, m.handle.node_id, *map(repr, (m.made, m.up, m.dies, m.gone))] for c in stormy.clouds.values() for m in c.made],
        "events": [[repr(event.time), event.kind, event.node_id, event.message] for _, event in load_events(stormy.store, INFRA)],
    }


def _end(world: World, operation: Callable[[], object]) -> str:
    try:
        operation()
    except OccopusError as error:
        return str(error)
    return "done"


def test_one_seed_gives_one_history_in_every_process_and_another_seed_another() -> None:
    def elsewhere(hash_seed: int) -> Any:
        code = (
            "import json, sys; sys.path.insert(0, sys.argv[1]); from simulation import test_cloud; print(json.dumps(test_cloud.history(7)))"
        )
        environ = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        done = subprocess.run([sys.executable, "-c", code, str(TESTS)], env=environ, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    here = json.loads(json.dumps(history(7)))
    assert len(here["events"]) > 50
    assert here["calls"]["second"]["run"] > 5
    assert [elsewhere(hash_seed) for hash_seed in (1, 2, 3)] == [here] * 3
    assert history(8)["events"] != here["events"]


def test_weather_may_change_while_a_cloud_is_there() -> None:
    caller = Caller(refused=1.0)
    caller.refused(caller.make)
    caller.cloud.weather = replace(caller.cloud.weather, refused=0.0)
    assert caller.make() == "cloud-1"

"""An infrastructure of six nodes with dependencies and two implementations, in worlds of all weathers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from occopus.engine.policy import Policy
from occopus.errors import InfrastructureNotFound
from occopus.model.instance import Phase
from occopus.testing.simulation.life import Life
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

Description = dict[str, Any]
"""Plain data, as a user's file has it."""

NAMES = ("db", "cache", "app", "worker", "web", "monitor")

EVERYWHERE = ("first", "second")
"""The clouds; each node can be made in either."""


def _made(cloud: str, version: str) -> Description:
    named = {"name": version} if version else {}
    resource = {"type": "simulated", "endpoint": cloud, "flavour": "small", **named}
    return {"resource": resource, "health_check": {"alive": cloud, "timeout": 60}}


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """Up to six nodes; each may depend on those before it, be scaled, be made in one cloud or in either, and be of a second version."""
    nodes, definitions, pairs = [], {}, []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=len(NAMES), unique=True)):
        least = draw(st.integers(1, 3))
        limits = {"min": least, "max": least + draw(st.integers(0, 3))}
        places = draw(st.sampled_from([("first",), ("second",), ("first", "second")]))
        version = draw(st.sampled_from(["", "changed"]))
        pairs += [[name, node["name"]] for node in nodes if draw(st.booleans())]
        nodes.append({"name": name, "type": name, "scaling": limits})
        definitions[name] = [_made(place, version) for place in places]
    return {"nodes": nodes, "dependencies": [{"connection": pair} for pair in pairs], "definitions": definitions}


def description(version: str = "", workers: tuple[int, int] = (2, 4)) -> Description:
    """Six nodes. Another `version` means that every instance has to be replaced."""
    made = [_made(cloud, version) for cloud in EVERYWHERE]
    scaling = {"worker": {"scaling": {"min": workers[0], "max": workers[1]}}}
    depends = [["app", "db"], ["app", "cache"], ["worker", "app"], ["web", "worker"]]
    return {
        "nodes": [{"name": name, "type": "any", **scaling.get(name, {})} for name in NAMES],
        "dependencies": [{"connection": pair} for pair in depends],
        "definitions": {"any": made},
    }


def world(seed: int, policy: Policy | None = None, **weather: Any) -> World:
    """Both clouds have the same weather; in the first there is room for four."""
    fair = Weather(**weather)
    tight = Weather(**{**weather, "capacity": {"small": 4}})
    return World(seed, {"first": tight, "second": fair}, policy or PATIENT)


PATIENT = Policy(parallelism=8, poll_first=4.0)
"""The engine looks seldom: worlds of many looks take long to simulate, and try nothing more."""

SLOW = {"latency": 0.05, "boot": 5.0, "shutting_down": 3.0}
"""A weather in which everything takes its time."""

Command = Callable[[World, Life | None], object]
Story = tuple[Callable[[World], object], Command]
"""What was before, and a command then."""


def build(world: World, life: Life | None = None) -> None:
    world.build(world.describe(description()), life)


def reconfigure(world: World, life: Life | None = None) -> None:
    world.build(world.describe(description("changed", (1, 4))), life)


def maintain(world: World, life: Life | None = None) -> None:
    world.maintain(life)


def destroy(world: World, life: Life | None = None) -> None:
    world.destroy(life)


def nothing(world: World) -> None:
    """There is nothing yet."""


def wounded(world: World) -> None:
    build(world)
    for machine in world.machines[::3]:
        world.clouds[machine.id.split("-")[0]].kill(machine)


def asked_for_more(world: World) -> None:
    build(world)
    world.scale("worker", change=2)


def asked_for_fewer(world: World) -> None:
    asked_for_more(world)
    world.maintain()
    world.scale("worker", change=-1)
    world.scale("worker", leaving=next(i.node_id for i in world.instances if i.node_name == "worker"))


STORIES: Mapping[str, Story] = {
    "build": (nothing, build),
    "scale up": (asked_for_more, maintain),
    "scale down": (asked_for_fewer, maintain),
    "heal": (wounded, maintain),
    "reconfigure": (build, reconfigure),
    "destroy": (build, destroy),
}


def finish(world: World) -> int:
    """Maintain until nothing is left to do; after how many passes that was so. Also where nothing is left at all."""
    passes = 0
    try:
        while world.maintain().done:
            passes += 1
            assert passes <= 2, "it takes more than two passes"
    except InfrastructureNotFound:
        pass
    return passes


def assert_sound(world: World) -> None:
    """Nothing that nobody knows of, nothing twice, nothing half done."""
    assert world.leaked == [], "machines that nobody knows of"
    assert world.doubled == [], "two machines for one instance"
    there = Counter(machine.handle.node_id for machine in world.machines)
    assert [i.node_id for i in world.instances if i.phase is not Phase.CREATED or not there[i.node_id]] == []

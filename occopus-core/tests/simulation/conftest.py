"""An infrastructure of six nodes with dependencies and two implementations, in worlds of all weathers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from occopus.engine.policy import Policy
from occopus.model.instance import Phase
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

EVERYWHERE = ("first", "second")
"""The clouds; each node can be made in either."""


def description(version: str = "", workers: tuple[int, int] = (2, 4)) -> dict[str, Any]:
    """Plain data. Another `version` means that every instance has to be replaced."""
    made = [
        {
            "resource": {"type": "simulated", "endpoint": cloud, "flavour": "small", **({"name": version} if version else {})},
            "health_check": {"alive": cloud, "timeout": 60},
        }
        for cloud in EVERYWHERE
    ]
    names = ("db", "cache", "app", "worker", "web", "monitor")
    scaling = {"worker": {"scaling": {"min": workers[0], "max": workers[1]}}}
    depends = [["app", "db"], ["app", "cache"], ["worker", "app"], ["web", "worker"]]
    return {
        "nodes": [{"name": name, "type": "any", **scaling.get(name, {})} for name in names],
        "dependencies": [{"connection": pair} for pair in depends],
        "definitions": {"any": made},
    }


def world(seed: int, policy: Policy | None = None, **weather: Any) -> World:
    """Both clouds have the same weather; in the first there is room for four."""
    fair = Weather(**weather)
    tight = Weather(**{**weather, "capacity": {"small": 4}})
    return World(seed, {"first": tight, "second": fair}, policy or Policy(parallelism=8))


def assert_sound(world: World) -> None:
    """Nothing that nobody knows of, nothing twice, nothing half done."""
    assert world.leaked == [], "machines that nobody knows of"
    assert world.doubled == [], "two machines for one instance"
    there = Counter(machine.handle.node_id for machine in world.machines)
    assert [i.node_id for i in world.instances if i.phase is not Phase.CREATED or not there[i.node_id]] == []

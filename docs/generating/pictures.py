"""The pictures. What the engine does is not drawn from memory: worlds are simulated, and their events say what followed what."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

from occopus.drawing.svg import svg
from occopus.errors import OccopusError
from occopus.store.records import load_events
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import INFRA, World

WEATHERS = (Weather(boot=30, life=5000), Weather(boot=30, broken=0.2), Weather(boot=30, outages=((300, 900),)))
WORLDS = 15
"""Of each weather; more show nothing else."""

LABELS = {
    "creating": "creating\nintent is in the store",
    "create-failed": "create-failed\nor gave no machine",
    "ready": "ready\nchecks succeed",
    "unknown": "unknown\nno answer: nothing is done",
    "shutdown": "shutdown\nits machine is gone",
    "dropping": "dropping\nintent is in the store",
    "dropped": "dropped\nnothing is left",
}


def pictures() -> dict[str, str]:
    """By path: all pictures."""
    logging.getLogger("occopus").propagate = False  # what simulated worlds do is no news of the build
    return {
        "loop.svg": svg(LOOP, LOOP_EDGES, "The loop: what is desired and what is observed make a plan; applying it changes the world."),
        "layers.svg": svg(LAYERS, LAYER_EDGES, "From files to clouds, and which part does what.", down=True),
        "life.svg": svg(*_life(), "The life of an instance, by its events.", down=True),
    }


LOOP = {
    "desired": "desired\nthe description",
    "observed": "observed\nclouds, health checks",
    "plan": "plan\nthe difference",
    "apply": "apply\nintent, effect, fact",
    "store": "store\nwhat may exist",
    "world": "machines\nand containers",
}
LOOP_EDGES = [
    ("desired", "plan"),
    ("observed", "plan"),
    ("plan", "apply"),
    ("apply", "store", "first"),
    ("apply", "world", "then"),
    ("store", "observed"),
    ("world", "observed"),
]

LAYERS = {
    "doors": "commands, service, Python",
    "manager": "manager",
    "engine": "engine\nplan, apply, reconcile",
    "schema": "schema and descriptors\nevery fault with its place",
    "store": "store\nSQLite or Redis",
    "plugins": "plugins\nthe contract",
    "backends": "packages\none for each cloud",
}
LAYER_EDGES = [
    ("doors", "manager"),
    ("manager", "engine"),
    ("engine", "schema"),
    ("engine", "store"),
    ("engine", "plugins"),
    ("schema", "plugins"),
    ("backends", "plugins"),
]


def _life() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The events of instances, and which follows which."""
    followed = sorted({pair for weather in WEATHERS for seed in range(WORLDS) for pair in _lived(World(seed, {"cloud": weather}))})
    seen = {kind for pair in followed for kind in pair}
    return {kind: LABELS[kind] for kind in LABELS if kind in seen}, followed


def _lived(world: World) -> Iterator[tuple[str, str]]:
    """What followed what in a world where instances fail, are replaced, asked for and removed."""
    made = {"resource": {"type": "simulated", "endpoint": "cloud"}}
    nodes = [{"name": "web", "type": "web", "scaling": {"min": 2, "max": 5}}]
    wanted = world.describe({"nodes": nodes, "definitions": {"web": [made]}})
    with suppress(OccopusError):  # a build that fails removes what it has made
        world.build(wanted)
        world.scale("web", change=1)
        for _ in range(20):
            world.maintain()
            world.timeline.now += 60
        world.destroy()
    kinds: dict[str, list[str]] = {}
    for _, event in load_events(world.store, INFRA):
        if event.node_id and event.kind in LABELS:
            kinds.setdefault(event.node_id, []).append(event.kind)
    for each in kinds.values():
        yield from ((before, after) for before, after in pairwise(each) if before != after)

"""How long building takes in a simulated cloud, on virtual time, so that nothing depends on this machine: the API takes 50 ms a call, a
machine boots in 30 s, the API answers 100 machines a page.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from math import ceil, log

import fresh
from shapes import SHAPES, Edge, widths
from table import Row, number

from occopus.engine.policy import Policy
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

SIZES = (1_000, 10_000)
WEATHER = Weather(latency=0.05, boot=30.0, spread=0.0, page=100)
POLICY = Policy(parallelism=64)


def rows() -> Iterator[Row]:
    cases = [(shape, size) for shape in SHAPES for size in SIZES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # several at once: virtual time does not care
        found = dict(zip(cases, pool.map(lambda case: fresh.run("makespan", "measure", *case).value, cases), strict=True))
    for (shape, size), each in found.items():
        edges = list(SHAPES[shape](size))
        bound = f"the critical path with {POLICY.parallelism} calls at once"
        yield Row(f"makespan, {shape} (virtual time)", f"{size:,}", each["build"], floor(size, edges), bound, ratio=1.1)
    for (shape, size), each in found.items():
        most = most_reads(size, list(SHAPES[shape](size)))
        yield Row(
            f"calls of describe, {shape}",
            f"{size:,}",
            each["reads"],
            most,
            "the most: looks × pages, and a last look at all",
            number,
            ratio=1.0,
        )


def measure(shape: str, size: int) -> dict[str, float]:
    """Build and destroy one of that shape: seconds of virtual time until it is built, and how often the cloud was asked meanwhile."""
    world = World(1, {"cloud": WEATHER}, POLICY)
    wanted = world.describe(
        {
            "nodes": [{"name": f"n{node}", "type": "any"} for node in range(size)],
            "dependencies": [{"connection": [f"n{dependent}", f"n{dependee}"]} for dependent, dependee in SHAPES[shape](size)],
            "definitions": {"any": [{"resource": {"type": "simulated", "endpoint": "cloud"}}]},
        }
    )
    world.build(wanted)
    calls = world.clouds["cloud"].calls
    found = {"build": world.timeline.now, "reads": calls["read"]}
    assert len(world.machines) == calls["run"] == size
    world.destroy()
    assert calls["terminate"] == size
    assert world.machines == []
    return found


def floor(size: int, edges: list[Edge]) -> float:
    """The least time, in seconds: each node is asked for as soon as what it depends on runs and one of the calls is free."""
    dependees: dict[int, list[int]] = {}
    dependents: dict[int, list[int]] = {}
    for dependent, dependee in edges:
        dependees.setdefault(dependent, []).append(dependee)
        dependents.setdefault(dependee, []).append(dependent)
    done = [0.0] * size
    waiting = {node: len(dependees.get(node, ())) for node in range(size)}
    ready = [(0.0, node) for node, number in waiting.items() if number == 0]
    free = [0.0] * POLICY.parallelism
    while ready:
        since, node = heappop(ready)
        begun = max(since, heappop(free))
        heappush(free, begun + WEATHER.latency)
        done[node] = begun + WEATHER.latency + WEATHER.boot
        for dependent in dependents.get(node, ()):
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                heappush(ready, (max(done[dependee] for dependee in dependees[dependent]), dependent))
    return max(done)


def most_reads(size: int, edges: list[Edge]) -> float:
    """How often a cloud may be asked: at each look at a boot, for each page of the nodes that boot together; and once more about all."""
    looks = 1 + ceil(log(1 + WEATHER.boot * (POLICY.poll_growth - 1) / POLICY.poll_first, POLICY.poll_growth))
    return looks * sum(ceil(width / WEATHER.page) for width in widths(size, edges)) + ceil(size / WEATHER.page)

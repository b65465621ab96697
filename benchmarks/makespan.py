"""How long building takes in a simulated cloud, beside the least that is possible; the API takes 50 ms a call, a machine boots in 30 s.

Virtual time: nothing here depends on this machine but the column `real`. The floor is what a scheduler needs that knows at once when a
machine runs, with as many calls at once as we have.
"""

import sys
import time
from collections.abc import Iterator
from heapq import heappop, heappush

from occopus.engine.policy import Policy
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

SIZES = (1_000, 10_000)
LATENCY, BOOT, PARALLEL = 0.05, 30.0, 64

Edge = tuple[int, int]


def wide(size: int) -> Iterator[Edge]:
    """Nobody waits for anybody."""
    return iter(())


def chains(size: int) -> Iterator[Edge]:
    """Chains of 50, side by side."""
    return ((node, node - 1) for node in range(size) if node % 50)


def tree(size: int) -> Iterator[Edge]:
    """Each node waits for its parent in a binary tree."""
    return ((node, (node - 1) // 2) for node in range(1, size))


def tiers(size: int) -> Iterator[Edge]:
    """One node in a hundred is a database, nine are services on one of them, the rest are workers behind a service."""
    databases, services = size // 100, size // 10
    for node in range(databases, size):
        yield node, node % databases if node < services else databases + node % (services - databases)


SHAPES = {"wide": wide, "chains of 50": chains, "binary tree": tree, "three tiers": tiers}


def floor(size: int, edges: list[Edge]) -> float:
    """The least time, in seconds: each node is asked for as soon as what it depends on runs and one of the calls is free."""
    dependees: dict[int, list[int]] = {}
    for dependent, dependee in edges:
        dependees.setdefault(dependent, []).append(dependee)
    done = [0.0] * size
    waiting = {node: len(dependees.get(node, ())) for node in range(size)}
    dependents: dict[int, list[int]] = {}
    for dependent, dependee in edges:
        dependents.setdefault(dependee, []).append(dependent)
    ready = [(0.0, node) for node, number in waiting.items() if number == 0]
    free = [0.0] * PARALLEL
    while ready:
        since, node = heappop(ready)
        begun = max(since, heappop(free))
        heappush(free, begun + LATENCY)
        done[node] = begun + LATENCY + BOOT
        for dependent in dependents.get(node, ()):
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                heappush(ready, (max(done[dependee] for dependee in dependees[dependent]), dependent))
    return max(done)


def measure(size: int, edges: list[Edge]) -> dict[str, float]:
    world = World(1, {"cloud": Weather(latency=LATENCY, boot=BOOT, spread=0.0)}, Policy(parallelism=PARALLEL))
    wanted = world.describe(
        {
            "nodes": [{"name": f"n{node}", "type": "any"} for node in range(size)],
            "dependencies": [{"connection": [f"n{dependent}", f"n{dependee}"]} for dependent, dependee in edges],
            "definitions": {"any": [{"resource": {"type": "simulated", "endpoint": "cloud"}}]},
        }
    )
    begun = time.perf_counter()
    world.build(wanted)
    made = world.timeline.now
    calls = world.clouds["cloud"].calls
    assert len(world.machines) == size
    assert calls["run"] == size
    reads = calls["read"]
    world.destroy()
    assert calls["terminate"] == size
    assert world.machines == []
    return {"build": made, "destroy": world.timeline.now - made, "reads": reads, "real": time.perf_counter() - begun}


def main() -> None:
    print(f"{'shape':<14} {'nodes':>6} {'floor':>9} {'build':>9} {'ratio (aim 1.10)':>17} {'reads':>7} {'destroy':>9} {'real':>8}")
    for name, shape in SHAPES.items():
        for size in SIZES:
            edges = list(shape(size))
            least, found = floor(size, edges), measure(size, edges)
            ratio = found["build"] / least
            print(
                f"{name:<14} {size:>6,} {least:8.1f}s {found['build']:8.1f}s {ratio:17.3f} "
                f"{found['reads']:>7,.0f} {found['destroy']:8.1f}s {found['real']:7.1f}s"
            )
    print(f"Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()

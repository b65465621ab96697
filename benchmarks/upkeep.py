"""A maintenance pass over n healthy instances on a backend that answers at once, with the store on the disk: what it takes and writes."""

import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import fresh
import shapes
from still import manager_of
from table import Row, number

from occopus.model.infrastructure import InfraId
from occopus.store.records import load_instances

SMALL, LARGE = 1_000, 10_000
PASSES = 5
FEW = 10


def rows() -> Iterator[Row]:
    for nodes_of, what in ((lambda size: FEW, f"of {FEW} nodes"), (lambda size: size, "one a node")):
        name = f"pass over instances {what}"
        found = {size: fresh.run("upkeep", "measure", nodes_of(size), size // nodes_of(size)).value for size in (SMALL, LARGE)}
        for size, each in found.items():
            yield Row(f"{name}: processor time", f"{size:,}", each["pass"], each["reading"], "reading them from the store")
        yield Row(
            f"{name}: growth", f"{LARGE:,}", found[LARGE]["pass"], 10 * found[SMALL]["pass"], f"ten times that of {SMALL:,}", ratio=1.1
        )
        yield Row(f"{name}: writes", f"{LARGE:,}", found[LARGE]["writes"], 0, "none, since nothing is to be done", number, most=0)


def measure(nodes: int, instances: int) -> dict[str, float]:
    """A pass over so many nodes with so many instances each, and reading the instances: seconds of processor time, the best of five."""
    with tempfile.TemporaryDirectory() as folder:
        manager = manager_of(Path(folder), counting=True)
        infrastructure = manager.read(shapes.write(Path(folder), [], nodes, instances)).infrastructure
        assert infrastructure is not None
        infra_id = manager.build(infrastructure).instances[0].infra_id
        manager.store.writes = 0
        passes = [seconds(lambda: keep(manager, infra_id, nodes * instances)) for _ in range(PASSES)]
        reading = [seconds(lambda: load_instances(manager.store, infra_id)) for _ in range(PASSES)]
        return {"pass": min(passes), "reading": min(reading), "writes": manager.store.writes / PASSES}


def keep(manager, infra_id: InfraId, expected: int) -> None:
    outcome = manager.maintain(infra_id)
    assert not outcome.done
    assert len(outcome.instances) == expected


def seconds(function) -> float:
    gc.collect()
    begun = time.process_time()
    function()
    return time.process_time() - begun

"""Building and destroying n nodes that wait for nobody, on a backend that answers at once, with the store on the disk."""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import fresh
import shapes
from still import PARALLEL, StillHandler, manager_of
from table import Row, megabytes, number

from occopus.store.sqlite_file import open_file

SIZES = (10, 1_000, 10_000)
SMALLEST, SMALL, LARGE = SIZES


def rows() -> Iterator[Row]:
    found = {size: fresh.run("building", "measure", size).value for size in SIZES}
    rest = {size: fresh.run("building", "store_alone", size).value for size in (SMALL, LARGE)}
    for size in (SMALL, LARGE):
        each, least = found[size], rest[size]
        bound = "the same rows into SQLite, 64 nodes a transaction"
        yield Row("build and destroy: processor time per node", f"{size:,}", each["cpu"] / size, least["cpu"] / size, bound, most=0.003)
        yield Row("build and destroy: time per node", f"{size:,}", each["wall"] / size, least["wall"] / size, bound)
    for kind, what in (("cpu", "processor time"), ("wall", "time")):
        small, large = found[SMALL][kind], found[LARGE][kind]
        yield Row(f"build and destroy: {what}", f"{LARGE:,}", large, 10 * small, f"ten times that of {SMALL:,}", ratio=1.1)
    for size in (SMALL, LARGE):
        for call in ("create", "drop"):
            calls = found[size]["calls"][call] / size
            yield Row(f"calls of {call} per node", f"{size:,}", calls, 1, "one", form=number, most=1)
    for size in (SMALL, LARGE):
        bytes_each, least_bytes = (found[n]["bytes"] / found[n]["events"] for n in (size, SMALLEST))
        yield Row("bytes written per event", f"{size:,}", bytes_each, least_bytes, f"the same with {SMALLEST} nodes", number, ratio=1.1)
    large = found[LARGE]
    yield Row("peak memory of building", f"{LARGE:,}", large["peak"], large["read"], "before building, the description read", megabytes)


def measure(size: int) -> dict[str, object]:
    """What building and destroying takes: seconds, seconds of processor time, calls, bytes, events; memory before and at most."""
    with tempfile.TemporaryDirectory() as folder:
        manager = manager_of(Path(folder), counting=True)
        infrastructure = manager.read(shapes.write(Path(folder), [], size)).infrastructure
        assert infrastructure is not None
        read = memory()
        wall, cpu = time.perf_counter(), time.process_time()
        instances = manager.build(infrastructure).instances
        assert len(instances) == size
        manager.destroy(instances[0].infra_id)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert not manager.list()
        store = manager.store
        return {
            "wall": wall,
            "cpu": cpu - store.counting,
            "calls": StillHandler.calls,
            "bytes": store.size,
            "events": store.events,
            "read": read,
            "peak": memory(),
        }


def store_alone(size: int) -> dict[str, float]:
    """What SQLite takes for what must be kept of each node: what is wanted, what was made, what goes, and the event of each."""
    text, event = "x" * 600, "x" * 200
    put = (
        "INSERT INTO records VALUES ('instance', 'infra', ?, 1, ?) ON CONFLICT DO UPDATE SET version = version + 1, value = excluded.value"
    )
    append = "INSERT INTO records VALUES ('event', 'infra', ?, 1, ?)"
    delete = "DELETE FROM records WHERE kind = 'instance' AND scope = 'infra' AND name = ?"
    with tempfile.TemporaryDirectory() as folder:
        db = open_file(Path(folder) / "store.db")
        wall, cpu = time.perf_counter(), time.process_time()
        for step in range(4):
            for start in range(0, size, PARALLEL):
                nodes = range(start, min(start + PARALLEL, size))
                db.execute("BEGIN IMMEDIATE")
                if step < 3:
                    db.executemany(put, ((str(node), text) for node in nodes))
                else:
                    db.executemany(delete, ((str(node),) for node in nodes))
                db.executemany(append, ((f"{step}-{node}", event) for node in nodes))
                db.execute("COMMIT")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        db.close()
    return {"wall": wall, "cpu": cpu}


def memory() -> int:
    """Bytes that this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

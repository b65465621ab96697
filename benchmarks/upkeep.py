"""How long a maintenance pass over n healthy instances takes, and what it writes to the store. The backend answers at once."""

import gc
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from occopus.manager import InfrastructureManager
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, Handle, NodeId, NodeState
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.loading import load_plugins
from occopus.plugins.resource import Checkpoint, CreateRequest, ResourceHandler, ResourceHandlerSpec, ResourceStatus
from occopus.settings import Settings
from occopus.store.backend import with_texts
from occopus.store.base import Change, Lease
from occopus.store.sqlite import SqliteStore

SIZES = (1_000, 10_000)
PASSES = 5

READY = ResourceStatus(NodeState.READY, (Address("127.0.0.1"),))

DEFINITIONS = """\
'node_def:worker':
  - resource: {type: still}
    health_check: {ping: false}
"""


class StillHandler(ResourceHandler):
    """Everything is there as soon as it is asked for."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        return request.handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        return {handle.node_id: READY for handle in handles}

    def drop(self, handle: Handle) -> None:
        """Nothing was made."""

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return ()


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(type="still", handler=f"{__name__}:StillHandler", schema={})


class CountingStore(SqliteStore):
    """Counts the calls of `write` and the bytes that they bring."""

    writes = 0
    size = 0

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        self.writes += 1
        self.size += sum(len(text) for _, text in with_texts(changes))
        super().write(changes, lease)


def measure(nodes: int, instances: int, folder: Path) -> dict[str, float]:
    """A pass over so many nodes with so many instances each."""
    lines = [f"  - {{name: n{i}, type: worker, scaling: {{min: {instances}}}}}" for i in range(nodes)]
    (folder / "infra.yaml").write_text("\n".join(["infra_name: upkeep", "user_id: bench", "nodes:", *lines, ""]))
    (folder / "nodes.yaml").write_text(DEFINITIONS)
    mine = EntryPoint("still", __name__, "occopus")
    manager = InfrastructureManager(
        Settings(data_dir=folder, store_url="memory:", parallelize=True), load_plugins([*entry_points(group="occopus"), mine])
    )
    store = manager.store = CountingStore(folder / f"{nodes}-{instances}.db")
    infrastructure = manager.read([folder / "infra.yaml", folder / "nodes.yaml"]).infrastructure
    assert infrastructure is not None
    begun = time.perf_counter()
    infra_id = manager.build(infrastructure).instances[0].infra_id
    built = time.perf_counter() - begun
    store.writes = store.size = 0
    seconds = []
    for _ in range(PASSES):
        gc.collect()
        begun = time.perf_counter()
        outcome = manager.maintain(infra_id)
        seconds.append(time.perf_counter() - begun)
        assert not outcome.done
        assert len(outcome.instances) == nodes * instances
    return {"build": built, "pass": min(seconds), "writes": store.writes / PASSES, "bytes": store.size / PASSES}


def main() -> None:
    sys.modules.setdefault(Path(__file__).stem, sys.modules[__name__])
    print(f"{'instances':<28} {'build':>8} {'pass':>8} {'writes':>7} {'bytes':>7}")
    with tempfile.TemporaryDirectory() as folder:
        measure(10, 10, Path(folder))  # imports and first uses are not what is measured
        for size in SIZES:
            for nodes, each in ((10, size // 10), (size, 1)):
                found = measure(nodes, each, Path(folder))
                shape = f"{size:,} of {nodes:,} nodes"
                print(f"{shape:<28} {found['build']:7.2f}s {found['pass']:7.3f}s {found['writes']:7.0f} {found['bytes']:7.0f}")
    print(f"Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()

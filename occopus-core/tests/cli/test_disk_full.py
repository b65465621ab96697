"""A real disk that fills up, or becomes read-only, under a command that runs: it says so, and nothing that was begun is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from small_disk import SmallDisk, small_disk

from occopus.model.infrastructure import InfraId
from occopus.store.records import load_infras
from occopus.store.sqlite import SqliteStore

from .conftest import Home, until

pytestmark = pytest.mark.endurance

NODES = ("a", "b", "c", "d", "e")
CHAIN = "[[b, a], [c, b], [d, c], [e, d]]"


@dataclass
class Place(Home):
    """A user's directory whose `data` or `file` (the store), or both, are on a small disk."""

    small: Path = Path()
    on_it: str = "both"

    @property
    def data(self) -> Path:
        return (self.path if self.on_it == "store" else self.small) / "data"

    @property
    def file(self) -> Path:
        return {"store": self.small, "data": self.path, "both": self.data}[self.on_it] / "occopus.db"

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"OCCOPUS_CONFIG_PATH": str(self.path / "config.yaml")}

    @property
    def store(self) -> SqliteStore:
        return SqliteStore(self.file)

    @property
    def infras(self) -> list[Any]:
        return list(load_infras(self.store)) if self.file.exists() else []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small") as disk:
        yield disk


@pytest.fixture(params=["both", "store", "data"])
def place(request: pytest.FixtureRequest, tmp_path: Path, disk: SmallDisk) -> Iterator[Place]:
    made = Place(tmp_path, small=disk.path, on_it=request.param)
    made.write("config.yaml", f"store: {{url: 'sqlite://{made.file}'}}\n")
    yield made
    made.end()


def full_during_a_build(place: Place, disk: SmallDisk, *args: str) -> tuple[str, str]:
    """The identifier, and what was said."""
    process = place.start("occopus", "build", place.describe(*NODES, depends=CHAIN), "--nodes", "nodes.yaml", *args)
    infra_id: InfraId = until(lambda: place.infras and place.infras[0].infra_id, "the first write")
    until(lambda: "ready" in place.kinds(infra_id), "the first node")
    disk.fill()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert "unexpected" not in err
    return infra_id, err


def assert_every_process_is_known(place: Place) -> None:
    known = {instance.node_id for instance in place.instances}
    assert set(place.processes.values()) <= known
    assert set(place.directories) <= known


def test_a_disk_that_fills_up_during_a_build(place: Place, disk: SmallDisk) -> None:
    infra_id, said = full_during_a_build(place, disk)
    if place.on_it == "data":
        assert "failed: No space left on device" in said
        assert f"'occopus destroy -i {infra_id}' finishes the job" in said
    else:
        assert f"error: the store '{place.file}' can't grow, nothing was written (database or disk is full)\n" in said
        assert f"  = free space on its disk; 'occopus maintain -i {infra_id}' goes on where it ended\n" in said
    assert_every_process_is_known(place)
    running = place.processes
    assert running
    for command in (["list"], ["report", "-i", infra_id], ["plan", "-i", infra_id], ["events", "-i", infra_id]):
        assert place.run("occopus", *command).stdout
    for command in ("maintain", "destroy"):
        done = place.run("occopus", command, "-i", infra_id, code=1)
        assert "free space on its disk" in done.stderr or "No space left on device" in done.stderr
        assert_every_process_is_known(place)
    assert running.items() <= place.processes.items(), "nothing that runs was touched"
    disk.free()
    if place.on_it != "data":  # there it was on its way back to what there was before: nothing
        place.run("occopus", "maintain", "-i", infra_id, code=None)  # one that could not even start is replaced by the second pass
        place.maintain(infra_id)
        place.assert_exactly(*NODES)
        assert running.items() <= place.processes.items()
        assert place.plan(infra_id) == "plan: nothing to do\n"
    place.run("occopus", "destroy", "-i", infra_id)
    place.assert_nothing_left()


STEPS = """
'node_def:steps':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: |
        #cloud-config
        write_files:
          - {path: first, content: ''}
        runcmd:
          - while [ -e first ]; do sleep 0.02; done
          - exec sleep 1000
"""


@pytest.mark.parametrize("place", ["both"], indirect=True)
def test_a_node_goes_on_where_its_progress_can_not_be_noted(place: Place, disk: SmallDisk) -> None:
    place.write("steps.yaml", STEPS)
    infra_id = place.build(place.describe("a: type: steps"), "--nodes", "steps.yaml")
    (instance,) = place.instances
    supervisor = place.supervisor(instance)
    disk.fill()
    (place.directory(instance) / "first").unlink()
    until(lambda: len(place.pids(instance)) == 2 and b"1000" in _commands(place, instance), "the second command")
    disk.free()
    assert place.maintain(infra_id).endswith("nothing to do\n")
    assert place.supervisor(instance) == supervisor
    place.run("occopus", "destroy", "-i", infra_id)
    place.assert_nothing_left()


def _commands(place: Place, instance: Any) -> bytes:
    return b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in place.pids(instance))


def test_a_log_that_can_not_grow_stops_nothing(tmp_path: Path, disk: SmallDisk) -> None:
    place = Place(tmp_path, small=tmp_path)
    place.write("config.yaml", f"logging: {{file: '{disk.path}/occopus.log', level: DEBUG}}\n")
    disk.fill()
    infra_id = place.build(place.describe("a", "b"))
    done = place.run("occopus", "destroy", "-i", infra_id)
    place.assert_nothing_left()
    assert "Traceback" not in done.stderr
    assert done.stderr.count(f"warning: the log file '{disk.path}/occopus.log' cannot be written: [Errno 28] No space left on device") == 1


@pytest.mark.parametrize("place", ["store"], indirect=True)
def test_a_store_that_becomes_read_only(place: Place, disk: SmallDisk) -> None:
    infra_id = place.build(place.describe("a", "b"))
    store = place.store
    assert list(load_infras(store))
    store.close()  # who closes it last brings its log into it
    running, before = place.processes, place.file.read_bytes()
    with disk.read_only():
        assert place.run("occopus", "list").stdout.startswith(infra_id)
        assert "2/2 ready" in place.run("occopus", "report", "-i", infra_id).stdout
        assert place.plan(infra_id) == "plan: nothing to do\n"
        assert "built" in place.run("occopus", "events", "-i", infra_id).stdout
        for command in (["maintain"], ["destroy"], ["scale", "-n", "a", "-s", "1"], ["build", "test.yaml"]):
            done = place.run("occopus", *command, "-i", infra_id, code=1)
            assert done.stderr.endswith(
                f"error: the store '{place.file}' is read-only (attempt to write a readonly database)\n"
                "  = check that you may write to it and to its directory\n"
            )
    assert (place.processes, place.file.read_bytes()) == (running, before)
    place.run("occopus", "destroy", "-i", infra_id)
    place.assert_nothing_left()

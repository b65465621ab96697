"""Occopus as its users run it: the installed commands, in an environment of their own, with nodes that are real processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Instance
from occopus.store.base import Store
from occopus.store.records import load_events, load_infras, load_instances
from occopus.store.redis import RedisStore
from occopus.store.sqlite import SqliteStore

SCRIPTS = Path(sys.executable).parent
PATIENCE = 60.0
"""Seconds after which a test no longer believes that something will happen."""

NODES = """
'node_def:plain':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: |
        #cloud-config
        runcmd:
          - exec sleep 1000
'node_def:never':
  - resource: {type: local}
    health_check:
      ports: [9]
'node_def:server':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: |
        #cloud-config
        write_files:
          - {path: health, content: well}
        runcmd:
          - exec python3 -m http.server 8080 --bind "$OCCOPUS_NODE_ADDRESS"
    health_check:
      ping: false
      urls: ['http://{{ ip }}:8080/health']
      timeout: 3
"""


def until(condition: Callable[[], Any], what: str) -> Any:
    """What a condition gives as soon as it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} does not happen"
        time.sleep(0.01)
    return found


@dataclass
class Home:
    """A user's directory with an infrastructure's files; `data` is where Occopus keeps what it knows."""

    path: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    redis: str = ""
    """The address of the store, where it is in a Redis."""

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")}
        own = {"HOME": str(self.path), "OCCOPUS_DATA_DIR": str(self.data), "NO_PROXY": "*"}
        return kept | own | ({"OCCOPUS_CONFIG_PATH": str(self.path / "store.yaml")} if self.redis else {})

    def use_redis(self, url: str) -> None:
        """Let all commands keep what they know there."""
        self.redis = url
        self.write("store.yaml", f"store: {{url: '{url}'}}\n")

    def describe(self, *nodes: str, depends: str = "[]", name: str = "test") -> str:
        """Write a description and the definitions; nodes are "name" or "name: settings", of the type `plain` unless they say another."""
        entries = "\n".join(f"  - {{name: {node.partition(':')[0]}, {node.partition(':')[2] or 'type: plain'}}}" for node in nodes)
        self.write(f"{name}.yaml", f"infra_name: {name}\nuser_id: me\nnodes:\n{entries}\ndependencies: {depends}\n")
        self.write("nodes.yaml", NODES)
        return f"{name}.yaml"

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(textwrap.dedent(text))

    def start(self, command: str, *args: str, **options: Any) -> subprocess.Popen[str]:
        """Begin a command in a session of its own, as a shell would in a terminal."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "env": self.environment} | options
        process = subprocess.Popen([SCRIPTS / command, *args], text=True, **{"cwd": self.path, **options})
        self.running.append(process)
        return process

    def run(self, command: str, *args: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must have this exit code."""
        process = self.start(command, *args)
        out, err = process.communicate(timeout=PATIENCE)
        assert code is None or process.returncode == code, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def build(self, description: str, *args: str) -> str:
        """Build, and give the identifier."""
        return self.run("occopus", "build", description, "--nodes", "nodes.yaml", *args).stdout.strip()

    def destroy_what_is_left(self, infra_id: str) -> None:
        """As a user who does not know how far the last command came: it may have come to its end."""
        there = any(infra.infra_id == infra_id for infra in self.infras)
        self.run("occopus", "destroy", "-i", infra_id, code=0 if there else 2)
        self.assert_nothing_left()

    @contextmanager
    def stuck(self, instance: Instance) -> Iterator[None]:
        """Let whatever works on an instance's machine hang."""
        with (self.data / "local" / ".locks" / instance.node_id).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def store(self) -> Store:
        return RedisStore(self.redis) if self.redis else SqliteStore(self.data / "occopus.db")

    @property
    def infras(self) -> list[InfraRecord]:
        return list(load_infras(self.store)) if self.redis or (self.data / "occopus.db").exists() else []

    @property
    def instances(self) -> list[Instance]:
        return [item.value for infra in self.infras for item in load_instances(self.store, infra.infra_id).values()]

    def events(self, infra_id: str) -> list[Event]:
        return [event for _, event in load_events(self.store, InfraId(infra_id))]

    @property
    def processes(self) -> dict[int, str]:
        """The living processes of all nodes of this home, with the id of the node of each."""
        found = {}
        for process in psutil.process_iter():
            try:
                environment = process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
            except psutil.Error:
                continue
            if "OCCOPUS_NODE_ID" in environment and environment.get("HOME", "").startswith(str(self.data)):
                found[process.pid] = environment["OCCOPUS_NODE_ID"]
        return found

    def named(self, node: str) -> list[Instance]:
        """The instances of a node, the oldest first."""
        return sorted((i for i in self.instances if i.node_name == node), key=lambda i: i.created_at)

    def pids(self, instance: Instance) -> set[int]:
        return {pid for pid, node_id in self.processes.items() if node_id == instance.node_id}

    def alive(self, *nodes: str) -> dict[str, set[int]]:
        """The processes of all instances of some nodes, by their ids: the same as before where nothing has touched them."""
        return {i.node_id: self.pids(i) for node in nodes for i in self.named(node)}

    def alive_all(self) -> dict[str, set[int]]:
        return self.alive(*{instance.node_name for instance in self.instances})

    def supervisor(self, instance: Instance) -> int:
        """Its process leads the group of all others."""
        return os.getpgid(min(self.pids(instance)))

    def kill(self, instance: Instance) -> None:
        """Kill all processes of a node, as if its machine were switched off."""
        os.killpg(self.supervisor(instance), signal.SIGKILL)
        until(lambda: not self.pids(instance), "the end of the killed")

    def signal_command(self, instance: Instance, number: signal.Signals) -> None:
        """Send a signal to the process that a node is there for."""
        (command,) = self.pids(instance) - {self.supervisor(instance)}
        os.kill(command, number)

    def sicken(self, instance: Instance) -> None:
        """Let the health check of a `server` fail, until it is cured."""
        (self.directory(instance) / "health").unlink()

    def cure(self, instance: Instance) -> None:
        (self.directory(instance) / "health").write_text("well")

    def directory(self, instance: Instance) -> Path:
        return self.data / "local" / instance.infra_id / instance.node_id

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Everything that is in the store: each record with its version, and how many were ever appended."""
        with closing(sqlite3.connect(self.data / "occopus.db")) as db:
            return [
                *db.execute("SELECT * FROM records ORDER BY kind, scope, name"),
                *db.execute("SELECT * FROM counters WHERE name = 'appended'"),
            ]

    def maintain(self, infra_id: str, *args: str, code: int = 0) -> str:
        """What one pass says."""
        return self.run("occopus-maintain", "-i", infra_id, *args, code=code).stderr

    def reported(self, infra_id: str, instance: Instance) -> dict[str, Any]:
        """What the report says of an instance."""
        report = json.loads(self.run("occopus", "report", "-i", infra_id, "--json").stdout)
        found: dict[str, Any] = report[instance.node_name]["instances"][instance.node_id]
        return found

    def plan(self, infra_id: str) -> str:
        """What the next pass would do."""
        return self.run("occopus", "plan", "-i", infra_id).stdout

    def kinds(self, infra_id: str) -> list[str]:
        return [event.kind for event in self.events(infra_id)]

    @property
    def directories(self) -> list[str]:
        return sorted(path.name for path in (self.data / "local").glob("[!.]*/*"))

    @property
    def addresses(self) -> list[str]:
        return [path.name for path in (self.data / "local" / ".addresses").glob("*")]

    def assert_nothing_left(self) -> None:
        """No record, no process, no directory, no address."""
        assert (self.infras, self.instances, self.processes, self.directories, self.addresses) == ([], [], {}, [], [])

    def assert_exactly(self, *nodes: str) -> None:
        """Each of these nodes is there once: in the store, as a directory with an address, and as processes."""
        assert sorted(instance.node_name for instance in self.instances) == sorted(nodes)
        ids = sorted(instance.node_id for instance in self.instances)
        assert self.directories == ids
        assert sorted(set(self.processes.values())) == ids
        assert len(self.addresses) == len(ids)

    def end(self) -> None:
        """End whatever a failed test left behind; of processes, only our own."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for pid in self.processes:
            os.kill(pid, signal.SIGKILL)


class Looking(ABC):
    """Looks all the time, in a thread of its own, while a test does something else; what goes wrong there goes wrong in the test."""

    pause = 0.01
    """Seconds from one look to the next."""
    looks = 0
    """How often it has looked."""

    @abstractmethod
    def look(self) -> None:
        """Look once, and note what is there."""

    def __enter__(self) -> Self:
        self._done = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._looking = self._thread.submit(self._look_until_done)
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        with self._thread:
            self._looking.result()

    def _look_until_done(self) -> None:
        while not self._done.wait(self.pause):
            self.look()
            self.looks += 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "home" in getattr(item, "fixturenames", ()):
            item.add_marker("commands")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.end()

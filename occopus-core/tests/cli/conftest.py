"""Occopus as its users run it: the installed commands, in an environment of their own, with nodes that are real processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Instance
from occopus.store.records import load_events, load_infras, load_instances
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

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")}
        return kept | {"HOME": str(self.path), "OCCOPUS_DATA_DIR": str(self.data), "NO_PROXY": "*"}

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
        process = subprocess.Popen([SCRIPTS / command, *args], cwd=self.path, text=True, **options)
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
    def store(self) -> SqliteStore:
        return SqliteStore(self.data / "occopus.db")

    @property
    def infras(self) -> list[InfraRecord]:
        return list(load_infras(self.store)) if (self.data / "occopus.db").exists() else []

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


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.end()

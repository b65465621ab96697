"""Local nodes for the tests, and the certainty that none of their processes is left behind."""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from occopus.builtin.local.handler import LocalHandler
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import Context, CreateRequest, HandlerConfig, ResourceStatus

PATIENCE = 20.0


class Local:
    """Drives one handler as the engine would, and drops every node in the end."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.handler = self.make_handler()
        self.infra_id = InfraId(str(uuid.uuid4()))
        self.handles: list[Handle] = []

    def make_handler(self) -> LocalHandler:
        return LocalHandler(HandlerConfig({"type": "local"}, {}, self.data_dir, logging.getLogger("occopus.local")))

    def request(self, context: Context | None = None, node_id: str = "") -> CreateRequest:
        handle = Handle(self.infra_id, NodeId(node_id or str(uuid.uuid4())), "web")
        self.handles.append(handle)
        return CreateRequest(handle, "occopus-test", {"type": "local"}, context)

    def create(self, context: Context | None = None) -> Handle:
        return self.handler.create(self.request(context), lambda _: None)

    def finished(self, context: Context | None = None) -> Handle:
        """A node whose commands have all ended."""
        handle = self.create(context)
        self.until(lambda: (self.state(handle) or {}).get("phase") in ("finished", "exited"))
        return handle

    def status(self, handle: Handle) -> ResourceStatus | None:
        return self.handler.describe([handle]).get(handle.node_id)

    def directory(self, handle: Handle) -> Path:
        return self.data_dir / "local" / handle.infra_id / handle.node_id

    def state(self, handle: Handle) -> dict[str, Any] | None:
        """What the supervisor has noted; None before it has."""
        path = self.directory(handle) / "state.json"
        text = path.read_text() if path.exists() else ""
        return json.loads(text) if text else None

    def output(self, handle: Handle) -> str:
        return (self.directory(handle) / "output.log").read_text()

    def number_in(self, handle: Handle, name: str) -> int:
        """A process's number that a node writes to a file, once it is there."""
        path = self.directory(handle) / name
        self.until(lambda: path.exists() and path.read_text().endswith("\n"))
        return int(path.read_text())

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "what was waited for did not happen"
            time.sleep(0.005)

    def until_gone(self, handle: Handle) -> None:
        self.handler.drop(handle)
        deadline = time.monotonic() + PATIENCE
        while self.directory(handle).exists():
            assert time.monotonic() < deadline, f"the node is still there: {self.status(handle)}"
            self.handler.drop(handle)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in the name of a node below the data directory."""
        return [process for process in psutil.process_iter() if home_of(process).startswith(str(self.data_dir))]

    def supervisors(self) -> list[psutil.Process]:
        """One a machine. Just after a fork its child looks the same but leads no session."""
        return [process for process in self.processes() if "supervisor.py" in command_of(process) and leads_session(process.pid)]


def leads_session(pid: int) -> bool:
    with suppress(ProcessLookupError):
        return os.getsid(pid) == pid
    return False


def command_of(process: psutil.Process) -> str:
    """Its command line; empty for one that has ended meanwhile."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("HOME", "")
    except (psutil.Error, OSError):
        return ""


@pytest.fixture
def local(occopus_home: Path) -> Iterator[Local]:
    local = Local(occopus_home)
    yield local
    for handle in local.handles:
        local.until_gone(handle)
    assert local.processes() == []
    assert list(occopus_home.glob("local/.*/*")) == [], "no lock and no address may be left"


@pytest.fixture
def make_handler(local: Local) -> Callable[[], LocalHandler]:
    return local.make_handler

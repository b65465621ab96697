"""Several processes make and remove nodes, and some of them are killed while they do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from occopus.builtin.local import supervisor
from occopus.model.instance import NodeState
from occopus.plugins import CreateRequest, UserData

CREATOR = """
import logging, os, signal, sys, time
from pathlib import Path
from occopus.builtin.local.handler import LocalHandler
from occopus.model.instance import Handle
from occopus.plugins import CreateRequest, HandlerConfig, UserData

data_dir, infra_id, node_id, text, dies_at, gate = sys.argv[1:]
descriptor = os.open("/dev/null", os.O_RDONLY)
os.set_inheritable(descriptor, True)
handler = LocalHandler(HandlerConfig({}, {}, Path(data_dir), logging.getLogger()))
calls = []

def checkpoint(handle):
    calls.append(handle)
    if len(calls) == int(dies_at):
        os.kill(os.getpid(), signal.SIGKILL)

print("waiting", flush=True)
deadline = time.monotonic() + 20
while gate and not Path(gate).exists() and time.monotonic() < deadline:
    time.sleep(0.0005)
handler.create(CreateRequest(Handle(infra_id, node_id, "web"), "m", {"type": "local"}, UserData(text)), checkpoint)
"""
COUNT = UserData("#cloud-config\nwrite_files: [{path: /x, content: a}, {path: /x, content: b, append: true}]\nruncmd: [echo ran >> runs]\n")


def creator(local: Any, request: CreateRequest, dies_at: int = 0, gate: Path | str = "") -> subprocess.Popen[str]:
    assert isinstance(request.context, UserData)
    arguments = [str(local.data_dir), request.infra_id, request.node_id, request.context.text, str(dies_at), str(gate)]
    return subprocess.Popen([sys.executable, "-c", CREATOR, *arguments], stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=30)
    return process.returncode


def test_node_outlives_the_process_that_made_it(local: Any) -> None:
    request = local.request(COUNT)
    assert finish(creator(local, request)) == 0
    local.until(lambda: local.status(request.handle).detail == "runcmd finished, 0 of 1 commands failed")
    (process,) = local.supervisors()
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to see the descriptors of another process")
def test_supervisor_inherits_no_descriptors(local: Any) -> None:
    request = local.request(COUNT)
    assert finish(creator(local, request)) == 0
    local.until(lambda: (local.state(request.handle) or {}).get("phase") == "finished")
    (process,) = local.supervisors()
    output = str(local.directory(request.handle) / "output.log")
    descriptors = [os.readlink(path) for path in sorted(Path(f"/proc/{process.pid}/fd").iterdir())]
    assert descriptors == ["/dev/null", output, output]


def test_several_processes_make_one_node(local: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    for _ in range(3):
        request = local.request(COUNT)
        creators = [creator(local, request, gate=gate) for _ in range(4)]
        for process in creators:
            assert process.stdout is not None
            assert process.stdout.readline() == "waiting\n"
        gate.touch()
        assert [finish(process) for process in creators] == [0] * 4
        local.until(lambda request=request: (local.state(request.handle) or {}).get("phase") == "finished")
        assert len(local.supervisors()) == 1
        assert (local.directory(request.handle) / "runs").read_text() == "ran\n"
        local.until_gone(request.handle)
        gate.unlink()


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_create_goes_on_after_a_kill(local: Any, dies_at: int) -> None:
    request = local.request(COUNT)
    assert finish(creator(local, request, dies_at)) == -9
    handle = local.handler.create(request, lambda _: None)
    local.until(lambda: (local.state(handle) or {}).get("phase") == "finished")
    assert len(local.supervisors()) == 1
    assert (local.directory(handle) / "runs").read_text() == "ran\n"
    assert (local.directory(handle) / "x").read_text() == "ab"


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_drop_cleans_up_after_a_kill(local: Any, dies_at: int) -> None:
    request = local.request(COUNT)
    assert finish(creator(local, request, dies_at)) == -9
    local.until_gone(request.handle)
    assert local.processes() == []
    assert [path for path in local.data_dir.rglob("*") if not path.is_dir()] == []


@pytest.mark.parametrize("dies_at", [1, 2])
def test_half_made_node_waits_to_be_finished(local: Any, dies_at: int) -> None:
    request = local.request(COUNT)
    assert finish(creator(local, request, dies_at)) == -9
    status = local.status(request.handle)
    assert (status.state, status.unfinished) == (NodeState.PENDING, True)


def test_directory_without_a_record_waits_to_be_finished(local: Any) -> None:
    request = local.request(COUNT)
    local.directory(request.handle).mkdir(parents=True)
    status = local.status(request.handle)
    assert (status.state, status.unfinished) == (NodeState.PENDING, True)
    assert [found.node_id for found in local.handler.find(local.infra_id)] == [request.node_id]
    local.handler.create(request, lambda _: None)
    local.until(lambda: local.status(request.handle).state is NodeState.READY)


def test_supervisor_that_was_never_recorded_is_adopted(local: Any) -> None:
    """As when the process died between starting the supervisor and noting it down."""
    request = local.request(COUNT)
    handle = local.handler.create(request, lambda _: None)
    local.until(lambda: (local.state(handle) or {}).get("phase") == "finished")
    path = local.directory(handle) / "node.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"supervisor": None}))
    again = local.handler.create(request, lambda _: None)
    assert again == handle
    assert (local.directory(handle) / "runs").read_text() == "ran\n"


def test_second_supervisor_gives_way(local: Any) -> None:
    handle = local.finished(COUNT)
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(local.directory(handle))]
    assert subprocess.run(command, timeout=20, check=False).returncode == 0
    assert local.state(handle)["pid"] == int(handle.ids["supervisor"])
    assert (local.directory(handle) / "runs").read_text() == "ran\n"

"""How nodes end: on request, by accident, and with the machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from occopus.builtin.local.processes import Identity, alive, birth, same_boot
from occopus.model.instance import Handle, NodeState
from occopus.plugins import ErrorKind, ResourceError, UserData

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere no process adopts its grandchildren")

DAEMON = """#!/usr/bin/env python3
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
with open("daemon", "w") as file:
    print(os.getpid(), file=file)
time.sleep(1000)
"""
STUBBORN = "#!/bin/sh\ntrap '' TERM\necho $$ > stubborn\nwhile :; do sleep 0.05; done\n"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any node."""
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    assert process.poll() is None, "a process of somebody else was killed"
    process.kill()
    process.wait()


def edit(local: Any, handle: Handle, file: str, **changes: Any) -> None:
    path = local.directory(handle) / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def kill_supervisor(local: Any, handle: Handle) -> None:
    pid = int(handle.ids["supervisor"])
    os.kill(pid, signal.SIGKILL)
    local.until(lambda: birth(pid) is None)


def test_drop_ends_a_daemon_that_left_its_session(local: Any) -> None:
    handle = local.create(UserData(DAEMON))
    pid = local.number_in(handle, "daemon")
    assert os.getsid(pid) != int(handle.ids["supervisor"])
    local.until_gone(handle)
    assert birth(pid) is None


@linux_only
def test_drop_ends_a_daemon_that_also_wiped_its_environment(local: Any) -> None:
    command = "#!/bin/sh\nenv -i setsid sh -c 'echo $$ > daemon; exec sleep 1000' &\n"
    handle = local.finished(UserData(command))
    pid = local.number_in(handle, "daemon")
    local.until(lambda: psutil.Process(pid).name() == "sleep")
    assert psutil.Process(pid).environ() == {} or "OCCOPUS_NODE_ID" not in psutil.Process(pid).environ()
    local.until_gone(handle)
    assert birth(pid) is None


def test_drop_ends_a_process_that_ignores_the_request(local: Any) -> None:
    handle = local.create(UserData(STUBBORN))
    pid = local.number_in(handle, "stubborn")
    start = time.monotonic()
    local.handler.drop(handle)
    assert time.monotonic() - start < 2, "drop must not wait"
    local.until_gone(handle)
    assert birth(pid) is None


def test_drop_lets_a_process_end_in_order(local: Any) -> None:
    local.data_dir.joinpath("told").unlink(missing_ok=True)
    script = f"#!/bin/sh\ntrap 'echo bye > {local.data_dir}/told; exit' TERM\necho $$ > pid\nwhile :; do sleep 0.01; done\n"
    handle = local.create(UserData(script))
    local.number_in(handle, "pid")
    local.until_gone(handle)
    assert (local.data_dir / "told").read_text() == "bye\n"


def test_no_command_starts_once_a_node_is_dropped(local: Any) -> None:
    late = local.data_dir / "late"
    handle = local.create(UserData(f"#cloud-config\nruncmd: [echo 1 > begun; sleep 1000, echo > {late}]\n"))
    local.number_in(handle, "begun")
    local.until_gone(handle)
    assert not late.exists()


def test_drop_removes_what_nobody_may_enter(local: Any) -> None:
    handle = local.finished(UserData("#cloud-config\nruncmd: [mkdir -p shut/in && touch shut/in/x && chmod 0 shut/in shut]\n"))
    local.until_gone(handle)
    assert not local.directory(handle).exists()


def test_node_being_removed_is_reported_and_not_made_again(local: Any) -> None:
    request = local.request()
    handle = local.handler.create(request, lambda _: None)
    edit(local, handle, "node.json", dropping=True)
    status = local.status(handle)
    assert (status.state, status.unfinished) == (NodeState.SHUTDOWN, True)
    with pytest.raises(ResourceError, match="being removed") as raised:
        local.handler.create(request, lambda _: None)
    assert raised.value.kind is ErrorKind.TRANSIENT


def test_killed_supervisor_is_a_failure(local: Any) -> None:
    handle = local.finished(UserData("#cloud-config\nruncmd: [sleep 1000 & echo $! > pid]\n"))
    pid = local.number_in(handle, "pid")
    kill_supervisor(local, handle)
    status = local.status(handle)
    assert (status.state, status.unfinished) == (NodeState.FAILED, False)
    assert "supervisor was killed" in status.detail
    assert birth(pid) is not None
    local.until_gone(handle)
    assert birth(pid) is None


def test_supervisor_that_was_asked_to_stop_is_a_failure(local: Any) -> None:
    handle = local.finished(UserData("#cloud-config\nruncmd: [sleep 1000 &]\n"))
    os.kill(int(handle.ids["supervisor"]), signal.SIGTERM)
    local.until(lambda: local.status(handle).state is NodeState.FAILED)
    assert "asked to stop" in local.status(handle).detail
    assert local.processes() == []


def test_supervisor_that_can_not_start_is_a_failure(local: Any) -> None:
    handle = local.finished()
    kill_supervisor(local, handle)
    (local.directory(handle) / "state.json").unlink()
    (local.directory(handle) / "output.log").write_text("Traceback\nno memory\n")
    status = local.status(handle)
    assert (status.state, status.detail) == (NodeState.FAILED, "the supervisor did not start: no memory")


def test_number_used_again_is_never_ours(local: Any, bystander: subprocess.Popen[bytes]) -> None:
    handle = local.finished()
    kill_supervisor(local, handle)
    edit(local, handle, "state.json", pid=bystander.pid, birth=f"{birth(bystander.pid)}0")
    assert local.status(handle).state is NodeState.FAILED
    local.until_gone(handle)
    assert bystander.poll() is None


def test_process_is_known_by_its_birth(bystander: subprocess.Popen[bytes]) -> None:
    born = birth(bystander.pid)
    assert born is not None
    assert alive(Identity(bystander.pid, born))
    assert not alive(Identity(bystander.pid, born + "0"))
    assert not alive(Identity(0, born))
    assert not alive(None)


@pytest.mark.parametrize("pid_known", [True, False])
def test_supervisor_that_does_not_know_its_birth_is_recognised(local: Any, pid_known: bool) -> None:
    """As on systems where only others can tell; there two supervisors may also have been started, of which the recorded one lost."""
    handle = local.finished()
    edit(local, handle, "state.json", birth=None)
    if not pid_known:
        edit(local, handle, "node.json", supervisor={"pid": 1, "birth": "0"})
    assert local.status(handle).state is NodeState.READY


def test_other_boot_ends_a_node(local: Any, bystander: subprocess.Popen[bytes]) -> None:
    handle = local.finished()
    kill_supervisor(local, handle)
    edit(local, handle, "node.json", boot="another")
    edit(local, handle, "state.json", pid=bystander.pid, birth=birth(bystander.pid))
    assert local.status(handle) is None
    assert [found.node_id for found in local.handler.find(local.infra_id)] == [handle.node_id]
    local.handler.drop(handle)
    assert not local.directory(handle).exists()


def test_create_after_another_boot_starts_anew(local: Any) -> None:
    request = local.request(UserData("#cloud-config\nwrite_files: [{path: /x, content: new}]\n"))
    handle = local.handler.create(request, lambda _: None)
    local.until(lambda: local.state(handle))
    kill_supervisor(local, handle)
    (local.directory(handle) / "x").write_text("old")
    edit(local, handle, "node.json", boot="another")
    local.handler.create(request, lambda _: None)
    local.until(lambda: local.status(handle).state is NodeState.READY)
    assert (local.directory(handle) / "x").read_text() == "new"


def test_boots_are_told_apart() -> None:
    assert same_boot("a-b", "a-b")
    assert not same_boot("a-b", "a-c")
    assert same_boot("1000.0", "1003.5"), "the clock was corrected"
    assert not same_boot("1000.0", "9000.0")


def test_missing_directory_is_absence_and_its_processes_still_end(local: Any) -> None:
    handle = local.finished()
    subprocess.run(["rm", "-r", str(local.directory(handle))], check=True)
    assert local.status(handle) is None
    local.handler.drop(handle)
    assert local.processes() == []

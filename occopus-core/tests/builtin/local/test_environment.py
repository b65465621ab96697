"""What processes of a node see of the world."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from occopus.plugins import ContainerContext, UserData

CANARY = "canary-4711"
PRINT = UserData(
    "#cloud-config\nruncmd: [[python3, -c, 'import os, sys; print(*os.environ.items(), os.getcwd(), sys.executable, sep=chr(10))']]\n"
)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "OCCOPUS_TOKEN", "SSH_AUTH_SOCK", "LD_PRELOADED"):
        monkeypatch.setenv(name, CANARY)


def test_commands_know_their_node(local: Any) -> None:
    handle = local.finished(PRINT)
    output = local.output(handle).splitlines()
    assert f"('OCCOPUS_NODE_ID', '{handle.node_id}')" in output
    assert f"('OCCOPUS_INFRA_ID', '{handle.infra_id}')" in output
    assert "('OCCOPUS_NODE_NAME', 'web')" in output
    assert f"('OCCOPUS_NODE_ADDRESS', '{handle.ids['address']}')" in output
    assert f"('HOME', '{local.directory(handle)}')" in output
    assert output[-2] == str(local.directory(handle))
    assert Path(output[-1]).parent == Path(sys.executable).parent


def test_commands_see_nothing_else_of_ours(local: Any) -> None:
    handle = local.finished(PRINT)
    assert CANARY not in local.output(handle)
    supervisor = psutil.Process(int(handle.ids["supervisor"]))
    assert CANARY not in str(supervisor.environ())
    assert {name for name in supervisor.environ() if name.startswith("OCCOPUS_")} == {
        "OCCOPUS_NODE_ID",
        "OCCOPUS_NODE_NAME",
        "OCCOPUS_NODE_ADDRESS",
        "OCCOPUS_INFRA_ID",
    }


def test_container_sees_its_env_and_can_not_hide(local: Any) -> None:
    env = ("TOKEN=a=b c", "OCCOPUS_NODE_ID=another", "HOME=/nowhere")
    handle = local.finished(ContainerContext(env, "sh -c 'echo $TOKEN; echo $OCCOPUS_NODE_ID; echo $HOME'"))
    assert local.output(handle).splitlines() == ["a=b c", handle.node_id, "/nowhere"]


def test_env_of_a_container_is_in_no_process_listing(local: Any) -> None:
    handle = local.create(ContainerContext((f"TOKEN={CANARY}",), "sleep 1000"))
    local.until(lambda: len(local.processes()) == 2)
    assert not [process for process in local.processes() if CANARY in " ".join(process.cmdline())]
    assert (local.directory(handle) / "job.json").stat().st_mode & 0o777 == 0o600

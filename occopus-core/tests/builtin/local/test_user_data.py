"""Nodes that are given user data."""

from __future__ import annotations

from typing import Any

import pytest

from occopus.model.instance import AddressKind, NodeState
from occopus.plugins import ErrorKind, ResourceError, UserData


def cloud_config(body: str) -> UserData:
    return UserData(f"#cloud-config\n{body}\n")


def test_files_are_below_the_directory(local: Any) -> None:
    handle = local.finished(cloud_config("write_files: [{path: /srv/www/x, content: hi, permissions: '0600'}, {path: y, content: ho}]"))
    directory = local.directory(handle)
    assert (directory / "srv/www/x").read_text() == "hi"
    assert (directory / "srv/www/x").stat().st_mode & 0o777 == 0o600
    assert (directory / "y").read_text() == "ho"
    assert directory.stat().st_mode & 0o777 == 0o700


def test_escape_is_refused_before_anything_is_made(local: Any) -> None:
    with pytest.raises(ResourceError, match="leads out") as raised:
        local.create(cloud_config("write_files: [{path: /ok, content: x}, {path: /../../../x}]"))
    assert raised.value.kind is ErrorKind.INVALID
    assert list(local.data_dir.rglob("*")) == []


def test_file_in_the_way_of_another_is_invalid(local: Any) -> None:
    with pytest.raises(ResourceError, match="making the local node") as raised:
        local.create(cloud_config("write_files: [{path: /a}, {path: /a/b}]"))
    assert raised.value.kind is ErrorKind.INVALID


def test_commands_run_in_order_and_go_on_after_a_failure(local: Any) -> None:
    handle = local.finished(cloud_config("runcmd: [echo one, exit 3, [echo, two three], [no-such-program], kill -9 $$, echo four]"))
    assert [line for line in local.output(handle).splitlines() if "no-such" not in line] == ["one", "two three", "four"]
    assert local.state(handle)["exit_codes"] == [0, 3, 0, 127, 137, 0]
    status = local.status(handle)
    assert (status.state, status.detail) == (NodeState.READY, "runcmd finished, 3 of 6 commands failed")
    assert [address.kind for address in status.addresses] == [AddressKind.PRIVATE]


def test_node_is_ready_while_its_commands_run(local: Any) -> None:
    handle = local.create(cloud_config("runcmd: [echo, sleep 1000]"))
    local.until(lambda: local.status(handle).detail == "running command 2 of 2")
    assert local.status(handle).state is NodeState.READY


def test_daemon_goes_on_after_the_commands(local: Any) -> None:
    handle = local.finished(cloud_config('runcmd: ["sleep 1000 & echo $! > pid"]'))
    pid = local.number_in(handle, "pid")
    assert pid in [process.pid for process in local.processes()]


def test_server_listens_at_the_nodes_address(local: Any) -> None:
    program = "import os, socket; s = socket.create_server((os.environ['OCCOPUS_NODE_ADDRESS'], 0)); print(s.getsockname()[0], flush=True)"
    handle = local.finished(cloud_config(f'runcmd: [[python3, -c, "{program}"]]'))
    assert local.output(handle).strip() == handle.ids["address"]


def test_script(local: Any) -> None:
    handle = local.finished(UserData("#!/bin/sh\necho from $PWD\nexit 4\n"))
    assert local.output(handle) == f"from {local.directory(handle)}\n"
    assert local.state(handle)["exit_codes"] == [4]


@pytest.mark.parametrize("text", ["", "echo hello", "#include http://x", " #cloud-config\n"])
def test_other_user_data_is_invalid(local: Any, text: str) -> None:
    with pytest.raises(ResourceError, match="must begin with") as raised:
        local.create(UserData(text))
    assert raised.value.kind is ErrorKind.INVALID


def test_node_without_context_just_exists(local: Any) -> None:
    handle = local.finished()
    status = local.status(handle)
    assert (status.state, status.detail) == (NodeState.READY, "on, with nothing to run")

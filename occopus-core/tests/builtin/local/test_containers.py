"""Nodes that are given a container's command."""

from __future__ import annotations

from typing import Any

import pytest

from occopus.model.instance import NodeState
from occopus.plugins import ContainerContext, ErrorKind, ResourceError


def test_container_is_ready_while_its_command_runs(local: Any) -> None:
    handle = local.create(ContainerContext((), ("sleep", "1000")))
    local.until(lambda: local.status(handle).state is NodeState.READY)
    assert local.status(handle).detail == "running command 1 of 1"


def test_container_ends_with_its_command(local: Any) -> None:
    handle = local.finished(ContainerContext((), "sh -c 'for n in 1 2 3 4 5 6 7; do echo line $n; done; exit 3'"))
    status = local.status(handle)
    assert (status.state, status.unfinished) == (NodeState.SHUTDOWN, True)
    assert status.detail == "exit code 3: line 3\nline 4\nline 5\nline 6\nline 7"
    local.until(lambda: local.processes() == [])
    assert local.status(handle).state is NodeState.SHUTDOWN


def test_container_that_was_killed(local: Any) -> None:
    handle = local.finished(ContainerContext((), "sh -c 'kill -9 $$'"))
    assert local.status(handle).detail == "exit code 137"


def test_command_that_is_not_there(local: Any) -> None:
    handle = local.finished(ContainerContext((), ("no-such-program",)))
    assert local.status(handle).detail == "exit code 127: no-such-program: No such file or directory"


def test_nothing_outlives_the_main_process(local: Any) -> None:
    local.finished(ContainerContext((), "sh -c 'sleep 1000 & echo'"))
    local.until(lambda: local.processes() == [])


@pytest.mark.parametrize("command", [None, "", ()])
def test_container_without_a_command_just_exists(local: Any, command: Any) -> None:
    handle = local.finished(ContainerContext(("A=b",), command))
    assert local.status(handle).state is NodeState.READY


@pytest.mark.parametrize("context", [ContainerContext((), "echo 'open"), ContainerContext(("PASSWORD",)), ContainerContext(("=x",))])
def test_faults_are_invalid(local: Any, context: ContainerContext) -> None:
    with pytest.raises(ResourceError) as raised:
        local.create(context)
    assert raised.value.kind is ErrorKind.INVALID
    assert list(local.data_dir.rglob("*")) == []

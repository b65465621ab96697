"""Commands that are killed with SIGKILL at all kinds of moments, and the commands that put everything right afterwards."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from .conftest import until

pytestmark = pytest.mark.endurance

NODES = ("db", "app", "cache", "web")
DEPENDS = "[[app, db], [web, app], [web, cache]]"


def kill_after(process: Any, home: Any, infra_id: str, number: int, delay: float) -> None:
    """Kill a command a moment after so many events of the infrastructure are in the store, unless it has ended by then."""
    until(lambda: process.poll() is not None or len(home.events(infra_id)) >= number, "the event")
    time.sleep(delay)  # not to wait for anything: the moment between two events is what varies
    process.send_signal(signal.SIGKILL)
    process.communicate()


def killed_build(home: Any, number: int, *args: str) -> str:
    """What is to be built again; the store has it unless the build died before its first write."""
    description: str = home.describe(*NODES, depends=DEPENDS)
    process = home.start("occopus", "build", description, "--nodes", "nodes.yaml", *args)
    infra_id = until(lambda: home.infras and home.infras[0].infra_id, "the first write")
    kill_after(process, home, infra_id, number, delay=number * 0.013 % 0.05)
    return description


@pytest.mark.parametrize("number", [1, 2, 4, 6, 8])
def test_a_build_is_killed_and_built_again(home: Any, number: int) -> None:
    description = killed_build(home, number, *(["--parallelize"] if number % 3 == 0 else []))
    infra_id = home.infras[0].infra_id
    begun = time.monotonic()
    assert home.build(description, "-i", infra_id) == infra_id
    assert time.monotonic() - begun < 12, "the lease of the dead is not waited for"
    home.assert_exactly(*NODES)
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


@pytest.mark.parametrize("number", [1, 3, 5, 7, 9])
def test_a_build_is_killed_and_destroyed(home: Any, number: int) -> None:
    killed_build(home, number, *(["--parallelize"] if number % 3 == 1 else []))
    home.run("occopus", "destroy", "-i", home.infras[0].infra_id)
    home.assert_nothing_left()


@pytest.mark.parametrize("number", [1, 4, 6])
def test_a_destroy_is_killed_and_run_again(home: Any, number: int) -> None:
    infra_id = home.build(home.describe(*NODES, depends=DEPENDS))
    before = len(home.events(infra_id))
    process = home.start("occopus", "destroy", "-i", infra_id)
    kill_after(process, home, infra_id, before + number, delay=number * 0.013 % 0.05)
    home.destroy_what_is_left(infra_id)


def test_a_rollback_is_killed_and_finished(home: Any) -> None:
    description = home.describe("a", "bad: type: never", depends="[[bad, a]]")
    process = home.start("occopus", "build", description, "--nodes", "nodes.yaml")
    infra_id = until(lambda: home.infras and home.infras[0].infra_id, "the first write")
    until(lambda: [event.kind for event in home.events(infra_id)].count("creating") == len(("a", "bad")), "the second node")
    process.send_signal(signal.SIGINT)
    until(lambda: "rollback" in [event.kind for event in home.events(infra_id)], "the rollback")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    home.destroy_what_is_left(infra_id)

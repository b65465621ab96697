"""A store in Redis that goes away while commands work: they wait for it, and go on."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, Home, until

pytestmark = pytest.mark.endurance

OUTAGE = 20.0
"""Seconds for which a Redis is away."""

NODES = ("a", "b", "c", "d", "e", "f")
CHAIN = "[[b, a], [c, b], [d, c], [e, d], [f, e]]"
GONE = re.compile(r"^warning: the store redis://127.0.0.1:\d+/0 can't be reached; trying again for up to 60 s$", re.MULTILINE)
BACK = re.compile(r"^warning: the store redis://127.0.0.1:\d+/0 can be reached again$", re.MULTILINE)


@pytest.fixture
def keeping_redis(start_redis: Callable[..., Any]) -> Callable[[], Any]:
    """Starts a Redis that keeps what it was told over a restart."""
    return lambda: start_redis("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def homes(home: Home, tmp_path: Path) -> Any:
    """Two homes that know nothing of each other."""
    (tmp_path / "second").mkdir()
    second = Home(tmp_path / "second")
    yield home, second
    second.end()


def start_building(home: Home) -> Any:
    """A build in the middle."""
    described = home.describe(*NODES, depends=CHAIN)
    process = home.start("occopus", "build", described, "--nodes", "nodes.yaml", "--cfg", "store.yaml")
    until(lambda: len(home.directories) == 2, "the second node")
    return process


def test_builds_wait_for_a_redis_that_is_away_or_hangs_for_a_while(homes: tuple[Home, Home], keeping_redis: Callable[[], Any]) -> None:
    servers = [keeping_redis(), keeping_redis()]
    for home, server in zip(homes, servers, strict=True):
        home.use_redis(server.url)
    building = []
    for home, take_away in zip(homes, (lambda: servers[0].stop(signal.SIGKILL), servers[1].pause), strict=True):
        building.append(start_building(home))  # one after the other: the first might end while the second starts
        take_away()
    end = time.monotonic() + OUTAGE
    while time.monotonic() < end:
        assert [process.poll() for process in building] == [None, None]
        time.sleep(0.1)
    servers[0].start()
    servers[1].resume()
    said = []
    for home, process in zip(homes, building, strict=True):
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert re.findall(r"^ +[0-9.]+s  ready +(\w+)  ", err, re.MULTILINE) == list(NODES)
        home.assert_exactly(*NODES)
        home.run("occopus", "destroy", "-i", out.strip())
        home.assert_nothing_left()
        said.append(err)
    counts = [(len(GONE.findall(err)), len(BACK.findall(err))) for err in said]
    assert counts == [(1, 1), (1, 1)], "that it is away is said once, and that it is back"


def test_ctrl_c_is_answered_at_once_while_the_redis_is_away(home: Home, keeping_redis: Callable[[], Any]) -> None:
    server = keeping_redis()
    home.use_redis(server.url)
    process = start_building(home)
    server.stop()
    time.sleep(1)  # not to wait for anything: every thread of the build may wait for the store by then
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    until(lambda: process.stderr.readline() == "stopping at a safe point; Ctrl-C again stops at once\n", "the answer to the signal")
    assert time.monotonic() - began < 10
    server.start()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err.endswith("error: stopped; everything that was made is removed again\n")
    home.assert_nothing_left()


def test_the_second_ctrl_c_needs_no_redis(home: Home, keeping_redis: Callable[[], Any]) -> None:
    server = keeping_redis()
    home.use_redis(server.url)
    process = start_building(home)
    (infra,) = home.infras
    server.stop()
    process.send_signal(signal.SIGINT)
    until(lambda: "stopping at a safe point" in process.stderr.readline(), "the answer to the signal")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert err.endswith(f"stopped at once; 'occopus destroy -i {infra.infra_id}' removes what is left\n")
    server.start()
    home.run("occopus", "destroy", "-i", infra.infra_id)
    home.assert_nothing_left()


@pytest.mark.parametrize("wrong", ["the first", "the second"])
def test_a_clock_that_is_an_hour_ahead_gives_nobody_the_lease(home: Home, keeping_redis: Callable[[], Any], wrong: str) -> None:
    home.use_redis(keeping_redis().url)
    infra_id = home.build(home.describe("a", "b", depends="[[b, a]]"))
    (dead,) = home.named("a")
    home.kill(dead)
    home.write("sitecustomize.py", "import time\ntrue = time.time\ntime.time = lambda: true() + 3600\n")
    ahead = home.environment | {"PYTHONPATH": str(home.path)}
    environments = [ahead, home.environment] if wrong == "the first" else [home.environment, ahead]
    with home.stuck(dead):
        first = home.start("occopus-maintain", "-i", infra_id, env=environments[0])
        until(lambda: "dropping" in home.kinds(infra_id), "the drop")
        assert (home.events(infra_id)[-1].time > time.time() + 3000) == (wrong == "the first"), "its clock is ahead indeed"
        second = home.start("occopus-maintain", "-i", infra_id, env=environments[1])
        told = until(lambda: "waiting for it" in (line := second.stderr.readline()) and line, "the second command's word")
        assert f"(process {first.pid} on " in told
        events = home.kinds(infra_id)
        time.sleep(1.5)  # it asks every half second
        assert (second.poll(), home.kinds(infra_id)) == (None, events)
    assert first.communicate(timeout=PATIENCE)[1].endswith("\n1 dropped, 1 created\n")
    assert second.communicate(timeout=PATIENCE)[1] == "nothing to do\n"
    assert (first.returncode, second.returncode) == (0, 0)
    home.assert_exactly("a", "b")

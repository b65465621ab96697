"""Kills commands with SIGKILL, which nobody can catch, at moments that matter."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from occopus.testing.faulty import FaultyServer
from occopus.testing.user import User, until

DESTROYS = 1
"""The seed of a round in which what was begun is destroyed."""


def run_until_killed(user: User, server: FaultyServer, at: int | str, *, before: bool, command: tuple[str | Path, ...]) -> str:
    """Run a command and kill it at a request: `before` the effect of that, or when its reply would be sent. Gives what it said.

    The request is the first for an action, or that with a number from 0. A command that does not make it runs to its end.
    """
    server.hold_at, server.holds_before_effect = at, before
    name, *args = command
    process = user.start(str(name), *args)
    until(lambda: server.held.is_set() or process.poll() is not None, "the request")
    said = kill(process)
    server.hold_at = None
    server.released.set()
    return said


def kill_at_some_moment(process: subprocess.Popen[str], calls: Callable[[], int], most: int, seed: int) -> None:
    """Kill a process after so many calls and a moment more. It may be done already by then."""
    chance = random.Random(seed)  # noqa: S311 - it guards nothing
    wanted = chance.randint(0, most)
    until(lambda: process.poll() is not None or calls() >= wanted, "the call")
    time.sleep(chance.random() ** 3)  # not to wait for anything: the moment is what varies
    kill(process)


def assert_the_next_pass_mends(
    user: User, build: Sequence[str | Path], inventory: Callable[[], Sequence[str]], nodes: Mapping[str, int], seed: int
) -> None:
    """After a build was killed: what is there must be what the user knows, so many of each node. Odd seeds maintain, even ones build again.

    The seed 1 destroys, which takes as long as a backend may not show what it was asked for.
    """
    infras = user.infras
    if infras and seed != DESTROYS:
        command, *args = ["occopus-maintain"] if seed % 2 else build
        user.run(str(command), *args, "--parallelize", "-i", *infras)
        known = {name: list(user.report(infras[0], name)) for name in nodes}
        assert {name: len(ids) for name, ids in known.items()} == nodes, "the pass must finish all nodes"
        assert sorted(inventory()) == sorted(id for ids in known.values() for id in ids), "nothing may be made twice, or be left"
        return
    if infras:
        user.run("occopus-destroy", "--parallelize", "-i", *infras)
    assert (list(inventory()), user.infras) == ([], []), "what was begun must be gone"


def kill(process: subprocess.Popen[str]) -> str:
    """Kill a process and wait for its end; what it said to people."""
    process.send_signal(signal.SIGKILL)
    return process.communicate()[1]

"""Kills commands with SIGKILL, which nobody can catch, at moments that matter."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from occopus.testing.faulty import FaultyServer
from occopus.testing.user import User, until


def run_until_killed(user: User, server: FaultyServer, number: int, *, before: bool, command: tuple[str | Path, ...]) -> None:
    """Run a command and kill it at one of its requests, counted from 0: `before` the effect of that, or when its reply would be sent.

    One that makes fewer requests runs to its end.
    """
    server.hold_at, server.holds_before_effect = number, before
    name, *args = command
    process = user.start(str(name), *args)
    until(lambda: server.held.is_set() or process.poll() is not None, "the request")
    kill(process)
    server.hold_at = None
    server.released.set()


def kill_at_some_moment(process: subprocess.Popen[str], calls: Callable[[], int], most: int, seed: int) -> None:
    """Kill a process after so many calls and a moment more. It may be done already by then."""
    chance = random.Random(seed)  # noqa: S311 - it guards nothing
    wanted = chance.randint(0, most)
    until(lambda: process.poll() is not None or calls() >= wanted, "the call")
    time.sleep(chance.random() ** 3)  # not to wait for anything: the moment is what varies
    kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and wait for its end."""
    process.send_signal(signal.SIGKILL)
    process.communicate()

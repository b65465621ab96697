"""Processes of this machine: which are a node's, whether they live, and how they end.

A process is never known by its number alone, for numbers are used again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from occopus.plugins.resource import ErrorKind, ResourceError

NODE_ID = "OCCOPUS_NODE_ID"
"""The variable in the environment of each of a node's processes that says whose it is."""

GRACE = 0.1
"""Seconds between asking processes to end and ending them."""

SETTLING = 0.04
"""Seconds in which killed processes are expected to disappear."""

CLOCK_STEP = 60.0
"""Seconds by which a correction of the clock may shift the time of the boot, where nothing better tells two boots apart."""


@dataclass(frozen=True)
class Identity:
    """A process: its number, and its birth as the system tells it."""

    pid: int
    birth: str


def birth(pid: int) -> str | None:
    """When a process began; None where there is no such process, or only a dead one that nobody has asked about yet."""
    if pid <= 0:
        return None
    if sys.platform == "linux":  # in ticks since the boot: unlike a time of day it never shifts
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if after_name[0] in "ZX" else after_name[19]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return None


def alive(process: Identity | None) -> bool:
    """Whether this very process lives, not another under its number."""
    return process is not None and birth(process.pid) == process.birth


def identify(pid: int, node_id: str) -> Identity | None:
    """The process under a number, if it is the node's."""
    return _confirmed(pid, node_id, None)


def current_boot() -> str:
    """Names the time from the machine's last start to its next."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return repr(psutil.boot_time())


def same_boot(one: str, other: str) -> bool:
    """Whether two names of `current_boot` mean the same one."""
    try:
        return abs(float(one) - float(other)) < CLOCK_STEP
    except ValueError:
        return one == other


def end(node_id: str, supervisor: Identity | None) -> bool:
    """Ask every process of a node to end, then end what is left. Takes a fifth of a second at most; says whether all are gone."""
    asked = members(node_id, supervisor)
    _signal(sorted(asked, key=lambda process: process != supervisor), signal.SIGTERM)  # it first, so that it starts nothing more
    _wait(asked, GRACE)
    # The supervisor goes last: as long as it lives, what it adopted can be told from strangers.
    others = members(node_id, supervisor) - {supervisor}
    _signal(others, signal.SIGKILL)
    _wait(others, SETTLING)
    left = members(node_id, supervisor)
    if supervisor is not None and left == {supervisor}:
        _signal(left, signal.SIGKILL)
        _wait(left, SETTLING)
        left = members(node_id, supervisor)
    return not left


def members(node_id: str, supervisor: Identity | None) -> set[Identity]:
    """The living processes of a node: those marked in their environment, and while the supervisor lives all below it and in its session."""
    session = supervisor.pid if supervisor and alive(supervisor) else None
    found = {process for pid in psutil.pids() if _belongs(pid, node_id, session) and (process := _confirmed(pid, node_id, session))}
    if session is not None:
        with suppress(psutil.Error):
            below = (child.pid for child in psutil.Process(session).children(recursive=True))
            found |= {Identity(pid, born) for pid in below if (born := birth(pid))}
    return found


def _belongs(pid: int, node_id: str, session: int | None) -> bool:
    with suppress(psutil.Error, OSError):
        return (session is not None and os.getsid(pid) == session) or _environment(pid).get(NODE_ID) == node_id
    return False


def _confirmed(pid: int, node_id: str, session: int | None) -> Identity | None:
    """Looks again after taking the birth, so that the number can't have passed to another process in between."""
    born = birth(pid)
    return Identity(pid, born) if born and _belongs(pid, node_id, session) else None


def _environment(pid: int) -> dict[str, str]:
    if sys.platform == "linux":  # a tenth of the time that psutil takes to make a Process first
        variables = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
        return dict(variable.split("=", 1) for variable in variables if "=" in variable)
    return psutil.Process(pid).environ()


def _signal(processes: Iterable[Identity], number: signal.Signals) -> None:
    for process in processes:
        if not alive(process):
            continue
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise ResourceError(
                ErrorKind.CREDENTIALS, f"process {process.pid} of the node runs as another user and can't be ended"
            ) from error


def _wait(processes: Iterable[Identity], seconds: float) -> None:
    """Until all are gone or the time is up."""
    deadline = time.monotonic() + seconds
    while any(alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.002)

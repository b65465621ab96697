"""Gives each node a loopback address of its own, without a race between processes.

An allocation is a symbolic link named after the address that points to the node's id: it comes into being with its content in one step,
and only one process can make it.
"""

from __future__ import annotations

import errno
import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from occopus.plugins.resource import ErrorKind, ResourceError

SHARED = "127.0.0.1"
"""What every node gets where the system has no other loopback address."""

PROBES = 64
"""Candidates for a node. Of sixteen million addresses so many are never taken at once by chance."""


class Addresses:
    """The allocations below one directory. `bindable` says whether a process may listen at an address."""

    def __init__(self, directory: Path, bindable: Callable[[str], bool] | None = None) -> None:
        self._directory = directory
        self._bindable = bindable or can_be_bound

    def allocate(self, node_id: str) -> str:
        """The node's address; the same one however often it is asked for."""
        held = self._held_by(node_id)
        if held:
            return held
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for address in candidates(node_id):
            if not self._bindable(address):
                return SHARED
            with suppress(FileExistsError):
                (self._directory / address).symlink_to(node_id)
                return address
        raise ResourceError(ErrorKind.NO_CAPACITY, f"no loopback address is free for node {node_id} (see {self._directory})")

    def release(self, node_id: str) -> None:
        """Give back whatever the node holds."""
        while held := self._held_by(node_id):
            (self._directory / held).unlink(missing_ok=True)

    def _held_by(self, node_id: str) -> str | None:
        return next((address for address in candidates(node_id) if self._owner(address) == node_id), None)

    def _owner(self, address: str) -> str | None:
        try:
            return str((self._directory / address).readlink())
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINVAL):  # free, or no link: a file that somebody else left there
                return None
            raise


def candidates(node_id: str) -> Iterator[str]:
    """Addresses in the order in which a node tries them. Those in 127.0.0.x are left to the system, 0 and 255 at the end to no one."""
    for attempt in range(PROBES):
        first, second, third = hashlib.sha256(f"{node_id}/{attempt}".encode()).digest()[:3]
        if (first, second) != (0, 0):
            yield f"127.{first}.{second}.{third % 254 + 1}"


def can_be_bound(address: str) -> bool:
    """Whether a process may listen there: Linux has all of 127.0.0.0/8, others only what was configured."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True

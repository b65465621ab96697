"""Starts the supervisor of a node so that it outlives the command that made it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

from occopus.builtin.local import supervisor
from occopus.builtin.local.directory import NodeDirectory
from occopus.builtin.local.processes import NODE_ID, Identity, birth
from occopus.builtin.local.record import Record

PASSED_ON = frozenset({"LANG", "LANGUAGE", "TZ", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
"""The variables of our own environment that nodes see, besides PATH and LC_*. Everything else may be a secret."""


class Launcher:
    """Remembers the supervisors that this process started, to bury those that end while it lives."""

    # A handler lives for one pass, its nodes live longer: whichever handler looks next finds them here.
    _children: ClassVar[list[subprocess.Popen[bytes]]] = []
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def start(self, directory: NodeDirectory, record: Record) -> Identity:
        """Start the supervisor and return at once."""
        self.bury()
        output = directory.open_output()
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", supervisor.__file__, str(directory.path)],
                cwd=directory.path,
                env=environment(directory.path, record),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                close_fds=True,
                start_new_session=True,
            )
        finally:
            os.close(output)
        with self._lock:
            self._children.append(child)
        return Identity(child.pid, birth(child.pid) or "")

    def bury(self) -> None:
        """Let go of the supervisors that have ended."""
        with self._lock:
            self._children[:] = [child for child in self._children if child.poll() is None]


def environment(directory: Path, record: Record) -> dict[str, str]:
    """What every process of a node finds, and nothing more of ours."""
    ours = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith("LC_")}
    return {
        **ours,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(directory),
        "OCCOPUS_NODE_ADDRESS": record.address,
        NODE_ID: record.node_id,
        "OCCOPUS_NODE_NAME": record.node_name,
        "OCCOPUS_INFRA_ID": record.infra_id,
    }

"""A node's directory: the one place where everything about a local node is kept."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from occopus.builtin.local.addresses import Addresses
from occopus.builtin.local.cloud_config import TEMPORARY, File
from occopus.builtin.local.failures import invalid
from occopus.builtin.local.record import Record
from occopus.builtin.local.supervisor import JOB, OUTPUT, STATE
from occopus.model.instance import Handle

RECORD = "node.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""What an identifier must look like so that it may name a file."""


class NodeDirectory:
    """`root` holds the directories of all local nodes, by infrastructure; what belongs to none of them begins with a dot."""

    def __init__(self, root: Path, infra_id: str, node_id: str) -> None:
        for name in (infra_id, node_id):
            if not NAME.fullmatch(name):
                raise invalid(f"'{name}' can't name a directory, so it can't identify a local node")
        self.path = root / infra_id / node_id
        self.node_id = node_id
        self.addresses = Addresses(root / ".addresses")
        self._locks = root / ".locks"

    @classmethod
    def of(cls, root: Path, handle: Handle) -> NodeDirectory:
        return cls(root, handle.infra_id, handle.node_id)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process and thread from changing the node. The lock of a process that dies is free."""
        self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._locks / self.node_id
        while True:
            with path.open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not _is_at(path, file.fileno()):
                    continue  # its holder removed it, and somebody else may hold a new one
                try:
                    yield
                finally:
                    if not self.path.exists():
                        path.unlink(missing_ok=True)
                return

    def exists(self) -> bool:
        return self.path.is_dir()

    def make(self) -> None:
        """Readable by the user alone, and only as deep as needed: another node's removal may take the parent away meanwhile."""
        while not self.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError, FileExistsError):
                self.path.mkdir(mode=0o700)

    def record(self) -> Record | None:
        """What was noted about the node; None where nothing was yet."""
        try:
            return Record.from_json((self.path / RECORD).read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None

    def save(self, record: Record) -> Record:
        self._write(RECORD, record.to_json())
        return record

    def state(self) -> dict[str, Any] | None:
        """What the supervisor noted; None before it has."""
        try:
            state = json.loads((self.path / STATE).read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def claimed(self) -> bool:
        """Whether a supervisor has begun to run the node."""
        return (self.path / STATE).exists()

    def save_job(self, text: str) -> None:
        self._write(JOB, text)

    def write_files(self, files: Iterable[File]) -> None:
        for file in files:
            target = self.path / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # an earlier call may have left it without the right to be written
            target.write_bytes(file.content)
            target.chmod(file.mode)

    def open_output(self) -> int:
        """A descriptor for what the node's processes print."""
        return os.open(self.path / OUTPUT, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def output_tail(self) -> str:
        """The last line that was printed."""
        with suppress(OSError):
            lines = (self.path / OUTPUT).read_bytes()[-1000:].decode(errors="replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def remove(self) -> None:
        """The address first: what is left when this is interrupted still shows as a directory."""
        self.addresses.release(self.node_id)
        with suppress(FileNotFoundError):
            remove_tree(self.path)
        with suppress(OSError):  # other nodes of the infrastructure are still there
            self.path.parent.rmdir()

    def _write(self, name: str, text: str) -> None:
        """In one step, for the user's eyes only."""
        temporary = self.path / f"{TEMPORARY}{name}"
        with open(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        temporary.replace(self.path / name)


def remove_tree(path: Path) -> None:
    """Remove a directory with all below it, also where a process took away the right to do so."""
    try:
        shutil.rmtree(path)
    except PermissionError:
        path.chmod(0o700)
        for place, directories, _ in os.walk(path):  # top down, so that each is opened before it is entered
            for name in directories:
                if not os.path.islink(os.path.join(place, name)):
                    os.chmod(os.path.join(place, name), 0o700)
        shutil.rmtree(path)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False

"""A file system of its own, so small that it is soon full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """What is mounted at `path`."""

    path: Path

    def fill(self) -> None:
        """Leave not one byte."""
        with (self.path / "filler").open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                while _fits(file.fileno(), bytes(size)):
                    pass

    def free(self) -> None:
        (self.path / "filler").unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nobody may have a file open for writing."""
        _mount("-o", "remount,ro", self.path)
        try:
            yield
        finally:
            _mount("-o", "remount,rw", self.path)


@contextmanager
def small_disk(path: Path, kilobytes: int = 1024) -> Iterator[SmallDisk]:
    """A disk that is there for a while, or the test is skipped where nobody lets us mount one."""
    path.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", path)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can only be mounted as root, on Linux")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)  # processes that are about to end may still be in it


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


def _fits(descriptor: int, content: bytes) -> bool:
    try:
        return os.write(descriptor, content) == len(content)
    except OSError:
        return False

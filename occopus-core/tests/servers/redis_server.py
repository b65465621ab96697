"""A real Redis for a test: started when it is wanted, on a port of its own, with its files in a folder of the test."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

PATIENCE = 30.0
"""Seconds after which a server is no longer believed to start or end."""


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


class RedisServer:
    """`url` is the address of a store in it. Without further options it keeps nothing on disk."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        if not shutil.which("redis-server"):
            pytest.skip("needs the program redis-server")
        self.folder = folder
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port and files; it answers then."""
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.folder.mkdir(parents=True, exist_ok=True)
        output = self.folder / "output"
        with output.open("wb") as out:
            self._process = subprocess.Popen(["redis-server", *settings, *self._options], stdout=out, stderr=out)
        until = time.monotonic() + PATIENCE
        while b"Ready to accept connections" not in output.read_bytes():
            assert self._process.poll() is None, output.read_text()
            assert time.monotonic() < until, "the Redis does not start"
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; SIGKILL leaves it no time to write anything down."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def pause(self) -> None:
        """It takes connections and commands from now on, and answers none."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

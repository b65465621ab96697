"""Real servers for the checks to look at."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from occopus.model.instance import NodeId
from occopus.plugins import Target


@pytest.fixture
def target() -> Callable[[str], Target]:
    return lambda address: Target(NodeId("0b1f"), "web", address)


@pytest.fixture
def tcp_server() -> Iterator[Callable[..., tuple[str, int]]]:
    """Start a server that says `greeting`, if any, to whoever connects and then keeps the line open; returns its address."""
    with ExitStack() as stack:

        def start(greeting: bytes = b"", listener: socket.socket | None = None) -> tuple[str, int]:
            server = stack.enter_context(listener or socket.create_server(("127.0.0.1", 0)))
            server.listen(16)
            if greeting:
                threading.Thread(target=_greet, args=(server, greeting, stack), daemon=True).start()
            host, port = server.getsockname()[:2]
            return str(host), int(port)

        yield start


def _greet(server: socket.socket, greeting: bytes, stack: ExitStack) -> None:
    while True:
        try:
            guest = stack.enter_context(server.accept()[0])
            guest.sendall(greeting)
        except OSError:
            return


@pytest.fixture
def full_ports() -> Iterator[list[int]]:
    """Three ports whose queues are full: Linux drops further connections, as a firewall would."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux: elsewhere a full queue refuses")
    with ExitStack() as stack:
        ports = []
        for _ in range(3):
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(4):
                guest = stack.enter_context(socket.socket())
                guest.setblocking(False)
                guest.connect_ex(server.getsockname())
            ports.append(server.getsockname()[1])
        yield ports


@pytest.fixture
def dead_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for `localhost`, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl: it makes the certificate for the TLS tests")
    directory = tmp_path_factory.mktemp("certificate")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def run_python() -> Callable[..., str]:
    """Run a script in a Python of its own, behind a prefix where one is given; returns what it printed."""

    def run(script: str, *prefix: str, **environment: str) -> str:
        command = [*prefix, sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def assert_no_threads_left() -> Callable[[], None]:
    """Give the threads of broken off attempts a moment to end, and fail if some don't."""

    def check_threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "health check"]

    def no_threads_left() -> None:
        for thread in check_threads():
            thread.join(2)
        assert check_threads() == []

    return no_threads_left

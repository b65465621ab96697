"""A real Docker engine for a test session, in the way of nobody: with a folder, a socket, a bridge and addresses of its own."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from certificates import Certificates

PATIENCE = 60.0
TOOLS = ("dockerd", "containerd", "runc", "busybox", "iptables", "ip", "openssl")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


class NoEngine(Exception):
    """Why there can be none here."""


@dataclass(frozen=True)
class DockerEngine:
    socket: str
    port: int
    certificates: Certificates

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def tls_url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"


@contextmanager
def docker_engine() -> Iterator[DockerEngine]:
    """Run one; everything of it is gone afterwards.

    Raises:
        NoEngine: something that it needs is missing, or it does not start.
    """
    _check()
    folder = Path(tempfile.mkdtemp(prefix="occopus-docker-"))
    bridge = f"occ{folder.name[-8:]}"
    certificates = Certificates.made_in(folder)
    port = _free_port()
    try:
        _run("ip", "link", "add", bridge, "type", "bridge")
        _run("ip", "address", "add", f"{_free_network()}.1/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        process = _start(folder, bridge, port, certificates)
        try:
            _wait(process, folder, port)
            yield DockerEngine(f"{folder}/docker.sock", port, certificates)
        finally:
            _end(process)
    finally:
        _clean_up(folder, bridge)


def _check() -> None:
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=PATH)]
    if sys.platform != "linux":
        raise NoEngine("it needs Linux")
    if os.geteuid() != 0:
        raise NoEngine("the tests must be run by root")
    if missing:
        raise NoEngine(f"these are not installed: {', '.join(missing)}")


def _start(folder: Path, bridge: str, port: int, certificates: Certificates) -> subprocess.Popen[bytes]:
    nowhere = "http://127.0.0.1:9"  # no test shall reach a registry outside
    proxies = {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "NO_PROXY": "127.0.0.1,localhost"}
    options = {
        "--data-root": folder / "data",
        "--exec-root": folder / "exec",
        "--pidfile": folder / "pid",
        "--config-file": folder / "daemon.json",
        "--cgroup-parent": f"/{bridge}",
        "--bridge": bridge,
        "--log-level": "warn",
        "--tlscacert": certificates.ca,
        "--tlscert": certificates.server[0],
        "--tlskey": certificates.server[1],
    }
    flags = ["--tlsverify", "--iptables=false", "--ip-masq=false", "--ip-forward=false"]
    hosts = ["-H", f"unix://{folder}/docker.sock", "-H", f"tcp://127.0.0.1:{port}"]
    (folder / "daemon.json").write_text("{}")
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            ["dockerd", *hosts, *flags, *(f"{name}={value}" for name, value in options.items())],
            env={"PATH": PATH, "HOME": str(folder), "TMPDIR": str(folder), **proxies},
            stdout=log,
            stderr=log,
            process_group=0,  # Ctrl-C is for pytest, which ends the engine in its own way
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - it calls one function of the system
        )


def _end_with_parent() -> None:
    """Where pytest is killed, the engine shall not stay behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoEngine(f"dockerd does not start: {(folder / 'log').read_text()[-1000:]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _clean_up(folder: Path, bridge: str) -> None:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False)
    subprocess.run(["ip", "link", "delete", bridge], env={"PATH": PATH}, check=False, capture_output=True)
    for group in sorted(Path("/sys/fs/cgroup").glob(f"**/{bridge}"), reverse=True):
        with suppress(OSError):
            group.rmdir()
    shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _free_network() -> str:
    """The first three numbers of a network that is meant for tests of networks (198.18.0.0/15) and that this machine does not use."""
    used = subprocess.run(["ip", "-4", "route"], env={"PATH": PATH}, check=True, capture_output=True, text=True).stdout
    networks = [f"198.{high}.{low}" for high in (18, 19) for low in range(256)]
    return random.choice([network for network in networks if f"{network}." not in used])


def _run(*command: str) -> None:
    done = subprocess.run(command, env={"PATH": PATH}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEngine(f"{' '.join(command)}: {done.stderr.strip()}")

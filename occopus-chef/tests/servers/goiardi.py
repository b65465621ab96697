"""goiardi, a Chef server, in a process of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from occopus.testing.user import until

PROGRAM = shutil.which("goiardi")
ABSENT = "NO REAL CHEF SERVER: install goiardi (Debian: goiardi)"


@dataclass(frozen=True)
class Goiardi:
    """A server that runs."""

    url: str
    admin_key: str
    validator_key: str


@contextmanager
def goiardi(folder: Path) -> Iterator[Goiardi]:
    """Run one that wants signatures, and keeps what it needs in the folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["-I", "127.0.0.1", "-H", "127.0.0.1", "-P", str(port), "-A", f"--conf-root={folder}", f"--local-filestore-dir={folder}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(PROGRAM), *options], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or _answers(url), "goiardi starts", every=0.05)
        assert process.poll() is None, (folder / "log").read_text()
        yield Goiardi(url, (folder / "admin.pem").read_text(), (folder / "chef-validator.pem").read_text())
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/nodes", timeout=5).status_code > 0
    except requests.ConnectionError:
        return False

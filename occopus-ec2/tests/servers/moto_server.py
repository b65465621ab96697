"""moto's EC2 as a real HTTP server in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from occopus.testing.user import until

RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """Run one, with its log in the folder; gives its URL."""
    log = folder / "moto.log"
    environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}  # reading them takes seconds, and any id is accepted
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stdout=output, stderr=subprocess.STDOUT, env=environ
        )
    try:
        yield _url(process, log)
    finally:
        process.kill()
        process.wait()


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    def running() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text()
        return RUNNING.search(log.read_text())

    return until(running, "moto's start", every=0.05)[1]


def forget_everything(url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).read()

"""A real OpenStack control plane on this machine: one that runs already, or one that is started for the tests and stopped after them.

It is started by `../shared/openstack/start_openstack.py` beside the repository; the README there says what is real in it. Its folder,
$OPENSTACK_SANDBOX, keeps what was installed and the empty databases: a first start takes minutes, a later one about 70 seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path

SCRIPT = Path(__file__).parents[4] / "shared" / "openstack" / "start_openstack.py"
FOLDER = Path(os.environ.get("OPENSTACK_SANDBOX") or Path(tempfile.gettempdir()) / f"occopus-openstack-{os.getuid()}")
SETTINGS = FOLDER / "openrc.json"
KEYSTONE = "http://127.0.0.1:5000/v3"
"""Ports are fixed: only one can run."""
FIRST_START = 900.0
"""Seconds that a start may take that has everything to install."""


def reason_not_to_start() -> str:
    """Why it can't be started here; empty where it can."""
    if not SCRIPT.exists():
        return "there is no ../shared/openstack/start_openstack.py beside the repository"
    if _answers(KEYSTONE):
        return "another one is running: $OPENSTACK_SANDBOX must name its folder"
    return "" if os.getuid() == 0 else "only root can start it"


def is_running() -> bool:
    return SETTINGS.exists() and _answers(json.loads(SETTINGS.read_text())["auth_url"])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def start() -> str:
    """Why that failed; empty where it runs."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    failure = ""
    for _ in range(2):  # its RabbitMQ sometimes ends at its first start
        try:
            _call("start")
        except subprocess.SubprocessError as error:
            failure = f"it could not be started: {error}"
            with suppress(subprocess.SubprocessError):
                _call("stop")
        else:
            return ""
    return failure


def stop() -> None:
    _call("stop")


def _call(command: str) -> None:
    environment = os.environ | {"OPENSTACK_SANDBOX": str(FOLDER)}
    subprocess.run([sys.executable, SCRIPT, command], env=environment, check=True, timeout=FIRST_START, stdout=subprocess.DEVNULL)

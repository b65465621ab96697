"""Do TCP ports accept connections?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from occopus.plugins import Target
from occopus_healthchecks import limits
from occopus_healthchecks.attempts import Deadline, failures


def check(target: Target, settings: Sequence[int]) -> str | None:
    """Return None if every port accepts a connection, else those that don't, each with the reason."""
    return failures([(f"port {port}", partial(_connect, target.address, port)) for port in settings], limits.PORTS)


def _connect(host: str, port: int, deadline: Deadline) -> None:
    with deadline.connection(host, port):
        pass

"""Makes the SDK's client for an endpoint."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from docker import APIClient

from occopus.plugins import HandlerConfig
from occopus_docker import __version__
from occopus_docker.certificates import tls_for
from occopus_docker.failures import invalid
from occopus_docker.limits import MAKING, SILENCE, TIMEOUT


def connect(config: HandlerConfig) -> APIClient:
    """A client that has asked the engine for its version.

    Raises:
        ResourceError: what is given for TLS is of no use, or what ssh needs is not installed.
    """
    endpoint = config.section["endpoint"]
    if endpoint.startswith("ssh://") and not find_spec("paramiko"):
        raise invalid("an engine behind ssh needs paramiko: pip install 'occopus-docker[ssh]'")
    return _Client(
        base_url=endpoint,
        version="auto",
        timeout=TIMEOUT,
        tls=tls_for(endpoint, config.credentials),
        user_agent=f"occopus-docker/{__version__}",
        max_pool_size=64,
    )


class _Client(APIClient):  # type: ignore[misc,unused-ignore]
    """Waits for no answer without end: the SDK does when it pulls."""

    def request(self, method: Any, url: Any, **kwargs: Any) -> Any:
        return super().request(method, url, **{**kwargs, "timeout": _patience(f"{method} {url}")})


def _patience(call: str) -> float:
    if call.endswith("/containers/create"):
        return MAKING
    return SILENCE if call.startswith("POST") and "/images/" in call else TIMEOUT

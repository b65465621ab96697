"""A strict CloudSigma, and a user who has an account there."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from strict_cloudsigma import EMAIL, KEY, LIBRARY, PASSWORD, POLICY, StrictCloudSigma

from occopus.plugins import HandlerConfig
from occopus.testing.user import User
from occopus_cloudsigma.handler import CloudSigmaHandler


@pytest.fixture(scope="session")
def _site() -> Iterator[StrictCloudSigma]:
    with StrictCloudSigma() as site:
        yield site


@pytest.fixture
def site(_site: StrictCloudSigma) -> StrictCloudSigma:
    """Without faults, and with nothing in it."""
    _site.calm()
    return _site


@pytest.fixture
def plain_section(site: StrictCloudSigma) -> dict[str, Any]:
    nic = {"firewall_policy": POLICY, "ip_v4_conf": {"conf": "dhcp"}}
    description = {"cpu": 2000, "mem": 2147483648, "pubkeys": [KEY], "nics": [nic]}
    return {"type": "cloudsigma", "endpoint": site.url, "libdrive_id": LIBRARY, "description": description}


@pytest.fixture
def handler_for(plain_section: dict[str, Any], tmp_path: Path) -> Callable[..., CloudSigmaHandler]:
    """Fresh handlers."""

    def make(password: str = PASSWORD, **changes: Any) -> CloudSigmaHandler:
        credentials = {"email": EMAIL, "password": password}
        return CloudSigmaHandler(HandlerConfig({**plain_section, **changes}, credentials, tmp_path, logging.getLogger("occopus")))

    return make


@pytest.fixture
def home(occopus_user: User) -> User:
    occopus_user.authenticate("cloudsigma", {"email": EMAIL, "password": PASSWORD}, secrets=(PASSWORD,))
    return occopus_user

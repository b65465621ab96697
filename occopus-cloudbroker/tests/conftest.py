"""A strict CloudBroker, and a user who has an account there."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from strict_cloudbroker import EMAIL, KNOWN, PASSWORD, StrictCloudBroker

from occopus.plugins import HandlerConfig
from occopus.testing.user import User
from occopus_cloudbroker.handler import CloudBrokerHandler


@pytest.fixture(scope="session")
def _site() -> Iterator[StrictCloudBroker]:
    with StrictCloudBroker() as site:
        yield site


@pytest.fixture
def site(_site: StrictCloudBroker) -> StrictCloudBroker:
    """Without faults, and with nothing in it."""
    _site.calm()
    return _site


@pytest.fixture
def plain_section(site: StrictCloudBroker) -> dict[str, Any]:
    return {"type": "cloudbroker", "endpoint": site.url, "description": {**KNOWN, "opened_port": "22,80"}}


@pytest.fixture
def handler_for(plain_section: dict[str, Any], tmp_path: Path) -> Callable[..., CloudBrokerHandler]:
    """Fresh handlers."""

    def make(password: str = PASSWORD, **changes: Any) -> CloudBrokerHandler:
        credentials = {"email": EMAIL, "password": password}
        return CloudBrokerHandler(HandlerConfig({**plain_section, **changes}, credentials, tmp_path, logging.getLogger("occopus")))

    return make


@pytest.fixture
def home(occopus_user: User) -> User:
    occopus_user.authenticate("cloudbroker", {"email": EMAIL, "password": PASSWORD}, secrets=(PASSWORD,))
    return occopus_user

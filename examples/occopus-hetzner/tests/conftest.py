from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from occopus.plugins import HandlerConfig
from occopus.testing.user import User

from hetzner import SECRETS, TOKEN, Hetzner
from occopus_hetzner.handler import HetznerHandler

HandlerFor = Callable[..., HetznerHandler]


@pytest.fixture
def cloud() -> Iterator[Hetzner]:
    with Hetzner() as server:
        yield server


def section_at(cloud: Hetzner) -> dict[str, Any]:
    """A section as a user would write it."""
    return {
        "type": "hetzner",
        "endpoint": cloud.endpoint,
        "server_type": "cx23",
        "image": "debian-13",
        "location": "fsn1",
        "networks": [4711],
        "firewalls": [38],
        "labels": {"example.org/owner": "me"},
    }


@pytest.fixture
def handler_for(cloud: Hetzner, tmp_path: Path) -> HandlerFor:
    def made(token: str = TOKEN) -> HetznerHandler:
        section = {"type": "hetzner", "endpoint": cloud.endpoint}
        return HetznerHandler(HandlerConfig(section, {"token": token}, tmp_path, logging.getLogger("hetzner")))

    return made


@pytest.fixture
def user(occopus_user: User) -> User:
    occopus_user.authenticate("hetzner", {"token": TOKEN}, secrets=SECRETS)
    return occopus_user

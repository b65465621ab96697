"""A strict Resource Manager to talk to, and Occopus as its users run it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from azure_fixtures import KEYS, arm, arm_server, authority, home, request_for
from fake_arm import FakeArm

from occopus.plugins import HandlerConfig
from occopus_azure_aci.handler import AzureAciHandler

pytest.register_assert_rewrite("azure_commands", "azure_suite")

__all__ = ["arm", "arm_server", "authority", "home", "request_for"]


@pytest.fixture
def plain_section(arm: FakeArm) -> dict[str, Any]:
    return {
        "type": "azure_aci",
        "endpoint": arm.url,
        "resource_group": "mine",
        "location": "francecentral",
        "image": "nginx:alpine",
        "network_type": "Public",
        "memory": 1,
        "cpu_cores": 0.5,
        "os_type": "linux",
        "ports": [80],
    }


@pytest.fixture
def private_section(plain_section: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in plain_section.items() if key != "ports"}, "network_type": "Private"}


@pytest.fixture
def handler_for(plain_section: dict[str, Any], tmp_path: Path) -> Callable[..., AzureAciHandler]:
    """Fresh handlers, each of which logs in."""

    def make(credentials: dict[str, str] | None = None, **changes: Any) -> AzureAciHandler:
        return AzureAciHandler(
            HandlerConfig({**plain_section, **changes}, credentials or KEYS, tmp_path, logging.getLogger("occopus.azure"))
        )

    return make

"""The Resource Manager of occopus-azure-aci's tests to talk to, and Occopus as its users run it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "occopus-azure-aci" / "tests" / "servers"))  # one double serves both

from azure_fixtures import KEYS, arm, arm_server, authority, home, request_for
from fake_arm import FakeArm

from occopus.plugins import HandlerConfig
from occopus_azure.handler import AzureVmHandler

pytest.register_assert_rewrite("azure_commands", "azure_suite")

__all__ = ["arm", "arm_server", "authority", "home", "request_for"]

PASSWORD = "Correct-horse-battery-1"


@pytest.fixture
def plain_section(arm: FakeArm) -> dict[str, Any]:
    return {
        "type": "azure_vm",
        "endpoint": arm.url,
        "resource_group": "mine",
        "location": "francecentral",
        "vm_size": "Standard_B1s",
        "publisher": "Canonical",
        "offer": "ubuntu-24_04-lts",
        "sku": "server",
        "version": "latest",
        "username": "somebody",
        "password": PASSWORD,
    }


@pytest.fixture
def public_section(plain_section: dict[str, Any]) -> dict[str, Any]:
    return {**plain_section, "public_ip_needed": True}


@pytest.fixture
def handler_for(plain_section: dict[str, Any], tmp_path: Path) -> Callable[..., AzureVmHandler]:
    """Fresh handlers, each of which logs in."""

    def make(credentials: dict[str, str] | None = None, **changes: Any) -> AzureVmHandler:
        return AzureVmHandler(
            HandlerConfig({**plain_section, **changes}, credentials or KEYS, tmp_path, logging.getLogger("occopus.azure"))
        )

    return make

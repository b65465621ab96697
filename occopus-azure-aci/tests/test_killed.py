"""A build of private containers survives kill -9."""

from __future__ import annotations

from typing import Any

import pytest
from arm_rules import CONTAINERS, NETWORK
from azure_suite import AzureKilledBuild


@pytest.mark.endurance
class TestContainers(AzureKilledBuild):
    requests = 27
    every = 27
    actions = (f"PUT {NETWORK}", f"PUT {CONTAINERS}")

    @pytest.fixture
    def section(self, private_section: dict[str, Any]) -> dict[str, Any]:
        return private_section

"""A build of machines with public addresses survives kill -9."""

from __future__ import annotations

from typing import Any

import pytest
from arm_rules import ADDRESS, INTERFACE, MACHINE, NETWORK
from azure_suite import AzureKilledBuild


@pytest.mark.endurance
class TestMachines(AzureKilledBuild):
    requests = 48
    every = 48
    actions = ("PUT group", *(f"PUT {kind}" for kind in (NETWORK, ADDRESS, INTERFACE, MACHINE)))

    @pytest.fixture
    def section(self, public_section: dict[str, Any]) -> dict[str, Any]:
        return public_section

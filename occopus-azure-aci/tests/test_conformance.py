"""The handler keeps the contract of a resource handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from arm_rules import CONTAINERS, Refusal
from azure_suite import AzureConformance, FaultyArm

from occopus.plugins import ContainerContext, Context, ErrorKind


class TestPublic(AzureConformance):
    kind = CONTAINERS
    refusals: ClassVar = {
        ErrorKind.INVALID: Refusal(400, "InaccessibleImage", "The image is not accessible."),
        ErrorKind.QUOTA: Refusal(409, "ContainerGroupQuotaReached", "Resource type has reached its quota"),
        ErrorKind.NO_CAPACITY: Refusal(
            409, "ServiceUnavailable", "The requested resource is not available in the location 'x' at this moment."
        ),
    }

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for, arm.page = 0.1, 0.1, 2
        return plain_section

    @pytest.fixture
    def context(self) -> Context:
        return ContainerContext(("MESSAGE=ü=1",), ("sh", "-c", "sleep 1000"))

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "an endpoint without encryption": {**section, "endpoint": "http://management.azure.com"},
            "a public container without ports": {
                **{key: value for key, value in section.items() if key != "ports"},
                "network_type": "public",
            },
            "no port": {**section, "ports": ["http"]},
            "a port twice": {**section, "ports": [53, "53/tcp"]},
            "GPUs of no type": {**section, "gpu_count": 1},
            "an unknown network": {**section, "network_type": "Hybrid"},
            "no memory": {**section, "memory": 0},
        }

    @pytest.fixture
    def count_calls(self, arm: Any) -> Callable[[], int]:
        """Of containers that are being made: a list says all of them, while those that run must be looked at one by one."""
        arm.make_for = 60.0
        return lambda: len(arm.actions)


class TestPrivate(FaultyArm, TestPublic):
    """In a network of its own, which is made first and removed last."""

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for, arm.link_for, arm.page = 0.1, 0.1, 0.2, 2
        return {**plain_section, "network_type": "private"}


@pytest.mark.endurance  # the same once more
class TestInUsersNetwork(TestPublic):
    """In a subnet of its own in a network that the user has."""

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for = 0.1, 0.1
        body = {"location": "francecentral", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}}
        arm.add("Microsoft.Network/virtualNetworks", "users", body)
        return {**plain_section, "network_type": "Private", "vnet_name": "users"}

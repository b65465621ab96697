"""The handler keeps the contract of a resource handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from arm_rules import MACHINE, Refusal
from azure_suite import AzureConformance, FaultyArm

from occopus.plugins import Context, ErrorKind, UserData


class TestPrivate(AzureConformance):
    """Each machine in a network of its own."""

    kind = MACHINE
    refusals: ClassVar = {
        ErrorKind.INVALID: Refusal(404, "PlatformImageNotFound", "The platform image is not available."),
        ErrorKind.QUOTA: Refusal(409, "OperationNotAllowed", "It exceeds the approved Total Cores quota."),
        ErrorKind.NO_CAPACITY: Refusal(409, "SkuNotAvailable", "The requested size is currently not available."),
    }

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for, arm.page = 0.05, 0.05, 50
        return plain_section

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nruncmd:\n- echo ü\n")

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "an endpoint without encryption": {**section, "endpoint": "http://management.azure.com"},
            "nobody can log in": {key: value for key, value in section.items() if key not in ("password", "ssh_key_data")},
            "no user": {**section, "username": "-"},
            "no host name": {**section, "server_name": "a_b"},
            "too much custom data": {**section, "customdata": "x" * 65_536},
        }


class TestPublic(FaultyArm, TestPrivate):
    """With a public address."""

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for = 0.05, 0.05
        return {**plain_section, "public_ip_needed": True, "ssh_key_data": "ssh-ed25519 AAAA me@here\n"}


@pytest.mark.endurance  # the same once more
class TestInUsersNetwork(TestPrivate):
    """In a subnet of its own in a network that the user has; small pages."""

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], arm: Any) -> dict[str, Any]:
        arm.make_for, arm.delete_for = 0.05, 0.05
        body = {"location": "francecentral", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}}
        arm.add("Microsoft.Network/virtualNetworks", "users", body)
        return {**plain_section, "vnet_name": "users"}

"""What users may write, and what is loaded meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_fixtures import of_azure

from occopus.plugins import ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus.testing.user import User

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
FILES = [str(EXAMPLE / "infra-azure-ping.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]


@pytest.fixture
def spec(occopus_registry: Registry) -> ResourceHandlerSpec:
    return occopus_registry.resource_handler("azure_vm")


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["validate", *FILES]], ids=lambda arguments: arguments[0])
def test_no_sdk_is_loaded_for(arguments: list[str], home: User) -> None:
    assert of_azure(home.modules_loaded_by(*arguments)) == []


@pytest.mark.parametrize(
    ("section", "said", "is_warning"),
    [
        ({"endpoint": "http://management.azure.com", "password": "x"}, "must begin with https://", False),
        ({}, "one of 'password' and 'ssh_key_data' must be given", False),
        ({"password": "x", "nic_name": "n", "vnet_name": "v"}, "'vnet_name' is not used", True),
        ({"password": "x", "nic_name": "n", "public_ip_needed": True}, "'public_ip_needed' is not used", True),
        ({"password": "x", "customdata": "ü" * 32_768}, "has 65,536 bytes; Azure takes 65,535 at most", False),
    ],
)
def test_what_does_not_fit(spec: ResourceHandlerSpec, section: dict[str, Any], said: str, is_warning: bool) -> None:
    (problem,) = [problem for check in spec.checks for problem in check(section)]
    assert said in problem.message
    assert problem.warning is is_warning


@pytest.mark.parametrize(
    "section", [{"password": "x"}, {"ssh_key_data": "x"}, {"password": "x", "nic_name": "n", "public_ip_needed": False}]
)
def test_what_does(spec: ResourceHandlerSpec, section: dict[str, Any]) -> None:
    assert [problem for check in spec.checks for problem in check(section)] == []


def test_passwords_are_kept_secret(spec: ResourceHandlerSpec) -> None:
    assert {key for key, rule in spec.schema.items() if rule["meta"].get("secret")} == {"password", "customdata"}

"""What users may write, and what is loaded meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_fixtures import of_azure

from occopus.plugins import ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus.testing.user import User
from occopus_azure_aci.arm.declaration import principal_is_whole
from occopus_azure_aci.ports import Port, read

EXAMPLE = Path(__file__).parents[1] / "examples" / "nginx"
FILES = [str(EXAMPLE / "infra-azure-aci-nginx.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]


@pytest.fixture
def spec(occopus_registry: Registry) -> ResourceHandlerSpec:
    return occopus_registry.resource_handler("azure_aci")


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["validate", *FILES]], ids=lambda arguments: arguments[0])
def test_no_sdk_is_loaded_for(arguments: list[str], home: User) -> None:
    assert of_azure(home.modules_loaded_by(*arguments)) == []


@pytest.mark.parametrize(
    ("written", "port"),
    [
        (8080, Port(8080, "TCP")),
        ("8080", Port(8080, "TCP")),
        ("53/UDP", Port(53, "UDP")),
        ("53/udp", Port(53, "UDP")),
        (65535, Port(65535, "TCP")),
    ],
)
def test_ports(written: Any, port: Port) -> None:
    assert read(written) == port


@pytest.mark.parametrize("written", [0, 65536, -1, "http", "53/ICMP", "53/", "/UDP", "", True, 1.5])
def test_what_is_no_port(written: Any) -> None:
    with pytest.raises(ValueError, match="is no port"):
        read(written)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"endpoint": "http://management.azure.com"}, "must begin with https://"),
        ({"endpoint": "management.azure.com"}, "must be a URL"),
        ({"network_type": "Public"}, "at least one port"),
        ({"network_type": "public", "ports": []}, "at least one port"),
        ({"network_type": "Public", "ports": [80], "vnet_name": "x"}, "is not used"),
        ({"ports": [80, "80/TCP"]}, "given twice"),
        ({"ports": ["x"]}, "is no port"),
        ({"gpu_count": 1}, "needs 'gpu_type'"),
    ],
)
def test_what_does_not_fit(spec: ResourceHandlerSpec, section: dict[str, Any], said: str) -> None:
    (problem,) = [problem for check in spec.checks for problem in check(section)]
    assert said in problem.message


@pytest.mark.parametrize("section", [{"network_type": "Private"}, {"network_type": "Private", "ports": [], "vnet_name": "x"}])
def test_what_does(spec: ResourceHandlerSpec, section: dict[str, Any]) -> None:
    assert [problem for check in spec.checks for problem in check(section)] == []


def test_a_principal_is_named_with_all_three_or_not_at_all() -> None:
    (problem,) = principal_is_whole({"subscription_id": "s", "client_id": "c"})
    assert problem.message == "the credentials lack: tenant_id, client_secret"
    assert list(principal_is_whole({"subscription_id": "s"})) == []

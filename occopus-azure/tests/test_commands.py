"""The commands, as a user runs them: the package's own example, and what goes wrong."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from arm_rules import ADDRESS, DISK, INTERFACE, MACHINE, NETWORK, Refusal
from azure_commands import AzureCommands
from fake_arm import FakeArm

from occopus.testing.user import User

from .conftest import PASSWORD

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
README = (Path(__file__).parents[1] / "README.md").read_text()
USERS = "microsoft.network/virtualnetworks/occopus-network"


@pytest.fixture
def infra(home: User, arm: FakeArm) -> Path:
    """The example, at the double, in a network that the user has, and imported."""
    subnets = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    body = {"location": "francecentral", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}}
    arm.add("Microsoft.Network/virtualNetworks", "occopus-network", body, group="occopus")
    folder = home.copy(EXAMPLE, instead={"https://management.azure.com": arm.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-azure-ping.yaml"


def config(body: dict[str, Any]) -> Any:
    return yaml.safe_load(base64.b64decode(body["properties"]["osProfile"]["customData"]))


def users_own(arm: FakeArm) -> list[str]:
    return [id.partition("/providers/")[2] for id in arm.everything]


def test_the_example_from_building_to_destroying(home: User, infra: Path, arm: FakeArm) -> None:
    arm.make_for, arm.delete_for = 0.3, 0.3
    infra_id = home.build(infra)
    (receiver,), (sender,) = arm.of_node("receiver", MACHINE), arm.of_node("sender", MACHINE)
    address = arm.of_node("receiver", INTERFACE)[0]["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    assert config(arm.bodies[receiver["id"]])["write_files"][0]["content"] == "Hello from the receiver!\n"
    assert config(arm.bodies[sender["id"]])["runcmd"] == [f"ping -c 5 {address} > /tmp/ping-result.txt 2>&1"]
    (node_id,) = home.report(infra_id, "sender")
    assert sender["name"] == f"occopus-azure-ping-{infra_id[:8]}-sender-{node_id[:8]}"
    assert sender["tags"] == {"occopus:infra_id": infra_id, "occopus:node_id": node_id, "occopus:node_name": "sender"}
    home.run("occopus-maintain", "-r", "-i", infra_id, "-f", "receiver", "-o", home.path / "addresses")
    assert (home.path / "addresses").read_text().split() == [address]

    home.run("occopus-scale", "-i", infra_id, "-n", "sender", "-c", "+1")
    receiver["properties"]["instanceView"]["statuses"][1]["code"] = "PowerState/deallocated"
    home.run("occopus-maintain", "-i", infra_id)
    (successor,) = arm.of_node("receiver", MACHINE)
    assert successor["id"] != receiver["id"]
    assert (len(arm.of_node("sender", MACHINE)), len(arm.of_kind(DISK))) == (2, 3)

    home.run("occopus-destroy", "-i", infra_id)
    assert (users_own(arm), home.infras, list(arm.groups)) == ([USERS], [], ["occopus"])


def test_the_readme_shows_the_files_of_the_example() -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README


def test_a_build_that_azure_refuses_is_rolled_back(home: User, infra: Path, arm: FakeArm) -> None:
    arm.fail[f"PUT {MACHINE}"] = [Refusal(404, "PlatformImageNotFound", "The platform image 'x' is not available.")]
    said = home.run("occopus-build", infra, code=1).stderr
    assert "PlatformImageNotFound: The platform image 'x' is not available." in said
    assert (users_own(arm), home.infras) == ([USERS], [])


class TestMachines(AzureCommands):
    """With public addresses."""

    parts = (NETWORK, ADDRESS, INTERFACE, DISK, MACHINE)
    no_room = ("AllocationFailed", "We do not have sufficient capacity for the requested VM size in this region.")
    context: ClassVar = {"type": "cloudinit", "context_template": {"runcmd": ["login {{variables.password}}"]}}
    secrets = (PASSWORD,)

    @pytest.fixture
    def sections(self, public_section: dict[str, Any]) -> list[dict[str, Any]]:
        return [public_section, {**public_section, "vm_size": "Standard_B2s"}]

    def told(self, body: dict[str, Any]) -> str:
        return str(config(body))

    def test_where_there_turns_out_to_be_no_room_the_next_one_is_taken(self, home: User, arm: FakeArm, sections: Any) -> None:
        arm.doomed[MACHINE] = self.no_room
        self.assert_the_next_is_taken(home, arm, sections)

"""The commands, as a user runs them: the package's own example, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from arm_rules import CONTAINERS, NETWORK
from azure_commands import AzureCommands
from azure_fixtures import KEYS
from fake_arm import FakeArm

from occopus.testing.user import User

EXAMPLE = Path(__file__).parents[1] / "examples" / "nginx"
AZURE = "https://management.azure.com"
README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.fixture
def infra(home: User, arm: FakeArm) -> Path:
    """The example, at the double, without its health check of a port, and imported."""
    folder = home.copy(EXAMPLE, instead={AZURE: arm.url, "      ports: [80]\n\n": "\n"})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-azure-aci-nginx.yaml"


def variables(body: dict[str, Any]) -> dict[str, str]:
    (container,) = body["properties"]["containers"]
    return {each["name"]: each["value"] for each in container["properties"]["environmentVariables"]}


def test_the_example_from_building_to_destroying(home: User, infra: Path, arm: FakeArm) -> None:
    arm.make_for, arm.delete_for = 0.3, 0.3
    infra_id = home.build(infra)
    (server,), (client,) = arm.of_node("nginx-server", CONTAINERS), arm.of_node("nginx-client", CONTAINERS)
    fqdn = server["properties"]["ipAddress"]["fqdn"]
    assert variables(arm.bodies[server["id"]]) == {"message": "Hello from the server!", "_OCCOPUS_ALLOCATED_FQDN": fqdn}
    assert variables(arm.bodies[client["id"]])["server"] == fqdn
    (node_id,) = home.report(infra_id, "nginx-server")
    assert server["tags"] == {"occopus:infra_id": infra_id, "occopus:node_id": node_id, "occopus:node_name": "nginx-server"}
    home.run("occopus-maintain", "-r", "-i", infra_id, "-f", "server", "-o", home.path / "addresses")
    assert (home.path / "addresses").read_text().split() == [fqdn, server["properties"]["ipAddress"]["ip"]]

    home.run("occopus-scale", "-i", infra_id, "-n", "nginx-client", "-c", "+1")
    server["properties"]["instanceView"]["state"] = "Stopped"
    home.run("occopus-maintain", "-i", infra_id)
    (successor,) = arm.of_node("nginx-server", CONTAINERS)
    assert successor["id"] != server["id"]
    assert len(arm.of_node("nginx-client", CONTAINERS)) == 2

    home.run("occopus-destroy", "-i", infra_id)
    assert (arm.everything, home.infras, list(arm.groups)) == ([], [], ["occopus"])


def test_the_readme_shows_the_files_of_the_example() -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README


def test_a_build_that_azure_refuses_is_rolled_back(home: User, infra: Path, arm: FakeArm) -> None:
    definitions = infra.parent / "nodes" / "node_definitions.yaml"
    definitions.write_text(definitions.read_text().replace("image: alpine", "image: no-such-image"))
    said = home.run("occopus-build", infra, "--nodes", definitions, code=1).stderr
    assert "InaccessibleImage: The image 'no-such-image' is not accessible" in said
    assert (arm.count("PUT", CONTAINERS), arm.everything, home.infras) == (2, [], [])


def test_a_secret_that_azure_does_not_accept(home: User, infra: Path, arm: FakeArm) -> None:
    home.authenticate("azure_aci", {**KEYS, "client_secret": "a-wrong-one"}, secrets=("a-wrong-one",))
    assert "Invalid client secret provided" in home.run("occopus-build", infra, code=1).stderr
    assert (arm.actions, home.infras) == ([], [])


class TestContainers(AzureCommands):
    """Private ones."""

    parts = (NETWORK, CONTAINERS)
    no_room = ("ServiceUnavailable", "The requested resource is not available in the location 'x' at this moment.")
    context: ClassVar = {"type": "docker", "env": ["P={{variables.password}}"]}

    @pytest.fixture
    def sections(self, private_section: dict[str, Any]) -> list[dict[str, Any]]:
        return [private_section, {**private_section, "location": "westeurope"}]

    def told(self, body: dict[str, Any]) -> str:
        return variables(body)["P"]

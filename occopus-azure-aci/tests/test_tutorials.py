"""The tutorial that the original published for container instances, unchanged but for the values that its users fill in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from arm_rules import CONTAINERS
from fake_arm import FakeArm

from occopus.testing.user import User

TUTORIAL = Path(__file__).parents[3] / "shared" / "tutorials" / "azure-aci-helloworld"

pytestmark = pytest.mark.skipif(
    not TUTORIAL.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)


def test_helloworld(home: User, arm: FakeArm) -> None:
    filled = {"resource_group_name": "a-resource-group-name", "location": "a-location", "memory": "1", "cpu_cores": "1"}
    folder = home.copy(TUTORIAL, filled, instead={"https://management.azure.com": arm.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build(folder / "infra-azure-aci-helloworld.yaml")
    (expected,) = json.loads((TUTORIAL / "expected.json").read_text())
    (group,) = arm.of_node("helloworld", CONTAINERS)
    sent = arm.bodies[group["id"]]["properties"]
    (container,) = sent["containers"]
    told, wanted = container["properties"], expected["resource"]
    assert [f"{each['name']}={each['value']}" for each in told["environmentVariables"]] == expected["attributes"]["env"]
    assert told["command"] == expected["attributes"]["command"]
    assert told["resources"]["requests"] == {"cpu": wanted["cpu_cores"], "memoryInGB": wanted["memory"]}
    assert [each["port"] for each in told["ports"]] == wanted["ports"]
    assert (told["image"], sent["osType"].lower(), sent["ipAddress"]["type"]) == ("alpine", wanted["os_type"], wanted["network_type"])
    assert list(arm.groups) == [wanted["resource_group"]]
    home.run("occopus-destroy", "-i", infra_id)
    assert (arm.everything, home.infras, list(arm.groups)) == ([], [], [wanted["resource_group"]])

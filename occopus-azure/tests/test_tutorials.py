"""The tutorial that the original published for virtual machines, unchanged but for the values that its users fill in."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from arm_rules import MACHINE
from fake_arm import FakeArm

from occopus.testing.user import User

TUTORIAL = Path(__file__).parents[3] / "shared" / "tutorials" / "azure-ping"

pytestmark = pytest.mark.skipif(
    not TUTORIAL.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)

PLACES = (
    *("resource_group_name", "location", "vm_size", "publisher_name", "offer", "sku", "version", "admin_username", "admin_password"),
    *("virtual_network_name", "nic_name", "subnet_name"),
)
"""What users fill in, named as in `expected.json`."""


def test_ping(home: User, arm: FakeArm) -> None:
    arm.addresses = ["127.77.1.1", "127.77.1.2"]  # they answer a ping
    filled = {word: f"a-{word.replace('_', '-')}" for word in PLACES}
    folder = home.copy(TUTORIAL, filled, instead={"https://management.azure.com": arm.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build(folder / "infra-azure-ping.yaml")
    for expected in json.loads((TUTORIAL / "expected.json").read_text()):
        (machine,) = arm.of_node(expected["node"], MACHINE)
        sent, wanted = arm.bodies[machine["id"]], expected["resource"]
        properties: dict[str, Any] = sent["properties"]
        assert properties["storageProfile"]["imageReference"] == {key: wanted[key] for key in ("publisher", "offer", "sku", "version")}
        assert (properties["hardwareProfile"]["vmSize"], sent["location"]) == (wanted["vm_size"], wanted["location"])
        profile = properties["osProfile"]
        assert (profile["adminUsername"], profile["adminPassword"]) == (wanted["username"], wanted["password"])
        told = json.dumps(expected["user_data"]).replace("<address ping-receiver 0>", "127.77.1.1")
        assert yaml.safe_load(base64.b64decode(profile["customData"])) == json.loads(told)
    home.run("occopus-destroy", "-i", infra_id)
    assert (arm.everything, home.infras, list(arm.groups)) == ([], [], ["a-resource-group-name"])

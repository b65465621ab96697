"""The tutorial that the original published for CloudBroker, unchanged but for the values that its users fill in."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from strict_cloudbroker import KNOWN, StrictCloudBroker

from occopus.testing.user import User

TUTORIALS = Path(__file__).parents[3] / "shared" / "tutorials"

pytestmark = pytest.mark.skipif(
    not TUTORIALS.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)


def test_helloworld(home: User, site: StrictCloudBroker) -> None:
    values = {"endpoint": site.url, "ports": "22", "keypair_id": KNOWN["key_pair_id"], **KNOWN}
    folder = home.copy(TUTORIALS / "cloudbroker-helloworld", values)
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build(folder / "infra-cloudbroker-helloworld.yaml")
    (machine,) = site.alive
    told = yaml.safe_load(base64.b64decode(machine.asked["cloud-init"]))
    assert told["write_files"][0]["content"] == "Hello World! I have been created by Occopus\n"
    assert {key: machine.asked[key] for key in KNOWN} == KNOWN
    assert machine.asked["opened_port"] == "22"
    home.run("occopus-destroy", "-i", infra_id)
    assert site.alive == []

"""The tutorial that the original published for CloudSigma, unchanged but for the values that its users fill in."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from strict_cloudsigma import KEY, LIBRARY, POLICY, StrictCloudSigma

from occopus.testing.user import User

TUTORIALS = Path(__file__).parents[3] / "shared" / "tutorials"

pytestmark = pytest.mark.skipif(
    not TUTORIALS.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)


def test_ping(home: User, site: StrictCloudSigma) -> None:
    values = {"endpoint": site.url, "library_drive": LIBRARY, "pubkey": KEY, "network_policy": POLICY}
    folder = home.copy(TUTORIALS / "cloudsigma-ping", values)
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build(folder / "infra-cloudsigma-ping.yaml")
    (receiver,), (sender,) = site.of_node("ping-receiver"), site.of_node("ping-sender")
    address = receiver["runtime"]["nics"][0]["ip_v4"]["uuid"]
    told = [yaml.safe_load(base64.b64decode(each["meta"]["cloudinit-user-data"])) for each in (receiver, sender)]
    assert told[0]["write_files"][0]["content"] == "Hello World! I am the receiver node created by Occopus.\n"
    assert told[1]["runcmd"] == [f"ping {address} -c 5 > /tmp/ping-result.txt 2>&1"]
    assert (sender["cpu"], sender["mem"], sender["vnc_password"]) == (2000, 1073741824, "secret")
    home.run("occopus-destroy", "-i", infra_id)
    assert site.is_empty

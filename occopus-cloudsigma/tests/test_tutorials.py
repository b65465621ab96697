"""The tutorials that the original published for CloudSigma, unchanged but for the values that their users fill in."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from strict_cloudsigma import KEY, LIBRARY, POLICY, StrictCloudSigma

from occopus.testing.http import HttpServer, Reply, Request
from occopus.testing.user import User, until

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


class Open(HttpServer):
    def answer(self, request: Request) -> Reply:
        return Reply(200)


def test_swarm(home: User, site: StrictCloudSigma) -> None:
    values = {"endpoint": site.url, "library_drive": LIBRARY, "pubkey": KEY, "network_policy": POLICY}
    folder = home.copy(TUTORIALS / "docker-swarm", values)
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    building = home.start("occopus-build", "--parallelize", folder / "infra-docker-swarm.yaml")
    master = until(lambda: next(iter(address_of(site, "master")), None), "an address of the master")
    with ExitStack() as stack:
        try:
            for port in (22, 2375):  # its health check looks at them
                stack.enter_context(Open(at=(master, port)))
        except PermissionError:
            building.kill()
            pytest.skip("only root may open port 22")
        out, err = building.communicate(timeout=300)
        assert building.returncode == 0, err
        told = [yaml.safe_load(base64.b64decode(each["meta"]["cloudinit-user-data"])) for each in site.of_node("worker")]
        assert [master in str(each) for each in told] == [True, True]
        home.run("occopus-destroy", "--parallelize", "-i", out.strip())
    assert site.is_empty


def address_of(site: StrictCloudSigma, node: str) -> list[Any]:
    """The addresses that the servers of a node have by now."""
    nics = [nic for server in site.of_node(node) for nic in (server["runtime"] or {"nics": []})["nics"]]
    return [nic["ip_v4"]["uuid"] for nic in nics if nic["ip_v4"]]

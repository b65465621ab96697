"""The tutorials that the original published for EC2, unchanged but for the values that their users fill in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from occopus.testing.http import HttpServer, Reply, Request
from occopus.testing.user import User

TUTORIALS = Path(__file__).parents[3] / "shared" / "tutorials"

pytestmark = pytest.mark.skipif(
    not TUTORIALS.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)

MACHINES = 7
"""As many as the largest of them has."""


class Healthy(HttpServer):
    def answer(self, request: Request) -> Reply:
        return Reply(200)


@pytest.fixture
def machines(ec2: Any) -> Iterator[list[str]]:
    """Addresses that answer a ping, and serve what health checks look at; instances get them in their order."""
    addresses = [f"127.{ec2.port // 256}.{ec2.port % 256}.{number + 1}" for number in range(MACHINES)]
    with ExitStack() as stack:
        for address in addresses:
            stack.enter_context(Healthy(at=(address, 5000)))
        ec2.addresses.extend(addresses)
        yield addresses


@pytest.fixture
def tutorial(home: User, ec2: Any, account: Any, machines: list[str]) -> Any:
    """Gives a copy of a tutorial with values of the account."""
    subnet = account.client.describe_subnets()["Subnets"][0]
    groups = [
        account.client.create_security_group(GroupName=name, Description=name, VpcId=subnet["VpcId"])["GroupId"] for name in ("one", "two")
    ]
    account.client.create_key_pair(KeyName="mine")
    values = {
        "endpoint": ec2.url,
        "regionname": "eu-west-1",
        "id_of_your_image": "ami-0123456789abcdef0",
        "instance_type": "t3.small",
        "key_name": "mine",
        "security_group_id1": groups[0],
        "security_group_id2": groups[1],
        "subnet_id": subnet["SubnetId"],
    }

    return lambda name: home.copy(TUTORIALS / name, values)


def test_ping(tutorial: Any, home: User, account: Any, machines: list[str]) -> None:
    folder = tutorial("ec2-ping")
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build(folder / "infra-ec2-ping.yaml")
    (receiver,), (sender,) = account.of_node("ping-receiver"), account.of_node("ping-sender")
    assert (
        yaml.safe_load(account.user_data(receiver))["write_files"][0]["content"]
        == "Hello World! I am the receiver node created by Occopus.\n"
    )
    assert yaml.safe_load(account.user_data(sender))["runcmd"] == [f"ping {machines[0]} -c 5 > /tmp/ping-result.txt 2>&1"]
    assert (sender["KeyName"], sender["InstanceType"], len(sender["SecurityGroups"])) == ("mine", "t3.small", 2)
    home.run("occopus-destroy", "-i", infra_id)
    assert account.instances == []


def test_flowbster(tutorial: Any, home: User, account: Any, machines: list[str]) -> None:
    folder = tutorial("flowbster-autodock-vina")
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = home.build("--parallelize", folder / "infra-autodock-vina.yaml")
    assert [len(account.of_node(name)) for name in ("COLLECTOR", "VINA", "GENERATOR")] == [1, 5, 1]
    (generator,) = account.of_node("GENERATOR")
    told = account.user_data(generator)
    assert all(address in told for address in machines[1:6])
    home.run("occopus-destroy", "--parallelize", "-i", infra_id)
    assert account.instances == []

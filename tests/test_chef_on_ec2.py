"""The tutorial with WordPress, which needs two packages at once: machines of EC2 that are nodes of a Chef server."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from occopus.testing.user import User, until

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT.parent / "shared" / "tutorials" / "chef-wordpress"
CLIENT = ROOT / "occopus-chef" / "tests" / "servers" / "chef_client.py"
sys.path += [str(ROOT / package / "tests" / "servers") for package in ("occopus-ec2", "occopus-chef")]

PLACES = ("database_root_password", "database_user_password", "database_name", "database_username", "image", "instance_type")

pytestmark = pytest.mark.skipif(
    not TUTORIAL.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)


@pytest.fixture
def chef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from goiardi import ABSENT, PROGRAM, goiardi  # noqa: PLC0415 - found once the path is set

    if PROGRAM is None:
        pytest.skip(ABSENT)
    with goiardi(tmp_path_factory.mktemp("goiardi")) as server:
        yield server


@pytest.fixture
def ec2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from moto_server import moto_server  # noqa: PLC0415 - found once the path is set
    from strict_ec2 import StrictEc2  # noqa: PLC0415

    with moto_server(tmp_path_factory.mktemp("moto")) as url, StrictEc2(url) as proxy:
        proxy.calm()
        proxy.addresses.extend(f"127.81.0.{number}" for number in (1, 2))  # they answer a ping
        yield proxy


class Machines:
    """The instances of the account, on each of which chef-client is run once."""

    def __init__(self, url: str, folder: Path) -> None:
        session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="eu-west-1")
        self.client = session.client("ec2", endpoint_url=url)
        self.folder = folder
        self.ran: list[subprocess.Popen[bytes]] = []
        self.seen: set[str] = set()

    @property
    def alive(self) -> list[dict[str, Any]]:
        found = [each for reservation in self.client.describe_instances()["Reservations"] for each in reservation["Instances"]]
        return [each for each in found if each["State"]["Name"] != "terminated"]

    def boot(self) -> None:
        """Do what cloud-init would on those that are new."""
        for instance in self.alive:
            if instance["InstanceId"] not in self.seen:
                self.seen.add(instance["InstanceId"])
                told = self.client.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
                config = yaml.safe_load(base64.b64decode(told["UserData"]["Value"]))["chef"]
                file = self.folder / f"{instance['InstanceId']}.json"
                file.write_text(json.dumps(config))
                address = f"127.81.0.{len(self.seen)}"
                self.ran.append(subprocess.Popen([sys.executable, CLIENT, file], env={"OCCOPUS_NODE_ADDRESS": address}))


def test_wordpress(ec2: Any, chef: Any, occopus_user: User, tmp_path: Path) -> None:
    machines = Machines(ec2.upstream, tmp_path)
    subnet = machines.client.describe_subnets()["Subnets"][0]
    group = machines.client.create_security_group(GroupName="web", Description="web", VpcId=subnet["VpcId"])["GroupId"]
    machines.client.create_key_pair(KeyName="mine")
    values = {
        **{place: f"a-{place.replace('_', '-')}" for place in PLACES},
        "endpoint": ec2.url,
        "regionname": "eu-west-1",
        "key_name": "mine",
        "subnet_id": subnet["SubnetId"],
        "image": "ami-12345678",
        "instance_type": "t3.small",
        "security_group_id1": group,
        "security_group_id2": group,
        "url_of_chef_server": chef.url,
        "chef_server_url": chef.url,
        "validation_client_name": "chef-validator",
        "validation_client_key": chef.validator_key.strip().replace("\n", "\n        "),
    }
    occopus_user.authenticate("ec2", {"accesskey": "key", "secretkey": "secret-of-ec2"}, secrets=("secret-of-ec2",))
    occopus_user.authenticate("chef", {"client_name": "admin", "client_key": chef.admin_key}, section="config_management")
    occopus_user.variables["AWS_EC2_METADATA_DISABLED"] = "true"
    folder = occopus_user.copy(TUTORIAL, values)
    definitions = folder / "nodes" / "node_definitions.yaml"
    definitions.write_text(re.sub(r"(?m)^    health_check: *\n(?: {6,}.*\n?)+", "", definitions.read_text()))  # neither program is there

    occopus_user.run("occopus-import", definitions)
    building = occopus_user.start("occopus-build", folder / "infra-chef-wordpress.yaml")
    until(lambda: machines.boot() or building.poll() is not None, "the end of the build", every=0.1)
    infra_id, said = building.communicate()
    assert building.returncode == 0, said
    assert [process.wait(60) for process in machines.ran] == [0, 0]
    assert sorted(tag["Value"] for each in machines.alive for tag in each["Tags"] if tag["Key"] == "occopus:node_name") == [
        "mysql-server",
        "wordpress",
    ]
    occopus_user.run("occopus-destroy", "-i", infra_id.strip())
    assert machines.alive == []

"""A real EC2 API to talk to: moto's server behind a strict proxy, and Occopus as its users run it."""

from __future__ import annotations

import base64
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from moto_server import forget_everything, moto_server
from strict_ec2 import StrictEc2

from occopus.plugins import HandlerConfig
from occopus.testing.user import User
from occopus_ec2.cloud import Cloud
from occopus_ec2.handler import Ec2Handler

REGION = "eu-west-1"
SECRET = "kept-to-ourselves-0123456789"


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(scope="session")
def _proxy(moto_url: str) -> Iterator[StrictEc2]:
    with StrictEc2(moto_url) as proxy:
        yield proxy


@pytest.fixture
def ec2(_proxy: StrictEc2) -> StrictEc2:
    """The strict proxy, without faults, in front of an account that has nothing."""
    forget_everything(_proxy.upstream)
    _proxy.calm()
    return _proxy


@dataclass(frozen=True)
class Account:
    """What is really there, past the proxy."""

    client: Any

    @property
    def instances(self) -> list[dict[str, Any]]:
        """All that have not ended."""
        pages = self.client.get_paginator("describe_instances").paginate()
        found = [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]
        return [instance for instance in found if instance["State"]["Name"] != "terminated"]

    @property
    def node_ids(self) -> list[str]:
        return [self.tags(instance)["occopus:node_id"] for instance in self.instances]

    def of_node(self, name: str) -> list[dict[str, Any]]:
        return [instance for instance in self.instances if self.tags(instance)["occopus:node_name"] == name]

    def tags(self, item: dict[str, Any]) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}

    def user_data(self, instance: dict[str, Any]) -> str:
        found = self.client.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
        return base64.b64decode(found["UserData"]["Value"]).decode()

    def terminate_all(self) -> None:
        ids = [instance["InstanceId"] for instance in self.instances]
        if ids:
            self.client.terminate_instances(InstanceIds=ids)


@pytest.fixture(scope="session")
def account(moto_url: str) -> Account:
    session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key=SECRET, region_name=REGION)
    return Account(session.client("ec2", endpoint_url=moto_url))


PLAIN = """
'node_def:plain':
  - resource: {{type: ec2, endpoint: '{url}', regionname: eu-west-1, image_id: ami-12345678, instance_type: t3.micro}}
    health_check: {{ping: false}}
"""
"""A definition at any URL."""


def section_at(url: str) -> dict[str, Any]:
    return {"type": "ec2", "endpoint": url, "regionname": REGION, "image_id": "ami-0123456789abcdef0", "instance_type": "t3.micro"}


@pytest.fixture
def plain_section(ec2: StrictEc2) -> dict[str, Any]:
    return section_at(ec2.url)


KEYS = {"accesskey": "key", "secretkey": SECRET}


@pytest.fixture
def keys() -> dict[str, str]:
    return KEYS


@pytest.fixture(scope="session")
def sdk_client(_proxy: StrictEc2, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The SDK's client, as handlers make it, once for all: that takes a third of a second."""
    return Cloud(HandlerConfig(section_at(_proxy.url), KEYS, tmp_path_factory.mktemp("none"), logging.getLogger("occopus.ec2"))).client


@pytest.fixture
def handler_for(plain_section: dict[str, Any], sdk_client: Any, tmp_path: Path) -> Callable[..., Ec2Handler]:
    """Fresh handlers, onto the proxy. With another section or other credentials they make a client of their own."""

    def make(credentials: dict[str, str] | None = None, **changes: Any) -> Ec2Handler:
        config = HandlerConfig({**plain_section, **changes}, KEYS if credentials is None else credentials, tmp_path, logging.getLogger())
        return Ec2Handler(config, None if changes or credentials is not None else sdk_client)

    return make


@pytest.fixture
def home(occopus_user: User) -> User:
    occopus_user.authenticate("ec2", KEYS, secrets=(SECRET,))
    occopus_user.variables["AWS_EC2_METADATA_DISABLED"] = "true"
    return occopus_user

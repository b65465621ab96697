"""What a cloud refuses is told in its words, and nothing is left of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from nova_user import NovaUser
from openstack.connection import Connection
from tenant import Tenant


@pytest.fixture
def giant(admin: Connection) -> Iterator[str]:
    """The name of a flavor that no host has room for."""
    flavor = admin.compute.create_flavor(name=f"giant-{uuid.uuid4().hex[:8]}", ram=900_000_000, disk=1, vcpus=1)
    yield flavor.name
    admin.compute.delete_flavor(flavor)


def test_without_room_the_next_implementation_is_tried(empty: Tenant, home: NovaUser, giant: str) -> None:
    huge = empty.section(flavor_name=giant, volume_size=2)
    home.describe(empty.auth_data, huge, empty.section(), nodes={"web": 3})
    infra_id = home.build()
    assert [server["flavor"]["original_name"] for server in empty.servers] == ["m1.tiny"] * 3
    home.destroy(infra_id)


def test_no_room_anywhere(empty: Tenant, home: NovaUser, giant: str) -> None:
    home.describe(empty.auth_data, empty.section(flavor_name=giant, volume_size=2))
    said = home.fail_to_build()
    assert "could not be made: ERROR: No valid host was found" in said
    assert home.infras == []


def test_quotas(empty: Tenant, home: NovaUser, admin: Connection) -> None:
    """Of servers, which Nova refuses at once, and of floating IPs, for which the server is there already."""
    admin.compute.put(f"/os-quota-sets/{empty.project_id}", json={"quota_set": {"instances": 0, "force": True}}).raise_for_status()
    home.describe(empty.auth_data, empty.section())
    assert "Quota exceeded for instances" in home.fail_to_build()
    admin.compute.put(f"/os-quota-sets/{empty.project_id}", json={"quota_set": {"instances": 100}}).raise_for_status()

    admin.network.put(f"/quotas/{empty.project_id}", json={"quota": {"floatingip": 0}}).raise_for_status()
    home.describe(empty.auth_data, empty.section(floating_ip_pool=empty.pool, volume_size=1, volume_persist=True))
    assert "Quota exceeded for resources: ['floatingip']" in home.fail_to_build()
    admin.network.delete(f"/quotas/{empty.project_id}").raise_for_status()
    assert home.infras == []


def test_what_is_not_there(empty: Tenant, home: NovaUser) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    for wrong, said in (
        ({"image_id": "no-such-image"}, "there is no image 'no-such-image'"),
        ({"flavor_name": "no-such-flavor"}, "there is no flavor 'no-such-flavor'"),
        ({"network_id": nowhere}, f"Network {nowhere} could not be found"),
        ({"key_name": "no-such-key"}, "Invalid key_name provided"),
    ):
        home.describe(empty.auth_data, empty.section(**wrong))
        assert said in home.fail_to_build()
    assert home.infras == []


@pytest.mark.parametrize("wrong", ["password", "project"])
def test_wrong_login(wrong: str, empty: Tenant, home: NovaUser) -> None:
    password, project = ("a-wrong-password", empty.project_id) if wrong == "password" else (empty.password, "0" * 32)
    home.describe({"username": empty.username, "password": password}, empty.section(project_id=project))
    said = home.fail_to_build()
    assert "logging in failed: The request you have made requires authentication" in said
    assert password not in said
    assert home.infras == []

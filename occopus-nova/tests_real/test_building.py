"""Building and removing through the commands: every kind of volume and of floating IP, both kinds of credentials, names and ids."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from nova_user import NovaUser
from openstack.connection import Connection
from tenant import Tenant
from tutorials import TUTORIALS, needs_tutorials

from occopus.testing.user import until

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEsQhKbgKkb7d7lRjZ6j7C1gQvNYaRk2XoQXbS0qCh1u test"


@pytest.fixture
def key_and_group(empty: Tenant) -> Iterator[str]:
    """The name of a key pair and of a security group."""
    name = f"occopus-test-{uuid.uuid4().hex[:8]}"
    key = empty.connection.create_keypair(name, PUBLIC_KEY)
    group = empty.connection.create_security_group(name, "for tests")
    yield key.name
    until(lambda: not empty.servers, "the end of the servers")
    empty.connection.delete_keypair(name)
    empty.connection.delete_security_group(group.id)


def test_all_kinds_of_nodes(empty: Tenant, home: NovaUser, admin: Connection, key_and_group: str) -> None:
    mine = empty.allocate()
    kinds: dict[str, dict[str, Any]] = {
        "plain": {"key_name": key_and_group, "security_groups": [key_and_group], "server_name": "my-server"},
        "by-name": {"image_id": empty.image, "endpoint": empty.auth_url, "floating_ip_pool": empty.pool},
        "by-cloud": {"volume_size": 0},
        "sized": {"volume_size": 3, "floating_ip_pool": empty.pool_id},
        "kept": {"volume_size": 2, "volume_persist": True},
    }
    home.describe(empty.auth_data, nodes=dict.fromkeys(kinds, 1), types={kind: [empty.section(**more)] for kind, more in kinds.items()})
    infra_id = home.build()

    servers = {server["metadata"]["occopus:node_name"]: server for server in empty.servers}
    assert servers.keys() == kinds.keys()
    plain = servers["plain"]
    assert (plain["name"], plain["key_name"], plain["image"]["id"]) == ("my-server", key_and_group, empty.image_id)
    assert plain["security_groups"] == [{"name": key_and_group}]
    assert plain["metadata"]["occopus:infra_id"] == infra_id
    stored = admin.compute.get(f"/servers/{plain['id']}", microversion="2.85").json()["server"]["OS-EXT-SRV-ATTR:user_data"]
    assert "Hello from plain" in base64.b64decode(stored).decode()

    sizes = {volume["id"]: volume["size"] for volume in empty.volumes}
    attached = {kind: server["os-extended-volumes:volumes_attached"] for kind, server in servers.items()}
    assert {kind: [(sizes[each["id"]], each["delete_on_termination"]) for each in volumes] for kind, volumes in attached.items()} == {
        "plain": [],
        "by-name": [],
        "by-cloud": [(1, True)],
        "sized": [(3, True)],
        "kept": [(2, False)],
    }

    ips = {ip["floating_ip_address"]: ip for ip in empty.floating_ips}
    first = {kind: home.addresses(infra_id, kind)[0] for kind in kinds}
    assert {first["by-name"][0], first["sized"][0]} == ips.keys()
    assert mine in ips
    assert [len(first[kind]) for kind in kinds] == [1, 2, 1, 2, 1]
    assert first["kept"] == [each["addr"] for network in servers["kept"]["addresses"].values() for each in network]

    home.destroy(infra_id)
    assert (empty.servers, [ip["floating_ip_address"] for ip in empty.floating_ips]) == ([], [mine])
    until(lambda: len(empty.volumes) == 1, "the end of the volumes")
    (kept,) = empty.volumes
    assert (kept["id"], kept["status"]) == (attached["kept"][0]["id"], "available")
    assert kept["metadata"].items() >= {"occopus:infra_id": infra_id, "occopus:node_name": "kept"}.items()
    empty.delete_volume(kept["id"])
    empty.release(mine)
    until(lambda: not empty.volumes, "the end of the kept volume")


def test_application_credential(empty: Tenant, home: NovaUser) -> None:
    identity, user = empty.connection.identity, empty.connection.current_user_id
    made = identity.create_application_credential(user, "for-tests", roles=[{"name": "member"}])
    home.describe({"type": "application_credential", "id": made.id, "secret": made.secret}, empty.section())
    infra_id = home.build()
    assert [server["name"] for server in empty.servers] == [f"occopus-test-{infra_id[:8]}-web-{empty.node_ids()[0][:8]}"]
    home.destroy(infra_id)
    identity.delete_application_credential(user, made.id)
    said = home.fail_to_build()
    assert "logging in failed: Could not find Application Credential" in said
    assert made.secret not in said


@needs_tutorials
def test_published_tutorial(empty: Tenant, home: NovaUser, key_and_group: str) -> None:
    """Its default health check, a ping, is answered: all addresses are of this machine."""
    values = {
        "endpoint": empty.auth_url,
        "projectid": empty.project_id,
        "image": empty.image_id,
        "network": empty.network_id,
        "flavor": "m1.tiny",
        "keypair": key_and_group,
        "security_group": key_and_group,
        "need_floating_ip": "yes",
        "floating_ip_pool": empty.pool,
    }
    folder = home.copy(TUTORIALS / "nova-helloworld", values)
    home.log_in(empty.auth_data)
    infra_id = home.build(next(folder.glob("infra*.yaml")), "--nodes", folder / "nodes" / "node_definitions.yaml")
    assert home.addresses(infra_id, "helloworld")[0][0] == empty.floating_ips[0]["floating_ip_address"]
    home.destroy(infra_id)

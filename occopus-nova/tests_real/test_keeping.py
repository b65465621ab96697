"""Keeping up: what was deleted, and what went to ERROR, is replaced."""

from __future__ import annotations

from nova_user import NovaUser
from openstack.connection import Connection
from tenant import Tenant

from occopus.testing.user import until


def test_deleted_and_failed_servers_are_replaced(empty: Tenant, home: NovaUser, admin: Connection) -> None:
    home.describe(
        empty.auth_data, types={"web": [empty.section(floating_ip_pool=empty.pool)], "db": [empty.section()]}, nodes={"web": 1, "db": 1}
    )
    infra_id = home.build()
    before = {server["metadata"]["occopus:node_name"]: server["id"] for server in empty.servers}
    empty.delete_server(before["web"])
    admin.compute.post(f"/servers/{before['db']}/action", json={"os-resetState": {"state": "error"}}).raise_for_status()
    until(lambda: len(empty.servers) == 1, "the end of the server that was deleted")

    states = {name: [each["state"] for each in home.report(infra_id, name).values()] for name in before}
    assert states == {"web": ["shutdown"], "db": ["failed"]}
    home.maintain(infra_id)
    after = {server["metadata"]["occopus:node_name"]: server["id"] for server in empty.servers}
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert len(empty.floating_ips) == 1, "that of the one that was deleted is released"
    home.destroy(infra_id)

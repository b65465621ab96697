"""A command that dies, and replies that get lost: nothing is made twice, nothing is left."""

from __future__ import annotations

from lossy import LossyProxy
from tenant import Tenant
from user import Home, until

NODES = 10


def test_killed_during_a_build_of_ten(empty: Tenant, home: Home) -> None:
    home.describe(empty.auth_data, empty.section(volume_size=1), nodes={"web": NODES})
    build = home.start("occopus-build", "infra.yaml", "--nodes", "nodes.yaml", "--parallelize")
    until(lambda: len(empty.servers) >= NODES // 3, "the first servers")
    build.kill()
    build.wait()
    (there,) = home.list()
    infra_id = there["infra_id"]
    home.build("-i", infra_id)
    servers = empty.servers
    assert len(servers) == NODES
    assert {server["status"] for server in servers} == {"ACTIVE"}
    assert {server["metadata"]["occopus:node_id"] for server in servers} == home.report(infra_id)["web"]["instances"].keys()

    destroy = home.start("occopus-destroy", "-i", infra_id, "--parallelize")
    until(lambda: len(empty.servers) < NODES, "the end of the first servers")
    destroy.kill()
    destroy.wait()
    if home.list():  # else it was quicker
        home.destroy(infra_id)
    assert home.list() == []
    until(lambda: not empty.volumes, "the end of the volumes")


def test_lost_replies(lossy: tuple[Tenant, LossyProxy, LossyProxy], home: Home) -> None:
    """Of the calls that make a server and a floating IP, and of those that remove them."""
    tenant, nova, neutron = lossy
    home.describe(tenant.auth_data, tenant.section(floating_ip_pool=tenant.pool), nodes={"web": 2})
    nova.lose("POST", "/servers", times=2)
    neutron.lose("POST", "/floatingips", times=2)
    infra_id = home.build()
    assert (len(nova.lost), len(neutron.lost)) == (2, 2)
    assert (len(tenant.servers), len(tenant.floating_ips)) == (2, 2)
    for address in home.addresses(infra_id):
        assert len(address) == 2
    nova.lose("DELETE", "", times=2)
    neutron.lose("DELETE", "", times=2)
    home.destroy(infra_id)
    assert (len(nova.lost), len(neutron.lost)) == (4, 4)

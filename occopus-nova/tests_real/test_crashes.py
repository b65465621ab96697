"""A command that dies, and replies that get lost: nothing is made twice, nothing is left."""

from __future__ import annotations

from lossy import LossyProxy
from nova_user import DESCRIBED, NovaUser
from tenant import Tenant

from occopus.testing.killing import kill
from occopus.testing.user import until

NODES = 10


def test_killed_during_a_build_of_ten(empty: Tenant, home: NovaUser) -> None:
    home.describe(empty.auth_data, empty.section(volume_size=1), nodes={"web": NODES})
    build = home.start("occopus-build", *DESCRIBED, "--parallelize")
    until(lambda: len(empty.servers) >= NODES // 3, "the first servers")
    kill(build)
    (infra_id,) = home.infras
    home.build(*DESCRIBED, "-i", infra_id)
    servers = empty.servers
    assert len(servers) == NODES
    assert {server["status"] for server in servers} == {"ACTIVE"}
    assert {server["metadata"]["occopus:node_id"] for server in servers} == home.report(infra_id, "web").keys()

    destroy = home.start("occopus-destroy", "-i", infra_id, "--parallelize")
    until(lambda: len(empty.servers) < NODES, "the end of the first servers")
    kill(destroy)
    if home.infras:  # else it was quicker
        home.destroy(infra_id)
    assert home.infras == []
    until(lambda: not empty.volumes, "the end of the volumes")


def test_lost_replies(lossy: tuple[Tenant, LossyProxy, LossyProxy], home: NovaUser) -> None:
    """Of the calls that make a server and a floating IP, and of those that remove them."""
    tenant, nova, neutron = lossy
    home.describe(tenant.auth_data, tenant.section(floating_ip_pool=tenant.pool), nodes={"web": 2})
    nova.lose["POST /servers"] = neutron.lose["POST /floatingips"] = 2
    infra_id = home.build()
    assert (nova.lose.total(), neutron.lose.total()) == (0, 0)
    assert (len(tenant.servers), len(tenant.floating_ips)) == (2, 2)
    for address in home.addresses(infra_id):
        assert len(address) == 2
    nova.lose["DELETE /servers/*"] = neutron.lose["DELETE /floatingips/*"] = 2
    home.destroy(infra_id)
    assert (nova.lose.total(), neutron.lose.total()) == (0, 0)

"""A project of its own for each worker in a real OpenStack."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openstack
import pytest
from openstack.connection import Connection

sys.path.append(str(Path(__file__).parents[1] / "tests" / "servers"))  # pytest puts no folder there by itself

import sandbox
from lossy import LossyProxy
from nova_user import NovaUser
from tenant import Tenant

from occopus.testing.user import User, until

PASSWORD = "a-password-for-tests"

started_here = False


def pytest_sessionstart(session: pytest.Session) -> None:
    """Only the process that all workers are children of starts it."""
    global started_here  # noqa: PLW0603
    is_worker = hasattr(session.config, "workerinput")
    if not (is_worker or session.config.option.collectonly or sandbox.is_running() or sandbox.reason_not_to_start()):
        started_here = True
        failure = sandbox.start()
        if failure:
            print(f"NO REAL OPENSTACK: {failure}", file=sys.stderr)


def pytest_sessionfinish() -> None:
    if started_here:
        sandbox.stop()


@pytest.fixture(scope="session", autouse=True)
def settings() -> dict[str, Any]:
    if not sandbox.is_running():
        pytest.skip(f"NO REAL OPENSTACK: {sandbox.reason_not_to_start() or 'it does not run'}")
    read: dict[str, Any] = json.loads(sandbox.SETTINGS.read_text())
    return read


@pytest.fixture
def home(occopus_user: User) -> NovaUser:
    return NovaUser(**vars(occopus_user))


@pytest.fixture(scope="session")
def admin(settings: dict[str, Any]) -> Connection:
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth={
            "auth_url": settings["auth_url"],
            "user_domain_name": settings["user_domain_name"],
            "project_domain_name": settings["project_domain_name"],
            **settings["admin"],
        },
        region_name=settings["region_name"],
    )


@pytest.fixture(scope="session")
def tenant(admin: Connection, settings: dict[str, Any]) -> Iterator[Tenant]:
    """The worker's project with all that belongs to one.

    Its networks are of loopback addresses: no packet goes through this OpenStack, but those answer a ping.
    """
    name, number = f"occopus-test-{uuid.uuid4().hex[:8]}", uuid.uuid4().int % 250
    project = admin.identity.create_project(name=name, domain_id="default")
    user = admin.identity.create_user(name=name, password=PASSWORD, domain_id="default", default_project_id=project.id)
    admin.identity.assign_project_role_to_user(project, user, admin.identity.find_role("member"))
    limit(admin, project.id, "compute", instances=100, cores=200, ram=-1)
    pool = admin.network.create_network(name=f"{name}-pool", is_router_external=True)
    admin.network.create_subnet(network_id=pool.id, ip_version=4, cidr=f"127.200.{number}.0/24", is_dhcp_enabled=False)
    net = admin.network.create_network(name=name, project_id=project.id)
    subnet = admin.network.create_subnet(
        network_id=net.id, project_id=project.id, ip_version=4, cidr=f"127.201.{number}.0/24", is_dhcp_enabled=False
    )
    router = admin.network.create_router(name=name, project_id=project.id, external_gateway_info={"network_id": pool.id})
    admin.network.add_interface_to_router(router, subnet_id=subnet.id)
    tenant = Tenant(
        auth_url=settings["auth_url"],
        project_id=project.id,
        project_name=name,
        username=name,
        password=PASSWORD,
        region=settings["region_name"],
        image_id=settings["image_id"],
        image=settings["image"],
        network_id=net.id,
        pool=pool.name,
        pool_id=pool.id,
    )
    yield tenant
    clear(tenant)
    admin.network.remove_interface_from_router(router, subnet_id=subnet.id)
    for each in (admin.network.delete_router, router), (admin.network.delete_network, net), (admin.network.delete_network, pool):
        each[0](each[1])
    admin.identity.delete_user(user)
    admin.identity.delete_project(project)


def limit(admin: Connection, project_id: str, service: str, **quota: int) -> None:
    """Set quotas of a project."""
    path, key = {"compute": ("/os-quota-sets", "quota_set"), "network": ("/quotas", "quota")}[service]
    getattr(admin, service).put(f"{path}/{project_id}", json={key: quota}).raise_for_status()


def clear(tenant: Tenant) -> None:
    """Remove whatever is in a project."""
    for server in tenant.servers:
        tenant.delete_server(server["id"])
    for ip in tenant.floating_ips:
        tenant.release(ip["floating_ip_address"])
    until(lambda: not tenant.servers, "the end of the servers")
    for volume in tenant.volumes:
        tenant.delete_volume(volume["id"])
    until(lambda: not tenant.get("block_storage", "/volumes/detail")["volumes"], "the end of the volumes")


@pytest.fixture
def empty(tenant: Tenant) -> Iterator[Tenant]:
    """The worker's project, in which nothing may be left after a test."""
    yield tenant
    left = [tenant.servers, tenant.floating_ips, tenant.volumes]
    clear(tenant)
    assert left == [[], [], []], "a test has to leave its project empty"


@pytest.fixture
def lossy(admin: Connection, settings: dict[str, Any], empty: Tenant) -> Iterator[tuple[Tenant, LossyProxy, LossyProxy]]:
    """The project in a region whose Nova and Neutron lose replies, and these two."""
    region = f"lossy-{uuid.uuid4().hex[:8]}"
    admin.identity.post("/regions", json={"region": {"id": region}}).raise_for_status()
    services = {service.type: service.id for service in admin.identity.services()}
    public = [endpoint for endpoint in admin.identity.endpoints(interface="public") if endpoint.region_id == settings["region_name"]]
    urls = {endpoint.service_id: endpoint.url for endpoint in public}
    with LossyProxy(urls[services["compute"]]) as nova, LossyProxy(urls[services["network"]]) as neutron:
        instead = {services["compute"]: nova.url, services["network"]: neutron.url}
        made = [
            admin.identity.create_endpoint(service_id=id, interface="public", url=instead.get(id, url), region_id=region)
            for id, url in urls.items()
        ]
        yield replace(empty, region=region), nova, neutron
        for endpoint in made:
            admin.identity.delete_endpoint(endpoint)
    admin.identity.delete(f"/regions/{region}")

"""The small OpenStack of the everyday tests answers in the shapes of a real one."""

from __future__ import annotations

from typing import Any

import pytest
from fake_openstack import SHAPES
from nova_user import NovaUser
from tenant import Tenant

Shape = set[tuple[str, str]]


def shape(value: Any) -> Shape:
    """The keys with the types of their values; what may be null has no type."""
    return {(key, "" if item is None else type(item).__name__) for key, item in value.items()}


def differing(ours: Any, real: Any) -> Shape:
    either = shape(ours) ^ shape(real)
    nullable = {key for key, type in either if not type}
    return {(key, type) for key, type in either if key not in nullable}


@pytest.fixture
def made(empty: Tenant, home: NovaUser) -> Any:
    home.describe(empty.auth_data, empty.section(volume_size=1, floating_ip_pool=empty.pool))
    infra_id = home.build()
    yield
    home.destroy(infra_id)


@pytest.mark.usefixtures("made")
def test_shapes_are_those_of_today(empty: Tenant) -> None:
    (server,) = empty.servers
    changed = empty.connection.block_storage.put(f"/volumes/{empty.volumes[0]['id']}", json={"volume": {"name": "new"}})
    real = {
        "server": server,
        "image": empty.get("image", f"/images/{empty.image_id}"),
        "flavor": empty.get("compute", "/flavors/detail")["flavors"][0],
        "floating_ip": empty.floating_ips[0],
        "volume": changed.json()["volume"],
        "port": empty.get("network", f"/ports?device_id={server['id']}")["ports"][0],
        "network": empty.get("network", "/networks?router:external=true")["networks"][0],
    }
    found = {name: differing(SHAPES[name], item) for name, item in real.items()}
    assert {name: difference for name, difference in found.items() if difference} == {}


@pytest.mark.parametrize(
    ("shape", "service", "method", "path", "body"),
    [
        ("error_server_unknown", "compute", "GET", "/servers/00000000-0000-0000-0000-000000000000", None),
        ("error_flavor_unknown", "compute", "GET", "/flavors/nope", None),
        ("error_image_unknown", "image", "GET", "/images/nope", None),
        ("error_floating_ip_unknown", "network", "GET", "/floatingips/00000000-0000-0000-0000-000000000000", None),
        ("error_server_unknown_attribute", "compute", "POST", "/servers", {"server": {"name": "x", "nope": 1}}),
    ],
)
def test_errors_are_those_of_today(tenant: Tenant, shape: str, service: str, method: str, path: str, body: Any) -> None:
    answer = getattr(tenant.connection, service).request(path, method, json=body, raise_exc=False)
    ours = SHAPES[shape]
    assert answer.status_code == ours["status"]
    if isinstance(ours["body"], dict):
        assert answer.json().keys() == ours["body"].keys()

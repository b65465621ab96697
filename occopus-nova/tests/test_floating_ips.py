"""Floating IPs: found or allocated, given to one node only, and gone when they were ours."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fake_openstack import SHAPES, FakeOpenStack
from lossy import LossyProxy

from occopus.model.instance import AddressKind, NodeState
from occopus.plugins import ErrorKind, HandlerConfig, ResourceError
from occopus.testing.resource_suite import Bench, Journal
from occopus_nova.handler import NovaHandler

POOL = SHAPES["network"]["id"]


@pytest.fixture
def bench(cloud: FakeOpenStack, tmp_path: Path) -> Bench:
    section = cloud.section(floating_ip_pool="public")
    config = HandlerConfig(section, cloud.login, tmp_path, logging.getLogger("occopus.nova"))
    return Bench(lambda: NovaHandler(config), section, None, within=30, poll_every=0.02)


def add_unused(cloud: FakeOpenStack, description: str = "mine") -> dict[str, Any]:
    ip: dict[str, Any] = cloud.create_ip({"floatingip": {"floating_network_id": POOL, "description": description}})["floatingip"]
    return ip


def test_allocated_one_is_first_and_is_released(cloud: FakeOpenStack, bench: Bench) -> None:
    request = bench.request()
    handle, status = bench.until_ready(bench.make_handler(), request)
    (ip,) = cloud.ips.values()
    assert [address.kind for address in status.addresses] == [AddressKind.PUBLIC, AddressKind.PRIVATE]
    assert status.addresses[0].value == ip["floating_ip_address"]
    assert ip["description"] == " ".join(f"{key}={value}" for key, value in request.marks.items())
    bench.until_gone(bench.make_handler(), handle)
    assert cloud.ips == {}


def test_unused_one_is_taken_and_left(cloud: FakeOpenStack, bench: Bench) -> None:
    mine = add_unused(cloud)
    handle, status = bench.until_ready(bench.make_handler(), bench.request())
    assert status.addresses[0].value == mine["floating_ip_address"]
    bench.until_gone(bench.make_handler(), handle)
    assert [(ip["id"], ip["port_id"], ip["description"]) for ip in cloud.ips.values()] == [(mine["id"], None, "mine")]


def test_one_of_another_node_is_not_taken(cloud: FakeOpenStack, bench: Bench) -> None:
    other = bench.request().marks
    add_unused(cloud, " ".join(f"{key}={value}" for key, value in other.items()))
    bench.until_ready(bench.make_handler(), bench.request())
    assert len(cloud.ips) == 2


def test_one_that_somebody_else_takes_meanwhile_is_left(cloud: FakeOpenStack, bench: Bench) -> None:
    mine = add_unused(cloud)
    cloud.rush = True
    _, status = bench.until_ready(bench.make_handler(), bench.request())
    assert cloud.ips[mine["id"]]["port_id"] == "a-strangers"
    assert status.addresses[0].value != mine["floating_ip_address"]


def test_nodes_at_once_never_share_one(cloud: FakeOpenStack, bench: Bench) -> None:
    for _ in range(3):
        add_unused(cloud)
    requests = [bench.request() for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda request: bench.until_ready(bench.make_handler(), request)[1], requests))
    assert len({status.addresses[0].value for status in statuses}) == 12
    assert len(cloud.ips) == 12, "the three that were there are used"


@pytest.mark.parametrize("lost", ["POST /floatingips", "DELETE /servers/*", "DELETE /floatingips/*"])
def test_lost_replies_leak_none(lost: str, cloud: FakeOpenStack, bench: Bench) -> None:
    with LossyProxy(cloud.url) as proxy:
        cloud.public_url = proxy.url
        proxy.lose[lost] = 2
        handle = again(lambda: bench.until_ready(bench.make_handler(), bench.requests[-1] if bench.requests else bench.request())[0])
        assert len(cloud.ips) == 1
        again(lambda: bench.until_gone(bench.make_handler(), handle))
        assert proxy.lose[lost] < 2, "a reply must have got lost"
    assert cloud.ips == {}


def again(call: Callable[[], Any]) -> Any:
    """What a call gives that is repeated after an error that may pass."""
    while True:
        try:
            return call()
        except ResourceError as error:
            if error.kind is not ErrorKind.TRANSIENT:
                raise


@pytest.mark.parametrize(("limit", "kind"), [("ip_quota", ErrorKind.QUOTA), ("free_addresses", ErrorKind.NO_CAPACITY)])
def test_none_to_be_had_removes_the_server(limit: str, kind: ErrorKind, cloud: FakeOpenStack, bench: Bench) -> None:
    setattr(cloud, limit, 0)
    with pytest.raises(ResourceError) as raised:
        bench.until_ready(bench.make_handler(), bench.request())
    assert raised.value.kind is kind
    deadline = time.monotonic() + 10
    while cloud.node_ids():
        assert time.monotonic() < deadline, "the server has to go by itself"


def test_unknown_pool_is_invalid(cloud: FakeOpenStack, bench: Bench) -> None:
    bench.section["floating_ip_pool"] = "nope"
    with pytest.raises(ResourceError, match="there is no floating IP pool 'nope'") as raised:
        bench.until_ready(bench.make_handler(), bench.request())
    assert raised.value.kind is ErrorKind.INVALID


def test_without_a_name_the_pool_must_be_clear(cloud: FakeOpenStack, bench: Bench) -> None:
    bench.section["floating_ip"] = bench.section.pop("floating_ip_pool")
    bench.until_ready(bench.make_handler(), bench.request())
    cloud.networks["other"] = SHAPES["network"] | {"id": "other", "name": "campus"}
    with pytest.raises(ResourceError, match=r"say which floating IP pool: public \(.*\), campus \(other\)"):
        bench.until_ready(bench.make_handler(), bench.request())


def test_what_is_left_of_a_node_is_told_and_removed(cloud: FakeOpenStack, bench: Bench) -> None:
    handle, _ = bench.until_ready(bench.make_handler(), bench.request())
    cloud.delete_server(handle.ids["server"])
    while cloud.servers:
        cloud.pass_time()
    status = bench.make_handler().describe([handle])[handle.node_id]
    assert (status.state, status.unfinished) == (NodeState.SHUTDOWN, True)
    assert [found.node_id for found in bench.make_handler().find(bench.infra_id)] == [handle.node_id]
    bench.until_gone(bench.make_handler(), handle)
    assert cloud.ips == {}


def test_repeated_create_takes_no_second_one(cloud: FakeOpenStack, bench: Bench) -> None:
    request = bench.request()
    bench.until_ready(bench.make_handler(), request)
    for _ in range(3):
        bench.make_handler().create(request, Journal())
    assert len(cloud.ips) == 1

"""Loopback addresses of the nodes' own."""

from __future__ import annotations

import socket
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from occopus.builtin.local.addresses import SHARED, Addresses, can_be_bound, candidates
from occopus.plugins import ErrorKind, ResourceError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere other loopback addresses must be configured")


def test_hundreds_of_nodes_have_addresses_that_differ_and_work(tmp_path: Path) -> None:
    node_ids = [str(uuid.uuid4()) for _ in range(300)]
    with ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(Addresses(tmp_path / "a").allocate, node_ids))
    assert len(set(addresses)) == 300
    assert not [address for address in addresses if address.startswith("127.0.0.")]
    for address in addresses:
        with socket.create_server((address, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()


def test_address_follows_from_the_node(tmp_path: Path) -> None:
    assert Addresses(tmp_path / "a").allocate("node") == Addresses(tmp_path / "b").allocate("node")
    assert Addresses(tmp_path / "a").allocate("node") == Addresses(tmp_path / "a").allocate("node")


def test_taken_address_is_left_to_its_owner(tmp_path: Path) -> None:
    first, second = list(candidates("node"))[:2]
    (tmp_path / first).symlink_to("another")
    addresses = Addresses(tmp_path)
    assert addresses.allocate("node") == second
    addresses.release("another")
    (tmp_path / first).unlink()
    assert addresses.allocate("node") == second, "a node keeps its address when a better one becomes free"


def test_released_address_is_free(tmp_path: Path) -> None:
    addresses = Addresses(tmp_path)
    addresses.allocate("node")
    addresses.release("node")
    addresses.release("node")
    assert list(tmp_path.iterdir()) == []


def test_no_address_left(tmp_path: Path) -> None:
    for address in candidates("node"):
        (tmp_path / address).symlink_to("another")
    with pytest.raises(ResourceError, match="no loopback address is free") as raised:
        Addresses(tmp_path).allocate("node")
    assert raised.value.kind is ErrorKind.NO_CAPACITY


def test_system_without_other_loopback_addresses(tmp_path: Path) -> None:
    addresses = Addresses(tmp_path, bindable=lambda address: False)
    assert addresses.allocate("node") == SHARED
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_bound() -> None:
    assert can_be_bound(SHARED)
    assert not can_be_bound("192.0.2.1")

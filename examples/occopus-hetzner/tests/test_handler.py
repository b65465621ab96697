"""What the conformance suite can't know: Hetzner's own ways."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from occopus.plugins import AddressKind, CreateRequest, ErrorKind, Handle, InfraId, NodeId, NodeState, ResourceError, UserData

from conftest import HandlerFor, section_at
from hetzner import READ_ONLY, Hetzner, Server, refusal

NUMBERS = count(1)


def request(cloud: Hetzner, node_name: str = "web", context: UserData | None = None, **changes: Any) -> CreateRequest:
    number = next(NUMBERS)
    handle = Handle(InfraId("infra"), NodeId(f"node-{number}"), node_name)
    return CreateRequest(handle, f"occopus-test-{number}", section_at(cloud) | changes, context)


def made(cloud: Hetzner, handler_for: HandlerFor, **changes: Any) -> Handle:
    return handler_for().create(request(cloud, **changes), lambda handle: None)


def settled(cloud: Hetzner) -> None:
    time.sleep(2 * cloud.seconds)


def test_server_is_made_as_the_section_says(cloud: Hetzner, handler_for: HandlerFor) -> None:
    made(cloud, handler_for, ssh_keys=["my-key", 2324], image=310557660, public_ipv4=False, context=UserData("#!/bin/sh\n"))
    [server] = cloud.alive()
    assert server.wanted == {
        "name": server.name,
        "server_type": "cx23",
        "image": 310557660,
        "location": "fsn1",
        "ssh_keys": ["my-key", 2324],
        "networks": [4711],
        "firewalls": [{"firewall": 38}],
        "public_net": {"enable_ipv4": False, "enable_ipv6": True},
        "labels": {
            "example.org/owner": "me",
            "occopus.infra_id": "infra",
            "occopus.node_id": server.labels["occopus.node_id"],
            "occopus.node_name": "web",
        },
        "user_data": "#!/bin/sh\n",
    }


@pytest.mark.parametrize(
    ("public", "kinds"),
    [
        ({}, [AddressKind.PUBLIC, AddressKind.PRIVATE, AddressKind.PUBLIC]),
        ({"public_ipv4": False}, [AddressKind.PRIVATE, AddressKind.PUBLIC]),
        ({"public_ipv4": False, "public_ipv6": False, "firewalls": []}, [AddressKind.PRIVATE]),
    ],
)
def test_addresses_are_in_order(cloud: Hetzner, handler_for: HandlerFor, public: dict[str, Any], kinds: list[AddressKind]) -> None:
    handle = made(cloud, handler_for, **public)
    settled(cloud)
    [status] = handler_for().describe([handle]).values()
    assert [address.kind for address in status.addresses] == kinds
    assert not any("/" in address.value for address in status.addresses)


def test_server_without_an_address_is_not_ready(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handle = made(cloud, handler_for, public_ipv4=False, public_ipv6=False, firewalls=[])
    cloud.alive()[0].status = "running"
    cloud.alive()[0].up += 60
    [status] = handler_for().describe([handle]).values()
    assert status.state is NodeState.PENDING


@pytest.mark.parametrize(
    ("word", "state"),
    [("off", NodeState.TEMP_FAILED), ("migrating", NodeState.PENDING), ("a new word", NodeState.UNKNOWN)],
)
def test_states(cloud: Hetzner, handler_for: HandlerFor, word: str, state: NodeState) -> None:
    handle = made(cloud, handler_for)
    cloud.alive()[0].status = word
    [status] = handler_for().describe([handle]).values()
    assert (status.state, status.detail, status.unfinished) == (state, word, False)


def test_name_that_is_taken_is_not_asked_for(cloud: Hetzner, handler_for: HandlerFor) -> None:
    wanted = request(cloud)
    with cloud.losing_reply(2), pytest.raises(ResourceError):
        handler_for().create(wanted, lambda handle: None)
    handler_for().create(wanted, lambda handle: None)
    assert cloud.actions == ["GET servers", "POST servers", "GET servers"]


def test_name_that_is_taken_and_not_listed_yet_is_asked_for_again(cloud: Hetzner, handler_for: HandlerFor) -> None:
    cloud.fail["POST servers"] = [refusal(409, "uniqueness_error", "server name is already used")]
    with pytest.raises(ResourceError, match="server name is already used") as caught:
        made(cloud, handler_for)
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_list_that_changes_while_it_is_read_is_read_again(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handles = [made(cloud, handler_for) for _ in range(4)]
    first = min(cloud.servers)

    def lose_the_first() -> None:
        cloud.servers.pop(first, None)

    cloud.largest_page, cloud.between_pages = 2, lose_the_first
    assert set(handler_for().describe(handles)) == {handle.node_id for handle in handles[1:]}


def test_list_that_always_changes_is_an_error(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handles = [made(cloud, handler_for) for _ in range(3)]
    hidden: dict[int, Server] = {}

    def hide_or_show_the_last() -> None:
        if hidden:
            cloud.servers.update([hidden.popitem()])
        else:
            hidden.update([cloud.servers.popitem()])

    cloud.largest_page, cloud.between_pages = 2, hide_or_show_the_last
    with pytest.raises(ResourceError, match="changes while it is read") as caught:
        handler_for().describe(handles)
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_locked_server_is_removed_later(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handle = made(cloud, handler_for)
    cloud.fail["DELETE server"] = [refusal(423, "locked", "server is locked")]
    with pytest.raises(ResourceError) as caught:
        handler_for().drop(handle)
    assert caught.value.kind is ErrorKind.TRANSIENT
    handler_for().drop(handle)
    settled(cloud)
    assert not cloud.alive()


def test_server_of_a_known_id_is_removed_though_no_list_shows_it(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handle = made(cloud, handler_for)
    handler_for().drop(handle)
    assert cloud.actions[2:] == ["GET server", "DELETE server"]


def test_token_for_reading_makes_nothing(cloud: Hetzner, handler_for: HandlerFor) -> None:
    with pytest.raises(ResourceError, match="only allowed to perform GET") as caught:
        handler_for(READ_ONLY).create(request(cloud), lambda handle: None)
    assert caught.value.kind is ErrorKind.CREDENTIALS


def test_protected_server_is_the_users_affair(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handle = made(cloud, handler_for)
    cloud.fail["DELETE server"] = [refusal(403, "protected", "server deletion is protected")]
    with pytest.raises(ResourceError, match="deletion is protected") as caught:
        handler_for().drop(handle)
    assert caught.value.kind is ErrorKind.INVALID


def test_server_that_lost_a_label_is_nobodys(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handle = made(cloud, handler_for)
    del cloud.alive()[0].wanted["labels"]["occopus.node_id"]
    assert handler_for().describe([handle]) == {}
    assert not list(handler_for().find(handle.infra_id))


def test_many_threads_share_a_handler(cloud: Hetzner, handler_for: HandlerFor) -> None:
    handler, wanted = handler_for(), [request(cloud) for _ in range(8)] * 2
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda one: handler.create(one, lambda handle: None), wanted))
    assert len(cloud.alive()) == 8
    assert not cloud.refused

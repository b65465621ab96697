"""What the handler asks CloudSigma for, and what it makes of the answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from strict_cloudsigma import LIBRARY, PASSWORD, StrictCloudSigma, invalid, refusal

from occopus.model.infrastructure import InfraId
from occopus.model.instance import AddressKind, Handle, NodeId, NodeState
from occopus.plugins import CreateRequest, ErrorKind, ResourceError, UserData
from occopus.testing.http import Refusal, Reply
from occopus.testing.user import until
from occopus_cloudsigma.marks import drive_name
from occopus_cloudsigma.parts import Parts
from occopus_cloudsigma.status import status_of

INFRA, NODE = InfraId("11111111-2222-3333-4444-555555555555"), NodeId("66666666-7777-8888-9999-000000000000")


@pytest.fixture
def request_for(plain_section: dict[str, Any]) -> Callable[..., CreateRequest]:
    def make(**description: Any) -> CreateRequest:
        section = {**plain_section, "description": {**plain_section["description"], **description}}
        return CreateRequest(Handle(INFRA, NODE, "web"), "occopus-test-web", section, UserData("#cloud-config\nruncmd: [echo ü]\n"))

    return make


def finish(handler: Any, request: CreateRequest) -> Handle:
    """As the engine does it."""
    handle = handler.create(request, lambda _: None)

    def is_ready() -> bool:
        nonlocal handle
        status = handler.describe([handle])[NODE]
        if status.unfinished:
            handle = handler.create(replace(request, handle=handle), lambda _: None)
        return status.state is NodeState.READY

    until(is_ready, "it is ready")
    return handle


def remove(handler: Any, handle: Handle) -> None:
    handler.drop(handle)

    def is_gone() -> bool:
        status = handler.describe([handle]).get(NODE)
        if status and status.unfinished:
            handler.drop(handle)
        return status is None

    until(is_gone, "it is gone")


def test_the_server_is_the_description_with_what_makes_it_a_node(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    request = request_for(smp=2, meta={"description": "mine"})
    handle = finish(handler_for(), request)
    (server,), (drive,) = site.servers.values(), site.drives.values()
    told = {key: server[key] for key in ("cpu", "mem", "smp", "pubkeys", "nics")}
    assert told == {key: request.resource["description"][key] for key in told}
    assert (server["name"], server["vnc_password"]) == ("occopus-test-web", NODE)
    assert server["meta"].pop("cloudinit-user-data") == base64.b64encode("#cloud-config\nruncmd: [echo ü]\n".encode()).decode()
    assert server["meta"] == {"description": "mine", "base64_fields": "cloudinit-user-data", **request.marks}
    (attached,) = server["drives"]
    assert attached["drive"].pop("resource_uri")
    assert attached == {"boot_order": 1, "dev_channel": "0:0", "device": "virtio", "drive": {"uuid": drive["uuid"]}}
    assert drive["name"] == f"occopus web {INFRA} {NODE}"
    assert (handle.ids["server"], handle.ids["drive"]) == (server["uuid"], drive["uuid"])


def test_what_the_user_gives_takes_precedence(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    finish(handler_for(), replace(request_for(name="mine", vnc_password="hidden"), context=None))
    (server,) = site.servers.values()
    assert (server["name"], server["vnc_password"]) == ("mine", "hidden")
    assert server["meta"] == request_for().marks


def test_the_steps_follow_one_another_and_nobody_waits_in_create(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    site.clone_seconds = 3600.0
    handler, request = handler_for(), request_for()
    handle = handler.create(request, lambda _: None)
    (drive,) = site.drives.values()
    status = handler.describe([handle])[NODE]
    assert (status.state, status.unfinished, status.detail) == (NodeState.PENDING, False, "its drive is cloning_dst")
    assert site.servers == {}
    drive["until"] = 0.0
    assert handler.describe([handle])[NODE].unfinished
    handle = handler.create(replace(request, handle=handle), lambda _: None)
    assert [each["status"] for each in site.servers.values()] == ["starting"]
    finish(handler, replace(request, handle=handle))
    assert [action for action in site.actions if action in ("clone", "make", "start")] == ["clone", "make", "start"]


@pytest.mark.parametrize("action", ["clone", "make", "start"])
def test_a_lost_reply_makes_nothing_twice(handler_for: Any, request_for: Any, site: StrictCloudSigma, action: str) -> None:
    site.clone_seconds = 0.0
    site.lose[action] = 1
    handler, request = handler_for(), request_for()
    with pytest.raises(ResourceError) as raised:
        until(lambda: handler.create(request, lambda _: None) and False, "the reply is lost")
    assert raised.value.kind is ErrorKind.TRANSIENT
    handle = finish(handler, request)
    assert (len(site.servers), len(site.drives)) == (1, 1)
    remove(handler, handle)
    assert site.is_empty


@pytest.mark.parametrize("action", ["stop", "delete server"])
def test_a_lost_reply_leaves_nothing_behind(handler_for: Any, request_for: Any, site: StrictCloudSigma, action: str) -> None:
    handler = handler_for()
    handle = finish(handler, request_for())
    site.lose[action] = 1

    def removed() -> bool:
        try:
            remove(handler, handle)
        except ResourceError as error:
            kinds.append(error.kind)
            return False
        return True

    kinds: list[ErrorKind] = []
    until(removed, "the removal")
    assert set(kinds) <= {ErrorKind.TRANSIENT}
    assert site.is_empty


def test_twins_are_removed(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    """As a request leaves them that is answered after it was repeated."""
    handler, request = handler_for(), request_for()
    handle = finish(handler, request)
    (server,) = site.servers.values()
    site.clone(LIBRARY, drive_name(handle))
    site.servers["twin"] = {**server, "uuid": "twin", "status": "stopped", "runtime": None}
    status = handler.describe([handle])[NODE]
    assert (status.state, "twin" in status.detail) == (NodeState.READY, True)

    def only_one() -> bool:
        handler.create(replace(request, handle=replace(handle, ids={})), lambda _: None)
        return len(site.drives) == 1

    until(only_one, "the twins are gone")
    assert [each["uuid"] for each in site.servers.values()] == [server["uuid"]]
    assert [each["uuid"] for each in site.drives.values()] == [handle.ids["drive"]]


def test_a_removal_takes_twins_with_it(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    handler, request = handler_for(), request_for()
    handle = finish(handler, request)
    site.clone(LIBRARY, drive_name(handle))
    remove(handler, handle)
    assert site.is_empty


def test_a_removal_finds_a_twin_by_the_drive_that_it_has(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    handler, request = handler_for(), request_for()
    handle = finish(handler, request)
    (server,) = site.servers.values()
    twin_drive = site.clone(LIBRARY, drive_name(handle))
    twin_drive.update({"status": "mounted", "mounted_on": [{"uuid": "twin"}]})
    del twin_drive["until"]
    attached = [{"drive": {"uuid": twin_drive["uuid"]}}]
    site.servers["twin"] = {**server, "uuid": "twin", "status": "running", "drives": attached}
    remove(handler, handle)
    assert site.is_empty


@pytest.mark.parametrize("ids", ["all", "none"])
def test_a_removal_finds_what_has_lost_its_marks(handler_for: Any, request_for: Any, site: StrictCloudSigma, ids: str) -> None:
    handler = handler_for()
    handle = finish(handler, request_for())
    (server,), (drive,) = site.servers.values(), site.drives.values()
    drive["name"] = "renamed by its user"
    if ids == "all":
        server["meta"] = {}
    remove(handler, handle if ids == "all" else replace(handle, ids={}))
    until(lambda: site.is_empty, "the drive is deleted")


def test_a_drive_whose_server_is_gone_goes_too(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    handler = handler_for()
    handle = finish(handler, request_for())
    (server,), (drive,) = site.servers.values(), site.drives.values()
    site.servers.clear()
    drive.update({"status": "unmounted", "mounted_on": []})
    status = handler.describe([handle])[NODE]
    assert (status.state, status.unfinished) == (NodeState.SHUTDOWN, True)
    again = handler.create(replace(request_for(), handle=handle), lambda _: None)
    assert (again, site.servers) == (handle, {}), f"a node has one server in its life: {server['uuid']}"
    remove(handler, handle)
    assert site.is_empty


def test_a_removal_waits_for_the_clone(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    site.clone_seconds = 0.3
    handler = handler_for()
    remove(handler, handler.create(request_for(), lambda _: None))
    assert site.is_empty
    assert site.refused == []


def test_a_removal_only_waits_while_there_is_nothing_to_do(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    handler = handler_for()
    handle = finish(handler, request_for())
    site.stop_seconds = 3600.0
    handler.drop(handle)
    assert handler.describe([handle])[NODE].unfinished
    before = len(site.actions)
    handler.drop(handle)
    assert len(site.actions) == before
    next(iter(site.servers.values()))["until"] = 0.0
    remove(handler, handle)
    assert site.is_empty


def test_what_moved_on_meanwhile_is_no_error(handler_for: Any, request_for: Any, site: StrictCloudSigma) -> None:
    """The server is started by its user between the look and the call."""
    site.clone_seconds, site.start_seconds = 0.0, 3600.0
    handler, request = handler_for(), request_for()
    handler.create(request, lambda _: None)
    handler.create(request, lambda _: None)
    (server,) = site.servers.values()
    server.update({"status": "stopped", "runtime": None})
    looked = handler._finder.of_node(request.handle)
    server["status"] = "starting"
    assert handler._started(request.handle, looked.servers[0], lambda _: None).ids == {"started": "yes"}
    assert site.refused[-1] == """start: Cannot start guest in state "starting". It should be in state "stopped\""""


SERVER = {"uuid": "s", "drives": [], "nics": [], "runtime": None}


@pytest.mark.parametrize(
    ("status", "state", "unfinished"),
    [
        ("starting", NodeState.PENDING, False),
        ("paused", NodeState.PENDING, False),
        ("running", NodeState.READY, False),
        ("stopping", NodeState.SHUTDOWN, True),
        ("stopped", NodeState.SHUTDOWN, True),
        ("unavailable", NodeState.TEMP_FAILED, False),
        ("unknown", NodeState.TEMP_FAILED, False),
        ("something-new", NodeState.UNKNOWN, False),
    ],
)
def test_every_status_is_mapped(status: str, state: NodeState, unfinished: bool) -> None:
    handle = Handle(INFRA, NODE, "web", {"server": "s", "started": "yes"})
    found = status_of(handle, Parts([{**SERVER, "status": status}]))
    assert found is not None
    assert (found.state, found.unfinished) == (state, unfinished)
    assert found.detail == ("" if state is NodeState.READY else status)


def test_a_server_that_was_not_started_yet_is_not_shut_down() -> None:
    parts = Parts([{**SERVER, "status": "stopped"}])
    fresh = status_of(Handle(INFRA, NODE, "web", {"server": "s"}), parts)
    asked = status_of(Handle(INFRA, NODE, "web", {"started": "yes", "started_at": parts.at.isoformat()}), parts)
    assert fresh is not None
    assert asked is not None
    assert (fresh.state, fresh.unfinished) == (NodeState.PENDING, True)
    assert (asked.state, asked.unfinished) == (NodeState.PENDING, False)


@pytest.mark.parametrize(("status", "state"), [("unavailable", NodeState.TEMP_FAILED), ("creating", NodeState.PENDING)])
def test_statuses_of_a_drive_without_server(status: str, state: NodeState) -> None:
    found = status_of(Handle(INFRA, NODE, "web", {"drive": "d"}), Parts([], [{"uuid": "d", "status": status}]))
    assert found is not None
    assert (found.state, found.unfinished) == (state, False)


def test_addresses_are_those_of_the_runtime_in_the_order_of_the_interfaces() -> None:
    nics = [
        {"interface_type": "private", "ip_v4": {"uuid": "10.0.0.1"}},
        {"interface_type": "private", "ip_v4": None},
        {"interface_type": "public", "ip_v4": {"uuid": "162.213.38.81"}},
    ]
    found = status_of(Handle(INFRA, NODE, "web"), Parts([{**SERVER, "status": "running", "runtime": {"nics": nics}}]))
    assert found is not None
    told = [(each.value, each.kind) for each in found.addresses]
    assert told == [("10.0.0.1", AddressKind.PRIVATE), ("162.213.38.81", AddressKind.PUBLIC)]


def test_without_the_address_that_is_to_come_it_is_pending() -> None:
    nic = {"ip_v4_conf": {"conf": "dhcp"}}
    server = {**SERVER, "status": "running", "nics": [nic], "runtime": {"nics": [{"interface_type": "public", "ip_v4": None}]}}
    found = status_of(Handle(INFRA, NODE, "web"), Parts([server]))
    assert found is not None
    assert (found.state, found.addresses) == (NodeState.PENDING, ())


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        (invalid("This field is required", "cpu"), ErrorKind.INVALID, "cpu: This field is required (HTTP status 400)"),
        (refusal(400, "billing", "Not enough funds"), ErrorKind.QUOTA, "Not enough funds"),
        (refusal(503, "backend", "Try later"), ErrorKind.TRANSIENT, "Try later"),
        (refusal(503, "backend", "Not enough resources"), ErrorKind.NO_CAPACITY, "Not enough resources"),
        (Refusal(Reply(502, b"<html>Oops</html>")), ErrorKind.TRANSIENT, "failed: Bad Gateway (HTTP status 502)"),
        (Refusal(Reply(200, b"<html>Log in</html>")), ErrorKind.TRANSIENT, "no JSON"),
    ],
)
def test_errors(handler_for: Any, request_for: Any, site: StrictCloudSigma, refusal: Refusal, kind: ErrorKind, words: str) -> None:
    site.fail["clone"] = [refusal]
    with pytest.raises(ResourceError) as raised:
        handler_for().create(request_for(), lambda _: None)
    assert raised.value.kind is kind
    assert "cloning the library drive" in raised.value.message
    assert words in raised.value.message
    assert PASSWORD not in raised.value.message


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9/api/2.0", "https://127.0.0.1:{port}/api/2.0"])
def test_nobody_is_there_or_speaks_something_else(handler_for: Any, request_for: Any, site: StrictCloudSigma, endpoint: str) -> None:
    with pytest.raises(ResourceError) as raised:
        handler_for(endpoint=endpoint.format(port=site.port)).create(request_for(), lambda _: None)
    assert raised.value.kind is ErrorKind.TRANSIENT

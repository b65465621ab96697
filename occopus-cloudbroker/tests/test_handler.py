"""What the handler asks CloudBroker for, and what it makes of the answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from strict_cloudbroker import KNOWN, PASSWORD, StrictCloudBroker, refusal, xml

from occopus.model.infrastructure import InfraId
from occopus.model.instance import AddressKind, Handle, NodeId, NodeState
from occopus.plugins import CreateRequest, ErrorKind, ResourceError, SupportsCost, UserData
from occopus.testing.http import Refusal, Reply
from occopus_cloudbroker.instance import Instance
from occopus_cloudbroker.xml import Unreadable, read

INFRA, NODE = InfraId("11111111-2222-3333-4444-555555555555"), NodeId("66666666-7777-8888-9999-000000000000")


@pytest.fixture
def request_for(plain_section: dict[str, Any]) -> Callable[..., CreateRequest]:
    def make(**more: Any) -> CreateRequest:
        return CreateRequest(
            Handle(INFRA, NODE, "web"), "occopus-test-web", {**plain_section, **more}, UserData("#cloud-config\n# ü & <\n")
        )

    return make


def create(handler: Any, request: CreateRequest) -> Handle:
    handle: Handle = handler.create(request, lambda _: None)
    return handle


def test_the_instance_is_the_description_with_what_makes_it_a_node(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    create(handler_for(), request_for(start_in_vpc=True))
    (machine,) = site.machines.values()
    assert machine.asked == {
        **KNOWN,
        "opened_port": "22,80",
        "disable_autostop": "true",
        "isolated": "true",
        "name": f"occopus-test-web occopus web {INFRA} {NODE}",
        "cloud-init": base64.b64encode("#cloud-config\n# ü & <\n".encode()).decode(),
        "cloud-init-b64": "true",
        "start-in-vpc": "true",
    }


def test_what_the_user_gives_takes_precedence(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    description = {**KNOWN, "isolated": False, "name": "my own & <only>", "opened_port": 22}
    create(handler_for(), replace(request_for(description=description), context=None))
    (machine,) = site.machines.values()
    assert machine.name == f"my own & <only> occopus web {INFRA} {NODE}"
    assert (machine.asked["isolated"], machine.asked["opened_port"], "cloud-init" in machine.asked) == ("false", "22", False)
    assert [handle.node_id for handle in handler_for().find(INFRA)] == [NODE]


def test_a_lost_reply_makes_nothing_twice(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    site.lose["make"] = 1
    with pytest.raises(ResourceError) as raised:
        create(handler_for(), request_for())
    assert raised.value.kind is ErrorKind.TRANSIENT
    create(handler_for(), request_for())
    assert len(site.machines) == 1


def test_twins_are_stopped(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    handle = create(handler_for(), request_for())
    site.machines["i-2"] = replace(site.machines["i-1"], id="i-2")
    assert create(handler_for(), request_for()) == handle
    assert site.machines["i-1"].status in ("starting", "running")
    assert site.machines["i-2"].status in ("stopping", "stopped")


def test_what_was_stopped_meanwhile_is_no_error(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    site.lose["stop"] = 1
    site.stop_seconds = 3600.0
    handler.drop(handle)
    assert handler.describe([handle])[NODE].state is NodeState.SHUTDOWN


def test_a_stop_that_is_refused_is_told(handler_for: Any, request_for: Any, site: StrictCloudBroker) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    site.fail["stop"] = [refusal(422, "Not now")]
    with pytest.raises(ResourceError, match="Not now"):
        handler.drop(handle)
    assert handler.describe([handle])[NODE].unfinished


@pytest.mark.parametrize(
    ("status", "state", "unfinished"),
    [
        ("starting", NodeState.PENDING, False),
        ("initializing", NodeState.PENDING, False),
        ("preparing", NodeState.PENDING, False),
        ("running", NodeState.READY, False),
        ("stopping", NodeState.SHUTDOWN, True),
        ("halted", NodeState.SHUTDOWN, False),
        ("something-new", NodeState.UNKNOWN, False),
        ("", NodeState.UNKNOWN, False),
    ],
)
def test_every_status_is_mapped(status: str, state: NodeState, unfinished: bool) -> None:
    found = Instance.of(read(f"<instance><id>1</id><status>{status}</status></instance>".encode())).resource_status
    assert (found.state, found.unfinished) == (state, unfinished)
    assert found.detail == ("" if state is NodeState.READY else status or "the platform tells no status")


def test_the_four_addresses_in_their_order() -> None:
    told = """<instance><internal-ip-address>10.0.0.1</internal-ip-address><internal-hostname>inside</internal-hostname>
    <external-ip-address> 5.5.5.5 </external-ip-address><external-hostname>outside.example.org</external-hostname></instance>"""
    found = [(each.value, each.kind) for each in Instance.of(read(told.encode())).addresses]
    kinds = [AddressKind.DNS, AddressKind.PUBLIC, AddressKind.DNS, AddressKind.PRIVATE]
    assert found == list(zip(["outside.example.org", "5.5.5.5", "inside", "10.0.0.1"], kinds, strict=True))


def test_addresses_that_do_not_exist_or_are_the_same_are_given_once() -> None:
    told = "<external-hostname/><external-ip-address>5.5.5.5</external-ip-address><internal-hostname>5.5.5.5</internal-hostname>"
    (found,) = Instance.of(read(f"<instance>{told}</instance>".encode())).addresses
    assert (found.value, found.kind) == ("5.5.5.5", AddressKind.PUBLIC)


def test_costs(handler_for: Any, request_for: Any) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    unknown = Handle(INFRA, NodeId("other"), "web", {"instance_id": "i-77"})
    nameless = Handle(INFRA, NodeId("third"), "web")
    assert isinstance(handler, SupportsCost)
    assert handler.costs([handle, unknown, nameless]) == {NODE: 2.5}


@pytest.mark.parametrize("total", ["", "much", "NaN", "Infinity"])
def test_costs_that_are_no_number_are_none(handler_for: Any, request_for: Any, site: StrictCloudBroker, total: str) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    site.say["costs"] = f"<fees><fee><name>Total</name><total_cost>{total}</total_cost></fee></fees>"
    assert handler.costs([handle]) == {}


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><instances><name>&b;</name></instances>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><instances><name>&a;</name></instances>'
EMPTY_DTD = "<!DOCTYPE x><instances/>"


@pytest.mark.parametrize("told", [BOMB, FILE, EMPTY_DTD, "<instances>", "", "no xml"])
def test_what_is_not_plain_xml_is_refused(handler_for: Any, site: StrictCloudBroker, told: str) -> None:
    with pytest.raises(Unreadable):
        read(told.encode())
    site.say["list"] = told
    with pytest.raises(ResourceError, match="no XML that can be read") as raised:
        list(handler_for().find(INFRA))
    assert raised.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        (refusal(422, "deployment can't be blank"), ErrorKind.INVALID, "deployment can't be blank (HTTP status 422)"),
        (refusal(422, "You have no credit left"), ErrorKind.QUOTA, "no credit left"),
        (refusal(503, "No valid host was found"), ErrorKind.NO_CAPACITY, "No valid host"),
        (
            Refusal(Reply(502, b"<html>Oops</html>", {"Content-Type": "text/html"})),
            ErrorKind.TRANSIENT,
            "failed: Bad Gateway (HTTP status 502)",
        ),
        (Refusal(xml(500, "<broken")), ErrorKind.TRANSIENT, "failed: Internal Server Error (HTTP status 500)"),
    ],
)
def test_errors(handler_for: Any, request_for: Any, site: StrictCloudBroker, refusal: Refusal, kind: ErrorKind, words: str) -> None:
    site.fail["make"] = [refusal]
    with pytest.raises(ResourceError) as raised:
        create(handler_for(), request_for())
    assert raised.value.kind is kind
    assert "making an instance for web" in raised.value.message
    assert words in raised.value.message
    assert PASSWORD not in raised.value.message

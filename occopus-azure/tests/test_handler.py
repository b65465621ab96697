"""What is asked for, and what becomes of it."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from arm_rules import ADDRESS, DISK, INTERFACE, MACHINE, NETWORK
from azure_fixtures import create, remove
from azure_suite import AzureHandler
from fake_arm import FakeArm

from occopus.model.instance import Address, AddressKind, NodeState
from occopus.plugins import ErrorKind, ResourceError, UserData
from occopus_azure.status import status_of

from .conftest import PASSWORD

CONFIG = UserData("#cloud-config\nruncmd: [echo ü]\n")


def network_with(*subnets: dict[str, Any]) -> dict[str, Any]:
    """One of the user's."""
    return {"location": "francecentral", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": [*subnets]}}


def the(kind: str, arm: FakeArm) -> dict[str, Any]:
    (thing,) = arm.of_kind(kind)
    return thing


class TestMachines(AzureHandler):
    kind = MACHINE
    context = UserData("of-the-node")
    secrets = (PASSWORD, base64.b64encode(b"of-the-node").decode())


def test_everything_that_a_public_machine_needs(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    arm.make_for, arm.delete_for = 0.05, 0.05
    handler, request = handler_for(), request_for(CONFIG, public_ip_needed=True, server_name="my-host")
    handle = create(handler, request)
    part = f"occopus-{request.node_id}"
    named = {kind: the(kind, arm)["name"] for kind in (NETWORK, ADDRESS, INTERFACE, MACHINE, DISK)}
    assert named == {
        NETWORK: part,
        ADDRESS: f"{part}-ip",
        INTERFACE: f"{part}-nic",
        MACHINE: request.machine_name,
        DISK: f"{part}-disk",
    }
    assert all(the(kind, arm)["tags"] == request.marks for kind in (NETWORK, ADDRESS, INTERFACE, MACHINE))
    interface, network, address = the(INTERFACE, arm)["id"], the(NETWORK, arm)["id"], the(ADDRESS, arm)["id"]
    subnet = {"addressPrefix": "10.0.0.0/24", "defaultOutboundAccess": True}
    assert arm.bodies[network]["properties"] == {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "default", "properties": subnet}],
    }
    (configuration,) = arm.bodies[interface]["properties"]["ipConfigurations"]
    assert configuration["properties"] == {
        "primary": True,
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": f"{network}/subnets/default"},
        "publicIPAddress": {"id": address},
    }
    assert arm.bodies[the(MACHINE, arm)["id"]] == {
        "location": "francecentral",
        "tags": request.marks,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B1s"},
            "storageProfile": {
                "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
                "osDisk": {"name": f"{part}-disk", "createOption": "FromImage", "deleteOption": "Delete"},
            },
            "osProfile": {
                "computerName": "my-host",
                "adminUsername": "somebody",
                "adminPassword": PASSWORD,
                "customData": base64.b64encode(CONFIG.text.encode()).decode(),
            },
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True, "deleteOption": "Delete"}}]},
        },
    }
    assert [each.kind for each in handler.describe([handle])[request.node_id].addresses] == [AddressKind.PUBLIC, AddressKind.PRIVATE]
    assert arm.makes == 5
    remove(handler_for(), replace(handle, ids={}))
    assert (arm.everything, list(arm.groups)) == ([], ["mine"])


def test_a_key_shuts_passwords_out_unless_there_is_one(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    key = "ssh-ed25519 AAAA me@here"
    create(handler_for(), request_for(ssh_key_data=f"{key}\n", password=None, customdata="#!/bin/sh\n"))
    profile = arm.bodies[the(MACHINE, arm)["id"]]["properties"]["osProfile"]
    keys = {"publicKeys": [{"path": "/home/somebody/.ssh/authorized_keys", "keyData": key}]}
    assert profile["linuxConfiguration"] == {"disablePasswordAuthentication": True, "ssh": keys}
    assert "adminPassword" not in profile
    assert base64.b64decode(profile["customData"]) == b"#!/bin/sh\n"


def test_both_ways_to_log_in(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    create(handler_for(), request_for(ssh_key_data="ssh-ed25519 AAAA"))
    profile = arm.bodies[the(MACHINE, arm)["id"]]["properties"]["osProfile"]
    assert (profile["adminPassword"], profile["linuxConfiguration"]["disablePasswordAuthentication"]) == (PASSWORD, False)


def test_windows_has_short_names(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    request = request_for(publisher="MicrosoftWindowsServer")
    create(handler_for(), request)
    assert arm.bodies[the(MACHINE, arm)["id"]]["properties"]["osProfile"]["computerName"] == f"occopus{request.node_id[:8]}"


def test_two_sources_of_custom_data_are_one_too_many(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError, match="only one of them") as raised:
        create(handler_for(), request_for(CONFIG, customdata="x"))
    assert (raised.value.kind, arm.actions) == (ErrorKind.INVALID, [])


def test_a_subnet_of_the_users_is_used_and_left(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    id = arm.add(
        "Microsoft.Network/virtualNetworks", "users", network_with({"name": "theirs", "properties": {"addressPrefix": "10.9.0.0/24"}})
    )
    handler = handler_for()
    handle = create(handler, request_for(vnet_name="users", subnet_name="theirs"))
    (configuration,) = the(INTERFACE, arm)["properties"]["ipConfigurations"]
    assert configuration["properties"]["subnet"] == {"id": f"{id}/subnets/theirs"}
    remove(handler, handle)
    assert arm.everything == [id.lower()]
    assert arm.count("PUT", NETWORK) == arm.count("DELETE", NETWORK) == 0


def test_a_network_of_the_users_gets_a_subnet(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    arm.add("Microsoft.Network/virtualNetworks", "users", network_with({"name": "a", "properties": {"addressPrefix": "10.9.0.0/24"}}))
    handler = handler_for()
    handle = create(handler, request_for(vnet_name="users"))
    subnets = the(NETWORK, arm)["properties"]["subnets"]
    assert [each["properties"]["addressPrefix"] for each in subnets] == ["10.9.0.0/24", "10.9.1.0/24"]
    remove(handler, handle)
    assert [each["name"] for each in the(NETWORK, arm)["properties"]["subnets"]] == ["a"]


def test_an_interface_of_the_users_is_used_and_left(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    network = arm.add(
        "Microsoft.Network/virtualNetworks", "users", network_with({"name": "a", "properties": {"addressPrefix": "10.9.0.0/24"}})
    )
    configuration = {"name": "x", "properties": {"subnet": {"id": f"{network}/subnets/a"}, "privateIPAddress": "10.9.0.4"}}
    body = {"location": "francecentral", "properties": {"ipConfigurations": [configuration]}}
    interface = arm.add("Microsoft.Network/networkInterfaces", "mine", body)
    handler, request = handler_for(), request_for(nic_name="mine")
    handle = create(handler, request)
    (reference,) = arm.bodies[the(MACHINE, arm)["id"]]["properties"]["networkProfile"]["networkInterfaces"]
    assert reference == {"id": interface, "properties": {"primary": True, "deleteOption": "Detach"}}
    with pytest.raises(ResourceError, match="NicInUse") as raised:
        create(handler, request_for(nic_name="mine"))
    assert raised.value.kind is ErrorKind.INVALID
    remove(handler, handle)
    assert arm.everything == sorted([network.lower(), interface.lower()])


def test_an_interface_that_is_not_there(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError, match="was not found") as raised:
        create(handler_for(), request_for(nic_name="nowhere"))
    assert (raised.value.kind, arm.everything) == (ErrorKind.INVALID, [])


@pytest.mark.parametrize("kind", [NETWORK, ADDRESS])
def test_what_the_last_call_left_half_made_is_finished(handler_for: Any, request_for: Any, arm: FakeArm, kind: str) -> None:
    arm.doomed[kind] = ("InternalServerError", "An error occurred.")
    create(handler_for(), request_for(public_ip_needed=True))
    assert (len(arm.everything), arm.makes) == (5, 6)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AllocationFailed", ErrorKind.NO_CAPACITY), ("ZonalAllocationFailed", ErrorKind.NO_CAPACITY), ("QuotaExceeded", ErrorKind.QUOTA)],
)
def test_a_machine_for_which_there_is_no_room_after_all(
    handler_for: Any, request_for: Any, arm: FakeArm, code: str, kind: ErrorKind
) -> None:
    arm.doomed[MACHINE] = (code, "Allocation failed.")
    handler, request = handler_for(), request_for()
    with pytest.raises(ResourceError, match=f"{code}: Allocation failed") as raised:
        create(handler, request)
    assert raised.value.kind is kind
    remove(handler, request.handle)
    assert arm.everything == []


def test_a_machine_that_failed_otherwise_may_come_back(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    arm.doomed[MACHINE] = ("OSProvisioningTimedOut", "It did not finish in the allotted time.")
    handler, request = handler_for(), request_for()
    handle = create(handler, request)
    status = handler.describe([handle])[request.node_id]
    assert status.state is NodeState.TEMP_FAILED
    assert status.detail == "Failed (OSProvisioningTimedOut: It did not finish in the allotted time.)"


def test_a_lost_reply_is_followed_by_the_same_call(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    handler, request = handler_for(), request_for(public_ip_needed=True)
    list(handler.find("x"))  # logged in
    arm.lost_share = 0.5
    stored = [request.handle]
    for _ in range(40):
        with suppress(ResourceError):
            handler.create(replace(request, handle=stored[-1]), stored.append)
    arm.lost_share = 0.0
    create(handler, replace(request, handle=stored[-1]))
    assert (len(arm.everything), arm.makes) == (5, 5)


def test_what_a_machine_uses_goes_after_it(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    arm.delete_for = 0.1
    handler = handler_for()
    handle = create(handler, request_for(public_ip_needed=True))
    del the(MACHINE, arm)["properties"]["networkProfile"]["networkInterfaces"][0]["properties"]["deleteOption"]
    remove(handler, handle)
    deleted = [action for action in arm.actions if action.startswith("DELETE")]
    assert deleted == [f"DELETE {kind}" for kind in (MACHINE, INTERFACE, ADDRESS, NETWORK)]
    assert arm.everything == []


def test_a_disk_that_stayed_is_deleted(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    the(MACHINE, arm)["properties"]["storageProfile"]["osDisk"]["deleteOption"] = "Detach"
    remove(handler, handle)
    assert arm.everything == []


def test_what_was_removed_by_hand_stops_nobody(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    handler = handler_for()
    handle = create(handler, request_for())
    handler.drop(handle)  # its machine is gone now
    status = handler.describe([handle])[handle.node_id]
    assert (status.state, status.unfinished) == (NodeState.SHUTDOWN, True)
    assert [found.node_id for found in handler.find(handle.infra_id)] == [handle.node_id]
    remove(handler, handle)
    assert (arm.everything, list(handler.find(handle.infra_id))) == ([], [])


def test_many_are_described_in_few_calls(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    handler = handler_for()
    handles = [create(handler, request_for(vnet_name=None)) for _ in range(8)]
    before = len(arm.actions)
    assert {status.state for status in handler.describe(handles).values()} == {NodeState.READY}
    assert len(arm.actions) - before == 4


@pytest.mark.parametrize(
    ("provisioning", "power", "state"),
    [
        ("Creating", "", NodeState.PENDING),
        ("Creating", "running", NodeState.PENDING),
        ("Succeeded", "", NodeState.PENDING),
        ("Succeeded", "starting", NodeState.PENDING),
        ("Succeeded", "running", NodeState.READY),
        ("Updating", "running", NodeState.READY),
        ("Succeeded", "stopped", NodeState.SHUTDOWN),
        ("Succeeded", "deallocating", NodeState.SHUTDOWN),
        ("Updating", "deallocated", NodeState.SHUTDOWN),
        ("Deleting", "running", NodeState.SHUTDOWN),
        ("Failed", "running", NodeState.TEMP_FAILED),
        ("Succeeded", "unknown", NodeState.UNKNOWN),
    ],
)
def test_every_state_is_mapped(provisioning: str, power: str, state: NodeState) -> None:
    statuses = [{"code": f"PowerState/{power}"}] if power else []
    machine = {"name": "x", "properties": {"provisioningState": provisioning, "instanceView": {"statuses": statuses}}}
    found = status_of(machine, [Address("10.0.0.4", AddressKind.PRIVATE)])
    assert (found.state, found.unfinished) == (state, state is NodeState.SHUTDOWN)

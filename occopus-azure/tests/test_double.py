"""Our double of the Resource Manager is good enough for Microsoft's own clients: they make, list and delete, and wait as they do."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from fake_arm import CLIENT, SECRET, SUBSCRIPTION, TENANT, FakeArm

NETWORK = {
    "location": "x",
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    },
}
MACHINE = {
    "hardwareProfile": {"vmSize": "Standard_B1s"},
    "storageProfile": {
        "imageReference": {"publisher": "a", "offer": "b", "sku": "c", "version": "d"},
        "osDisk": {"createOption": "FromImage", "name": "disk", "deleteOption": "Delete"},
    },
    "osProfile": {"computerName": "host", "adminUsername": "somebody", "adminPassword": "x"},
}


@pytest.fixture
def clients(arm: FakeArm) -> tuple[Any, Any]:
    credential = ClientSecretCredential(TENANT, CLIENT, SECRET, authority=arm.url, disable_instance_discovery=True)
    options: dict[str, Any] = {"base_url": arm.url, "credential_scopes": ["https://management.test/.default"], "polling_interval": 0}
    return NetworkManagementClient(credential, SUBSCRIPTION, **options), ComputeManagementClient(credential, SUBSCRIPTION, **options)


def test_from_making_to_deleting(arm: FakeArm, clients: tuple[Any, Any]) -> None:
    arm.make_for, arm.delete_for, arm.page, arm.groups["g"] = 0.1, 0.1, 1, {"location": "x"}
    network, compute = clients
    made = network.virtual_networks.begin_create_or_update("g", "v", NETWORK).result()
    assert made.provisioning_state == "Succeeded"
    configuration = {"name": "c", "properties": {"subnet": {"id": made.subnets[0].id}}}
    for name in ("a", "b"):
        body = {"location": "x", "properties": {"ipConfigurations": [configuration]}}
        interface = network.network_interfaces.begin_create_or_update("g", name, body).result()
        attached = {"networkProfile": {"networkInterfaces": [{"id": interface.id}]}}
        disk = {**MACHINE["storageProfile"], "osDisk": {**MACHINE["storageProfile"]["osDisk"], "name": f"disk-{name}"}}  # type: ignore[dict-item]
        machine = {"location": "x", "properties": {**MACHINE, **attached, "storageProfile": disk}}
        assert compute.virtual_machines.begin_create_or_update("g", name, machine).result().provisioning_state == "Succeeded"
    assert [each.name for each in compute.virtual_machines.list("g")] == ["a", "b"]
    states = [each.instance_view.statuses[-1].code for each in compute.virtual_machines.list_all(status_only="true")]
    assert states == ["PowerState/running"] * 2

    with pytest.raises(HttpResponseError, match="NicInUse"):
        network.network_interfaces.begin_delete("g", "a").result()
    for name in ("a", "b"):
        compute.virtual_machines.begin_delete("g", name).result()
        network.network_interfaces.begin_delete("g", name).result()
    network.virtual_networks.begin_delete("g", "v").result()
    assert arm.everything == []

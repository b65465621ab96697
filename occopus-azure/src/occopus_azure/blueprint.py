"""What Azure is asked for: the bodies of a node's public IP address, network interface and machine."""

from __future__ import annotations

import base64

from occopus.plugins import CreateRequest, ErrorKind, ResourceError, UserData
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.kinds import part_name

WINDOWS_NAME = 15
"""Characters that the host name of a Windows machine may have."""


def address(request: CreateRequest) -> Json:
    """Azure has no other public addresses any more than these: of the SKU Standard, and static."""
    return {
        "location": request.resource["location"],
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"},
    }


def interface(request: CreateRequest, subnet_id: str, address_id: str | None) -> Json:
    properties: Json = {"subnet": {"id": subnet_id}, "privateIPAllocationMethod": "Dynamic", "primary": True}
    if address_id:
        properties["publicIPAddress"] = {"id": address_id}
    return {
        "location": request.resource["location"],
        "properties": {"ipConfigurations": [{"name": "primary", "properties": properties}]},
    }


def machine(request: CreateRequest, interface_id: str, is_ours: bool) -> Json:
    """`is_ours`: the interface was made for the node and goes with its machine.

    Raises:
        ResourceError: there are two sources of custom data.
    """
    section = request.resource
    disk = {"name": part_name(request.node_id, "disk"), "createOption": "FromImage", "deleteOption": "Delete"}
    attached = {"id": interface_id, "properties": {"primary": True, "deleteOption": "Delete" if is_ours else "Detach"}}
    return {
        "location": section["location"],
        "properties": {
            "hardwareProfile": {"vmSize": section["vm_size"]},
            "storageProfile": {
                "imageReference": {key: section[key] for key in ("publisher", "offer", "sku", "version")},
                "osDisk": disk,
            },
            "osProfile": _system(request),
            "networkProfile": {"networkInterfaces": [attached]},
        },
    }


def _system(request: CreateRequest) -> Json:
    section = request.resource
    profile: Json = {"computerName": _host_name(request), "adminUsername": section["username"]}
    if "password" in section:
        profile["adminPassword"] = section["password"]
    if "ssh_key_data" in section:
        key = {"path": f"/home/{section['username']}/.ssh/authorized_keys", "keyData": section["ssh_key_data"].strip()}
        profile["linuxConfiguration"] = {"disablePasswordAuthentication": "password" not in section, "ssh": {"publicKeys": [key]}}
    data = _custom_data(request)
    if data is not None:
        profile["customData"] = base64.b64encode(data.encode()).decode()
    return profile


def _custom_data(request: CreateRequest) -> str | None:
    given: str | None = request.resource.get("customdata")
    if not isinstance(request.context, UserData):
        return given
    if given is not None:
        message = "the node has a contextualisation and 'customdata': the machine can be given only one of them"
        raise ResourceError(ErrorKind.INVALID, message)
    return request.context.text


def _host_name(request: CreateRequest) -> str:
    if "server_name" in request.resource:
        return str(request.resource["server_name"])
    is_windows = request.resource["publisher"].lower().startswith("microsoftwindows")
    return f"occopus{request.node_id[:8]}"[:WINDOWS_NAME] if is_windows else request.machine_name

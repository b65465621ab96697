"""How objects of Azure depend on each other: what must be there before, what may not go yet, and how they look when they are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from occopus.testing import http
from occopus.testing.http import Reply

if TYPE_CHECKING:
    from fake_arm import FakeArm

Json = dict[str, Any]

NETWORK, ADDRESS, INTERFACE = (
    "microsoft.network/virtualnetworks",
    "microsoft.network/publicipaddresses",
    "microsoft.network/networkinterfaces",
)
SUBNET = f"{NETWORK}/subnets"
MACHINE, DISK = "microsoft.compute/virtualmachines", "microsoft.compute/disks"
CONTAINERS = "microsoft.containerinstance/containergroups"

SHAPES = {
    NETWORK: "network.VirtualNetwork",
    SUBNET: "network.Subnet",
    ADDRESS: "network.PublicIPAddress",
    INTERFACE: "network.NetworkInterface",
    MACHINE: "compute.VirtualMachine",
    CONTAINERS: "containerinstance.ContainerGroup",
}
VERSIONS = {
    NETWORK: "2026-03-01",
    SUBNET: "2026-03-01",
    ADDRESS: "2026-03-01",
    INTERFACE: "2026-03-01",
    MACHINE: "2026-04-01",
    DISK: "2026-03-02",
    CONTAINERS: "2025-09-01",
}
"""The API versions that the shapes are of."""

NAMES = {
    NETWORK: r"[A-Za-z0-9]([\w.-]{0,62}\w)?",
    SUBNET: r"[A-Za-z0-9]([\w.-]{0,78}\w)?",
    ADDRESS: r"[A-Za-z0-9]([\w.-]{0,78}\w)?",
    INTERFACE: r"[A-Za-z0-9]([\w.-]{0,78}\w)?",
    MACHINE: r"[A-Za-z0-9]([\w.-]{0,62}\w)?",
    DISK: r"\w[\w.-]{0,79}",
    CONTAINERS: r"(?!.*--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
}
"""Of "Naming rules and restrictions for Azure resources"."""


class Refusal(http.Refusal):
    """One in the words of the Resource Manager."""

    def __init__(self, status: int, code: str, message: str = "", details: Sequence[Json] = (), retry_after: str | None = None) -> None:
        error: Json = {"code": code, "message": message or code} | ({"details": list(details)} if details else {})
        super().__init__(Reply.of_json(status, {"error": error}, {"Retry-After": retry_after} if retry_after else {}), code)


def before_put(arm: FakeArm, kind: str, id: str, body: Json, old: Json | None) -> None:
    """Raise where the object can't be made now."""
    name = id.rpartition("/")[2]
    if not re.fullmatch(NAMES[kind], name):
        raise Refusal(400, "InvalidResourceName", f"Resource name {name} is invalid.")
    if kind != SUBNET and not body.get("location"):
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    if old and old.get("location", "") != body.get("location", ""):
        raise Refusal(409, "InvalidResourceLocation", f"The resource '{name}' already exists in location '{old['location']}'.")
    if len(body.get("tags", {})) > 15:
        raise Refusal(400, "InvalidTags")
    CHECKS.get(kind, lambda *_: None)(arm, id, body, old)


def _network(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    properties = body["properties"]
    spaces = [ip_network(prefix) for prefix in properties["addressSpace"]["addressPrefixes"]]
    for subnet in properties.get("subnets", ()):
        if not any(ip_network(subnet["properties"]["addressPrefix"]).subnet_of(space) for space in spaces):  # type: ignore[arg-type]
            raise Refusal(400, "NetcfgInvalidSubnet")


def _subnet(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    network = arm.thing(id.rpartition("/subnets/")[0])
    if network is None:
        raise Refusal(404, "ParentResourceNotFound", "Can not perform requested operation on nested resource.")
    wanted = ip_network(body["properties"]["addressPrefix"])
    for other in network["properties"]["subnets"]:
        if other["id"].lower() != id.lower() and wanted.overlaps(ip_network(other["properties"]["addressPrefix"])):
            raise Refusal(400, "NetcfgSubnetRangesOverlap", f"Subnet '{id.rpartition('/')[2]}' is not valid because its IP range overlaps.")
    if not any(wanted.subnet_of(ip_network(space)) for space in network["properties"]["addressSpace"]["addressPrefixes"]):  # type: ignore[arg-type]
        raise Refusal(400, "NetcfgInvalidSubnet")


def subnet_for(arm: FakeArm, id: str, location: str, service: str | None = None) -> Json:
    """A subnet that something can be put into."""
    network, subnet = arm.thing(id.rpartition("/subnets/")[0]), arm.subnet(id)
    if network is None or subnet is None:
        raise Refusal(400, "InvalidResourceReference", f"Resource {id} was not found.")
    if {network["properties"]["provisioningState"], subnet["properties"]["provisioningState"]} != {"Succeeded"}:
        raise Refusal(409, "ReferencedResourceNotProvisioned", f"Resource {id} is not in Succeeded state.")
    if network["location"] != location:
        raise Refusal(400, "InvalidResourceReference", "It is in another location.")
    services = [each["properties"]["serviceName"] for each in subnet["properties"].get("delegations", ())]
    if services != ([service] if service else []):
        raise Refusal(
            400, "SubnetMissingRequiredDelegation" if service else "SubnetDelegated", f"Subnet {id} has the delegations {services}."
        )
    return subnet


def _interface(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    for configuration in body["properties"]["ipConfigurations"]:
        subnet_for(arm, configuration["properties"]["subnet"]["id"], body["location"])
        address = configuration["properties"].get("publicIPAddress")
        if not address:
            continue
        there = arm.thing(address["id"])
        if there is None:
            raise Refusal(400, "InvalidResourceReference", f"Resource {address['id']} was not found.")
        if there["properties"]["provisioningState"] != "Succeeded":
            raise Refusal(409, "ReferencedResourceNotProvisioned", f"Resource {address['id']} is not in Succeeded state.")
        user = user_of_address(arm, address["id"])
        if user and user["id"].lower() != id.lower():
            raise Refusal(400, "PublicIPAddressInUse", f"It is used by {user['id']}.")


def _address(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    sku = body.get("sku", {}).get("name", "Basic")
    if sku == "Basic":
        raise Refusal(400, "IPv4BasicSkuPublicIpCountLimitReached", "Basic public IP addresses are retired.")
    if body["properties"].get("publicIPAllocationMethod") != "Static":
        raise Refusal(400, "StandardSkuPublicIPAddressesMustBeStatic")


def _machine(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    properties = body["properties"]
    profile = properties["osProfile"]
    if not profile.get("adminPassword") and not profile.get("linuxConfiguration", {}).get("ssh", {}).get("publicKeys"):
        raise Refusal(400, "InvalidParameter", "Authentication using either SSH or by user name and password must be enabled.")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?", profile["computerName"]):
        raise Refusal(400, "InvalidParameter", "Linux host name cannot exceed 64 characters or contain such characters.")
    references = properties["networkProfile"]["networkInterfaces"]
    if not references:
        raise Refusal(400, "InvalidParameter", "Virtual machine must have at least one network interface.")
    for reference in references:
        interface = arm.thing(reference["id"])
        if interface is None:
            raise Refusal(404, "NotFound", f"Resource {reference['id']} was not found.")
        owner = interface["properties"].get("virtualMachine", {}).get("id", "")
        if owner and owner.lower() != id.lower():
            raise Refusal(400, "NicInUse", f"Network Interface {reference['id']} is used by existing resource {owner}.")
    if old and old["properties"]["storageProfile"]["imageReference"] != properties["storageProfile"]["imageReference"]:
        raise Refusal(409, "PropertyChangeNotAllowed", "Changing property 'imageReference' is not allowed.")


def _containers(arm: FakeArm, id: str, body: Json, old: Json | None) -> None:
    if old and old["properties"]["provisioningState"] not in ("Succeeded", "Failed"):
        raise Refusal(409, "ContainerGroupTransitioning", "The container group is still transitioning, please retry later.")
    properties = body["properties"]
    for subnet in properties.get("subnetIds", ()):
        subnet_for(arm, subnet["id"], body["location"], "Microsoft.ContainerInstance/containerGroups")
    address = properties.get("ipAddress")
    if address and (address["type"] == "Private") != bool(properties.get("subnetIds")):
        raise Refusal(400, "InvalidIPAddressTypeForNetworkProfile", "A private address needs a subnet, a public one must have none.")
    open_inside = {(p["port"], p.get("protocol", "TCP")) for c in properties["containers"] for p in c["properties"].get("ports", ())}
    if address and not {(p["port"], p.get("protocol", "TCP")) for p in address["ports"]} <= open_inside:
        raise Refusal(400, "MissingIpAddressPorts", "The ports of the group must be ports of a container.")
    label = (address or {}).get("dnsNameLabel")
    for other in arm.of_kind(CONTAINERS):
        if label and other["id"].lower() != id.lower() and other["properties"].get("ipAddress", {}).get("dnsNameLabel") == label:
            raise Refusal(400, "DnsNameLabelNotAvailable", f"The Dns name label '{label}' in container group is not available.")
    for container in properties["containers"]:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", container["name"]):
            raise Refusal(400, "InvalidContainerName")
        if container["properties"]["image"].startswith("no-such"):
            raise Refusal(400, "InaccessibleImage", f"The image '{container['properties']['image']}' is not accessible.")


CHECKS = {SUBNET: _subnet, NETWORK: _network, ADDRESS: _address, INTERFACE: _interface, MACHINE: _machine, CONTAINERS: _containers}


def before_delete(arm: FakeArm, kind: str, id: str) -> None:
    """Raise where something still uses the object."""
    if kind in (NETWORK, SUBNET):
        users = [each for each in arm.subnets_in_use() if each.lower().startswith(id.lower())]
        if users:
            raise Refusal(400, "InUseSubnetCannotBeDeleted", f"Subnet {users[0]} is in use and cannot be deleted.")
    if kind == INTERFACE and arm.thing(id)["properties"].get("virtualMachine"):  # type: ignore[index]
        raise Refusal(400, "NicInUse", f"Network Interface {id} is used by an existing resource.")
    if kind == ADDRESS and user_of_address(arm, id):
        raise Refusal(400, "PublicIPAddressCannotBeDeleted", f"Public IP address {id} can not be deleted since it is still allocated.")
    if kind == DISK and arm.thing(id).get("managedBy"):  # type: ignore[union-attr]
        raise Refusal(409, "OperationNotAllowed", f"Disk {id} is attached to VM.")


def user_of_address(arm: FakeArm, id: str) -> Json | None:
    for interface in arm.of_kind(INTERFACE):
        for configuration in interface["properties"]["ipConfigurations"]:
            if configuration["properties"].get("publicIPAddress", {}).get("id", "").lower() == id.lower():
                return interface
    return None

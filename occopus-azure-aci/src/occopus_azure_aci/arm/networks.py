"""The subnet of a node: one that the user has, or one that is made for the node, in a network of its own or in the user's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from occopus.model.instance import NodeId
from occopus.plugins import CreateRequest, ErrorKind, ResourceError
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import BROKEN, Group, node_of, state_of
from occopus_azure_aci.arm.kinds import NETWORK, SUBNET, Kind, node_of_name, part_name, same_id

NETWORK_PREFIX, SUBNET_PREFIX = "10.0.0.0/16", "10.0.0.0/24"
SUBNET_BITS = 24

Record = Callable[..., None]
"""Stores ids of what was made, by key."""


@dataclass(frozen=True)
class Subnet:
    """`is_ready` means that something can be put into it."""

    id: str
    is_ready: bool = True


@dataclass(frozen=True)
class Left:
    """A network or a subnet that was made for a node."""

    node_id: NodeId
    kind: Kind
    state: str
    thing: Json


class Networks:
    """`delegated_to` names the service that owns the subnets, where it must."""

    def __init__(self, group: Group, delegated_to: str | None = None) -> None:
        self._group = group
        self._delegated_to = delegated_to
        self._choosing = threading.Lock()

    def ensure(self, request: CreateRequest, record: Record) -> Subnet:
        """The node's subnet, made unless it is there. `record` is told the id of what was made."""
        section = request.resource
        vnet, subnet = section.get("vnet_name"), section.get("subnet_name")
        if vnet and subnet:
            return Subnet(self._group.id(NETWORK, vnet, f"subnets/{subnet}"))
        if vnet:
            return self._subnet_in(vnet, request, record)
        return self._own(request, subnet or "default", record)

    def made(self) -> Iterable[Left]:
        """All networks and subnets in the group that were made for nodes."""
        for network in self._group.each(NETWORK):
            node_id = node_of(network)
            if node_id:
                yield Left(node_id, NETWORK, state_of(network), network)
                continue
            for subnet in network["properties"].get("subnets") or ():
                owner = node_of_name(subnet["name"])
                if owner:
                    yield Left(owner, SUBNET, state_of(subnet), subnet)

    def delete(self, left: Left) -> None:
        self._group.delete(left.kind, left.thing["id"])

    def _own(self, request: CreateRequest, subnet: str, record: Record) -> Subnet:
        """A network of the node's own, which is made and deleted together with its subnet."""
        id = self._group.id(NETWORK, part_name(request.node_id))
        body = {
            "location": request.resource["location"],
            "properties": {
                "addressSpace": {"addressPrefixes": [NETWORK_PREFIX]},
                "subnets": [{"name": subnet, "properties": self._properties(SUBNET_PREFIX)}],
            },
        }
        made = self._group.ensure_object(NETWORK, id, body, request)
        record(network=id)
        return Subnet(f"{id}/subnets/{subnet}", state_of(made) == "Succeeded")

    def _subnet_in(self, vnet: str, request: CreateRequest, record: Record) -> Subnet:
        """A subnet of the node's own in a network of the user's. Subnets have no tags: its name says whose it is."""
        id = self._group.id(NETWORK, vnet, f"subnets/{part_name(request.node_id)}")
        with self._choosing:  # two at once would choose the same addresses
            found = self._found_or_made(vnet, id)
        record(subnet=id)
        return Subnet(id, state_of(found) == "Succeeded")

    def _found_or_made(self, vnet: str, id: str) -> Json:
        network = self._group.get(NETWORK, self._group.id(NETWORK, vnet))
        if network is None:
            raise ResourceError(ErrorKind.INVALID, f"there is no virtual network '{vnet}' in the resource group '{self._group.name}'")
        subnets = network["properties"].get("subnets") or []
        found = next((subnet for subnet in subnets if same_id(subnet["id"], id)), None)
        if found is None or state_of(found) in BROKEN:
            prefix = free_prefix(network["properties"]["addressSpace"]["addressPrefixes"], subnets, vnet)
            found = self._group.put(SUBNET, id, {"properties": self._properties(prefix)})
        return found

    def _properties(self, prefix: str) -> Json:
        # Newer networks let nothing out to the Internet unless that is said; a node's packages come from there.
        properties: Json = {"addressPrefix": prefix, "defaultOutboundAccess": True}
        if self._delegated_to:
            properties["delegations"] = [{"name": "occopus", "properties": {"serviceName": self._delegated_to}}]
        return properties


def free_prefix(spaces: Iterable[str], subnets: Iterable[Json], vnet: str) -> str:
    """The first part of a network with 256 addresses that no subnet has."""
    written = [p for s in subnets for p in (s["properties"].get("addressPrefixes") or [s["properties"].get("addressPrefix")]) if p]
    taken = [network for network in map(ip_network, written) if isinstance(network, IPv4Network)]
    for space in map(ip_network, spaces):
        if isinstance(space, IPv4Network) and space.prefixlen <= SUBNET_BITS:
            for candidate in space.subnets(new_prefix=SUBNET_BITS):
                if not any(candidate.overlaps(other) for other in taken):
                    return str(candidate)
    raise ResourceError(ErrorKind.NO_CAPACITY, f"the virtual network '{vnet}' has no room for another subnet of 256 addresses")

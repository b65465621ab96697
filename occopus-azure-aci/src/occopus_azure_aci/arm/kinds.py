"""The kinds of objects that are made, and the names of those that are made for a node."""

from __future__ import annotations

import re
from dataclasses import dataclass

from occopus.model.instance import NodeId


@dataclass(frozen=True)
class Kind:
    """A type of the Resource Manager, with the API version that it is asked for by, and how messages call it."""

    type: str
    version: str
    noun: str


GROUP_VERSION = "2024-11-01"
"""Of the Resource Manager itself, for resource groups."""

NETWORK = Kind("Microsoft.Network/virtualNetworks", "2026-03-01", "virtual network")
SUBNET = Kind("Microsoft.Network/virtualNetworks/subnets", NETWORK.version, "subnet")
ADDRESS = Kind("Microsoft.Network/publicIPAddresses", NETWORK.version, "public IP address")
INTERFACE = Kind("Microsoft.Network/networkInterfaces", NETWORK.version, "network interface")
MACHINE = Kind("Microsoft.Compute/virtualMachines", "2026-04-01", "virtual machine")
DISK = Kind("Microsoft.Compute/disks", "2026-03-02", "disk")
CONTAINERS = Kind("Microsoft.ContainerInstance/containerGroups", "2025-09-01", "container group")

PREFIX = "occopus-"


def part_name(node_id: NodeId, suffix: str = "") -> str:
    """The name of an object that is made for a node: the same whenever it is made, and told from the node id alone."""
    return f"{PREFIX}{node_id}{suffix and '-'}{suffix}"


def node_of_name(name: str) -> NodeId | None:
    """The node that an object without tags was made for."""
    found = re.match(rf"{PREFIX}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?:-|$)", name)
    return NodeId(found[1]) if found else None


def same_id(one: str, other: str) -> bool:
    """Azure keeps no case in ids."""
    return one.lower() == other.lower()

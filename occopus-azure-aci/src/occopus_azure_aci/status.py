"""How a node does, from what Azure says of its container group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from occopus.model.instance import Address, AddressKind, Handle, NodeState
from occopus.plugins import ResourceStatus
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import SETTLED, state_of
from occopus_azure_aci.arm.networks import Left

PROVISIONING = {
    "Pending": NodeState.PENDING,
    "Accepted": NodeState.PENDING,
    "PreProvisioned": NodeState.PENDING,
    "Creating": NodeState.PENDING,
    "Repairing": NodeState.PENDING,
    "Updating": NodeState.PENDING,
    "Unhealthy": NodeState.TEMP_FAILED,
    "Failed": NodeState.FAILED,
    "Canceled": NodeState.FAILED,
    "NotAccessible": NodeState.UNKNOWN,
    "NotSpecified": NodeState.UNKNOWN,
    "Deleting": NodeState.SHUTDOWN,
}
"""Of a group that is not `Succeeded`; of one that is, its containers' state counts."""

RUNNING = {
    "Pending": NodeState.PENDING,
    "Waiting": NodeState.PENDING,
    "Running": NodeState.READY,
    "Succeeded": NodeState.READY,
    "Failed": NodeState.FAILED,
    "Stopped": NodeState.SHUTDOWN,
    "Terminated": NodeState.SHUTDOWN,
}


def status_of(group: Json) -> ResourceStatus:
    """Of a node with this group, looked at by itself if it is `Succeeded`."""
    provisioning, running = state_of(group), _running(group)
    if provisioning == "Succeeded":
        state = RUNNING.get(running, NodeState.UNKNOWN) if running else NodeState.READY
    else:
        state = PROVISIONING.get(provisioning, NodeState.UNKNOWN)
    found = tuple(_addresses(group))
    if state is NodeState.READY and not found:
        return ResourceStatus(NodeState.PENDING, detail=f"{provisioning}, without an address")
    detail = "" if state is NodeState.READY else _detail(group, provisioning, running)
    return ResourceStatus(state, found, detail, unfinished=state is NodeState.SHUTDOWN)  # what is stopped is not gone


def without_group(handle: Handle, left: Sequence[Left]) -> ResourceStatus:
    """Of a node that has only its network: it is on the way in, or out."""
    settled = all(each.state in SETTLED for each in left)
    had_group = "container_group" in handle.ids
    state = NodeState.SHUTDOWN if had_group else NodeState.PENDING
    return ResourceStatus(state, detail=f"it has only its network ({left[0].state})", unfinished=settled or had_group)


def _running(group: Json) -> str:
    return str((group["properties"].get("instanceView") or {}).get("state") or "")


def _addresses(group: Json) -> Iterator[Address]:
    """The name first, then the IP address."""
    address = group["properties"].get("ipAddress") or {}
    kind = AddressKind.PUBLIC if address.get("type") == "Public" else AddressKind.PRIVATE
    if address.get("fqdn"):
        yield Address(address["fqdn"], AddressKind.DNS)
    if address.get("ip"):
        yield Address(address["ip"], kind)


def _detail(group: Json, provisioning: str, running: str) -> str:
    """With the last thing that went wrong, as far as Azure says."""
    views = [group["properties"].get("instanceView") or {}]
    views += [container["properties"].get("instanceView") or {} for container in group["properties"].get("containers", ())]
    warnings = [event for view in views for event in view.get("events") or () if event.get("type") == "Warning"]
    words = running if provisioning == "Succeeded" and running else provisioning
    return f"{words} ({' '.join(warnings[-1]['message'].split())})" if warnings else words

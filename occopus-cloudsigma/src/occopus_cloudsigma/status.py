"""How a node does, from what CloudSigma says of its parts."""

from __future__ import annotations

from datetime import datetime, timedelta

from occopus.model.instance import Address, AddressKind, Handle, NodeState
from occopus.plugins import ResourceStatus
from occopus_cloudsigma.api import Json
from occopus_cloudsigma.parts import SERVER, Parts

STARTED, STARTED_AT = "started", "started_at"
"""The keys of a handle's ids that say that its server was started, and when that was by CloudSigma's clock (ISO 8601), if it is known."""

STATES = {
    "starting": NodeState.PENDING,
    "paused": NodeState.PENDING,
    "running": NodeState.READY,
    "stopping": NodeState.SHUTDOWN,
    "stopped": NodeState.SHUTDOWN,
    "unavailable": NodeState.TEMP_FAILED,
    "unknown": NodeState.TEMP_FAILED,
}

BUSY = frozenset({"cloning_dst", "cloning_src", "creating", "copying", "resizing", "uploading", "deleting"})
"""Statuses of drives with which nothing can be done now."""

START_SHOWS_WITHIN = timedelta(seconds=60)
"""For how long a server may look stopped although its start was accepted."""


def status_of(handle: Handle, parts: Parts) -> ResourceStatus | None:
    """None where nothing is left of the node."""
    if parts.servers:
        return _with_twins(_of_server(handle, parts), parts)
    if parts.drives:
        return _of_drive(handle, parts.drives[0])
    return None


def can_be_removed_further(parts: Parts) -> bool:
    """Whether there is something to do for its removal, other than to wait."""
    return any(server["status"] not in ("starting", "stopping") for server in parts.servers) or any(
        drive["status"] not in BUSY for drive in parts.loose
    )


def _of_server(handle: Handle, parts: Parts) -> ResourceStatus:
    server = parts.servers[0]
    status = server["status"]
    if status == "stopped" and STARTED not in handle.ids:
        return ResourceStatus(NodeState.PENDING, detail="made, and not started yet", unfinished=True)
    if status == "stopped" and _may_yet_start(handle, parts.at):
        return ResourceStatus(NodeState.PENDING, detail="its start is accepted and does not show yet")
    state = STATES.get(status, NodeState.UNKNOWN)
    if state is NodeState.READY and _waits_for_an_address(server):
        return ResourceStatus(NodeState.PENDING, addresses_of(server), "running, without an address from DHCP yet")
    # While the server is there it has not gone, so the removal of one that is shutting down is never finished.
    return ResourceStatus(state, addresses_of(server), "" if state is NodeState.READY else status, unfinished=state is NodeState.SHUTDOWN)


def _with_twins(status: ResourceStatus, parts: Parts) -> ResourceStatus:
    if not parts.twins and not parts.loose:
        return status
    twins = ", ".join(part["uuid"] for part in (*parts.twins, *parts.loose))
    detail = f"{status.detail or status.state}; these bear its mark as well: {twins}"
    return ResourceStatus(status.state, status.addresses, detail, status.unfinished or status.state is NodeState.PENDING)


def _of_drive(handle: Handle, drive: Json) -> ResourceStatus:
    status = drive["status"]
    if SERVER in handle.ids:
        return ResourceStatus(NodeState.SHUTDOWN, detail=f"its server is gone, its drive is {status}", unfinished=True)
    if status in BUSY:
        return ResourceStatus(NodeState.PENDING, detail=f"its drive is {status}")
    if status == "unavailable":
        return ResourceStatus(NodeState.TEMP_FAILED, detail="its drive is unavailable")
    return ResourceStatus(NodeState.PENDING, detail=f"its drive is {status}, its server is not made yet", unfinished=True)


def addresses_of(server: Json) -> tuple[Address, ...]:
    """In the order of its network interfaces."""
    nics = (server.get("runtime") or {}).get("nics") or ()
    return tuple(Address(nic["ip_v4"]["uuid"], _kind(nic)) for nic in nics if nic.get("ip_v4"))


def _kind(nic: Json) -> AddressKind:
    return AddressKind.PRIVATE if nic.get("interface_type") == "private" else AddressKind.PUBLIC


def _waits_for_an_address(server: Json) -> bool:
    """Without any, although one is to come by DHCP."""
    asked = any((nic.get("ip_v4_conf") or {}).get("conf") == "dhcp" for nic in server.get("nics") or ())
    return asked and not addresses_of(server)


def _may_yet_start(handle: Handle, now: datetime) -> bool:
    started = handle.ids.get(STARTED_AT)
    return started is not None and now - datetime.fromisoformat(started) < START_SHOWS_WITHIN

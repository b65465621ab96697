"""How a node does, from what Azure says of its machine.

The states are those of https://learn.microsoft.com/azure/virtual-machines/states-billing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from occopus.model.instance import Address, Handle, NodeState
from occopus.plugins import ErrorKind, ResourceError, ResourceStatus
from occopus_azure.parts import Part
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.failures import kind_of_code
from occopus_azure_aci.arm.group import SETTLED, state_of

PROVISIONING = {
    "Creating": NodeState.PENDING,
    "Migrating": NodeState.PENDING,
    "Failed": NodeState.TEMP_FAILED,
    "Canceled": NodeState.TEMP_FAILED,
    "Deleting": NodeState.SHUTDOWN,
}
"""Of a machine that is neither `Succeeded` nor `Updating`; of one that is, the power state counts."""

POWER = {
    "starting": NodeState.PENDING,
    "running": NodeState.READY,
    "stopping": NodeState.SHUTDOWN,
    "stopped": NodeState.SHUTDOWN,
    "deallocating": NodeState.SHUTDOWN,
    "deallocated": NodeState.SHUTDOWN,
    "": NodeState.PENDING,
}
"""A machine that has no power state yet is about to get one."""

REFUSALS = (ErrorKind.NO_CAPACITY, ErrorKind.QUOTA)

FAILED = "provisioningstate/failed/"


def status_of(machine: Json, addresses: Sequence[Address]) -> ResourceStatus:
    """`machine` with its instance view."""
    provisioning, power = state_of(machine), power_of(machine)
    if refusal(machine):
        return ResourceStatus(NodeState.PENDING, detail=_detail(machine), unfinished=True)  # create, called again, says why
    state = PROVISIONING.get(provisioning) or POWER.get(power, NodeState.UNKNOWN)
    found = tuple(addresses)
    if state is NodeState.READY and not found:
        return ResourceStatus(NodeState.PENDING, detail="running, without an address")
    detail = "" if state is NodeState.READY else _detail(machine)
    return ResourceStatus(state, found, detail, unfinished=state is NodeState.SHUTDOWN)  # what is stopped is not gone


def without_machine(handle: Handle, parts: Sequence[Part]) -> ResourceStatus:
    """Of a node whose machine is not made yet, or gone already."""
    is_leaving = "machine" in handle.ids
    settled = all(part.state in SETTLED for part in parts)
    detail = f"it has no machine, but: {', '.join(f'{part.noun} ({part.state})' for part in parts)}"
    return ResourceStatus(NodeState.SHUTDOWN if is_leaving else NodeState.PENDING, detail=detail, unfinished=settled or is_leaving)


def refusal(machine: Json) -> ResourceError | None:
    """Why a machine never ran, where that means that Azure had no room for it or the subscription no quota."""
    if state_of(machine) != "Failed" or power_of(machine) == "running":
        return None
    for code, message in _failures(machine):
        kind = kind_of_code(code, message)
        if kind in REFUSALS:
            return ResourceError(kind, f"the machine '{machine['name']}' could not be made: {code}: {' '.join(message.split())}")
    return None


def power_of(machine: Json) -> str:
    codes = [str(status.get("code", "")) for status in _statuses(machine)]
    return next((code.partition("/")[2].lower() for code in codes if code.lower().startswith("powerstate/")), "")


def _statuses(machine: Json) -> list[Json]:
    return (machine["properties"].get("instanceView") or {}).get("statuses") or []


def _failures(machine: Json) -> Iterator[tuple[str, str]]:
    for status in _statuses(machine):
        if str(status.get("code", "")).lower().startswith(FAILED):
            yield str(status["code"])[len(FAILED) :], str(status.get("message") or "")


def _detail(machine: Json) -> str:
    provisioning, power = state_of(machine), power_of(machine)
    words = power if power and provisioning in ("Succeeded", "Updating") else provisioning
    failures = [f"{code}: {' '.join(message.split())}" for code, message in _failures(machine)]
    return f"{words} ({failures[0]})" if failures else words

"""How a server does, in the six states.

The statuses are those of https://docs.openstack.org/api-guide/compute/server_concepts.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from occopus.model.instance import Address, AddressKind, NodeState
from occopus.plugins import ErrorKind, ResourceError, ResourceStatus
from occopus_nova.api import Json
from occopus_nova.failures import kind_by_words
from occopus_nova.servers import is_leaving
from occopus_nova.wishes import next_step

STATES = {
    "ACTIVE": NodeState.READY,
    "PASSWORD": NodeState.READY,  # it runs, its password is being reset
    "BUILD": NodeState.PENDING,
    "REBUILD": NodeState.PENDING,
    "RESIZE": NodeState.PENDING,
    "VERIFY_RESIZE": NodeState.PENDING,
    "REVERT_RESIZE": NodeState.PENDING,
    "MIGRATING": NodeState.PENDING,
    "REBOOT": NodeState.PENDING,
    "HARD_REBOOT": NodeState.PENDING,
    "PAUSED": NodeState.TEMP_FAILED,
    "SUSPENDED": NodeState.TEMP_FAILED,
    "SHUTOFF": NodeState.TEMP_FAILED,
    "RESCUE": NodeState.TEMP_FAILED,
    "SHELVED": NodeState.TEMP_FAILED,
    "SHELVED_OFFLOADED": NodeState.TEMP_FAILED,
    "ERROR": NodeState.FAILED,
    "DELETED": NodeState.SHUTDOWN,
    "SOFT_DELETED": NodeState.SHUTDOWN,
    "UNKNOWN": NodeState.UNKNOWN,
}

LAUNCHED = "OS-SRV-USG:launched_at"


def status_of(server: Json, floating: Sequence[str] = (), twins: Sequence[Json] = ()) -> ResourceStatus:
    """`floating` has the floating addresses that Neutron knows for it: Nova hears of them later. `twins` are other servers of its node:
    making the node is not finished while they are there.
    """
    status = server["status"]
    state = STATES.get(status, NodeState.UNKNOWN)
    found = tuple(addresses(server, floating))
    if is_leaving(server):
        return ResourceStatus(NodeState.PENDING, found, "being deleted")
    if refusal(server):
        return ResourceStatus(NodeState.PENDING, found, _detail(server), unfinished=True)  # create, called again, says why
    if _has_no_reason_yet(server):
        return ResourceStatus(NodeState.PENDING, found, _detail(server))
    if state not in (NodeState.READY, NodeState.PENDING):
        return ResourceStatus(state, found, _detail(server))
    missing, possible = next_step(server, any(address.kind is AddressKind.PUBLIC for address in found))
    doubled = any(_was_there_before(server, twin) for twin in twins)
    if missing or doubled:
        detail = f"{status}, without {missing}" if missing else f"{status}, beside another one"
        return ResourceStatus(NodeState.PENDING, found, detail, unfinished=possible or doubled)
    return ResourceStatus(state, found, "" if state is NodeState.READY else _detail(server))


def refusal(server: Json) -> ResourceError | None:
    """Why a server never ran, where that means that Nova had no room for it or the project no quota."""
    if server["status"] != "ERROR" or server.get(LAUNCHED):
        return None
    kind = kind_by_words(_detail(server))
    return ResourceError(kind, f"the server {server['id']} could not be made: {_detail(server)}") if kind in REFUSALS else None


REFUSALS = (ErrorKind.NO_CAPACITY, ErrorKind.QUOTA)

REASON_WITHIN = timedelta(seconds=30)
"""Nova writes first that a server has failed, and then why."""


def _has_no_reason_yet(server: Json) -> bool:
    if server["status"] != "ERROR" or server.get(LAUNCHED) or server.get("fault"):
        return False
    return datetime.now(UTC) - datetime.fromisoformat(server["updated"]) < REASON_WITHIN


def _was_there_before(server: Json, twin: Json) -> bool:
    """Whether a twin was there before the server ran. One that comes later is left until the node is dropped: the node may have been ready
    by then, and what is ready is never unfinished again.
    """
    launched = server.get(LAUNCHED)
    return not launched or twin.get("created", "")[:19] < launched[:19]


def addresses(server: Json, floating: Sequence[str]) -> Iterator[Address]:
    """The floating ones first, then the fixed ones, each once, in the order of the cloud."""
    listed = [entry for network in server.get("addresses", {}).values() for entry in network]
    seen = [entry["addr"] for entry in listed if entry.get("OS-EXT-IPS:type") == "floating"]
    for value in dict.fromkeys([*floating, *seen]):
        yield Address(value, AddressKind.PUBLIC)
    for entry in listed:
        if entry.get("OS-EXT-IPS:type") != "floating":
            yield Address(entry["addr"], AddressKind.PRIVATE)


def _detail(server: Json) -> str:
    message = " ".join(server.get("fault", {}).get("message", "").split())
    return f"{server['status']}: {message}" if message else str(server["status"])

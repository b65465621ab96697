"""What a server still gets after it was made. That stands in its metadata, so that whoever looks at it knows what is missing."""

from __future__ import annotations

from occopus.model.node import Section
from occopus_nova.api import Json

FLOATING_IP, VOLUME = "occopus:floating_ip", "occopus:volume"


def wishes(section: Section) -> dict[str, str]:
    """As metadata of the server."""
    found = {}
    if "floating_ip" in section or "floating_ip_pool" in section:
        found[FLOATING_IP] = "wanted"
    if "volume_size" in section and section.get("volume_persist"):
        found[VOLUME] = "persists"
    return found


def wants_floating_ip(server: Json) -> bool:
    return FLOATING_IP in server.get("metadata", {})


def can_have_floating_ip(server: Json) -> bool:
    """Whether it wants one and has an address that a floating one could stand for: those are IPv4 only."""
    return wants_floating_ip(server) and any("." in entry["addr"] for network in server["addresses"].values() for entry in network)


def volumes_to_keep(server: Json) -> list[str]:
    """The volumes that would still go with a server though its own is to stay.

    Once one was made to stay none counts any more: what users attach later is theirs to decide.
    """
    attached = server.get("os-extended-volumes:volumes_attached", [])
    if VOLUME not in server.get("metadata", {}) or not all(volume["delete_on_termination"] for volume in attached):
        return []
    return [volume["id"] for volume in attached]


def next_step(server: Json, has_floating_ip: bool) -> tuple[str, bool]:
    """What is missing, and whether it can be done now; empty where nothing is."""
    if wants_floating_ip(server) and not has_floating_ip:
        return "a floating IP", can_have_floating_ip(server)
    if volumes_to_keep(server):
        return "a volume that stays", server["status"] == "ACTIVE"
    return "", False

"""An instance as CloudBroker describes it, as far as it matters here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from xml.etree.ElementTree import Element

from occopus.model.instance import Address, AddressKind, Handle, NodeState
from occopus.plugins import ResourceStatus
from occopus_cloudbroker.marks import of_name
from occopus_cloudbroker.xml import text_of

ADDRESSES = (
    ("external-hostname", AddressKind.DNS),
    ("external-ip-address", AddressKind.PUBLIC),
    ("internal-hostname", AddressKind.DNS),
    ("internal-ip-address", AddressKind.PRIVATE),
)
"""In the order in which they are given."""

STATES = {
    "starting": NodeState.PENDING,
    "initializing": NodeState.PENDING,
    "preparing": NodeState.PENDING,
    "running": NodeState.READY,
    "stopping": NodeState.SHUTDOWN,
    "halted": NodeState.SHUTDOWN,
}


@dataclass(frozen=True)
class Instance:
    id: str
    status: str
    node: Handle | None
    addresses: tuple[Address, ...] = ()

    @classmethod
    def of(cls, described: Element) -> Self:
        values = {text_of(described, name): kind for name, kind in reversed(ADDRESSES)}  # of equal ones the first counts
        ordered = dict.fromkeys(text_of(described, name) for name, _ in ADDRESSES)
        addresses = tuple(Address(value, values[value]) for value in ordered if value)
        return cls(text_of(described, "id"), text_of(described, "status"), of_name(text_of(described, "name")), addresses)

    @property
    def has_ended(self) -> bool:
        return self.status == "halted"

    @property
    def is_ending(self) -> bool:
        return self.status in ("stopping", "halted")

    @property
    def resource_status(self) -> ResourceStatus:
        """One that is stopping is not gone yet."""
        state = STATES.get(self.status, NodeState.UNKNOWN)
        detail = "" if state is NodeState.READY else self.status or "the platform tells no status"
        return ResourceStatus(state, self.addresses, detail, unfinished=self.status == "stopping")

"""An instance as EC2 describes it, as far as it matters here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Self

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId

INSTANCE = "instance_id"
LAUNCHED = "launch_time"
"""What is kept of an instance in its handle: its id, and when it was made by EC2's clock (ISO 8601)."""

ADDRESSES = (
    ("PublicDnsName", AddressKind.DNS),
    ("PublicIpAddress", AddressKind.PUBLIC),
    ("PrivateIpAddress", AddressKind.PRIVATE),
)
"""In the order in which they are given."""


@dataclass(frozen=True)
class Machine:
    id: str
    state: str
    launched: str
    addresses: tuple[Address, ...]
    tags: Mapping[str, str]
    reason: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """From an item of a reply."""
        launched = described.get("LaunchTime")
        return cls(
            id=described["InstanceId"],
            state=described["State"]["Name"],
            launched=launched.astimezone(UTC).isoformat() if launched else "",
            addresses=tuple(Address(described[key], kind) for key, kind in ADDRESSES if described.get(key)),
            tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", ())},
            reason=described.get("StateReason", {}).get("Message") or described.get("StateTransitionReason", ""),
        )

    @property
    def node_id(self) -> NodeId:
        return NodeId(self.tags.get("occopus:node_id", ""))

    @property
    def is_ending(self) -> bool:
        return self.state in ("shutting-down", "terminated")

    @property
    def handle(self) -> Handle:
        """As its marks say."""
        infra_id, name = InfraId(self.tags.get("occopus:infra_id", "")), self.tags.get("occopus:node_name", "")
        return Handle(infra_id, self.node_id, name, self.ids)

    @property
    def ids(self) -> dict[str, str]:
        return {INSTANCE: self.id, LAUNCHED: self.launched} if self.launched else {INSTANCE: self.id}

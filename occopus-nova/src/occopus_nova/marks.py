"""How what is made carries the marks: metadata on servers and volumes, tags on servers to find them by, the description of a floating IP.

Nova lets its users filter by tags and not by metadata; Neutron takes the description, and no tags, in the call that makes a floating IP.
"""

from __future__ import annotations

from collections.abc import Mapping

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus_nova.api import Json

INFRA_ID, NODE_ID, NODE_NAME = "occopus:infra_id", "occopus:node_id", "occopus:node_name"


def infra_tag(infra_id: InfraId) -> str:
    return f"{INFRA_ID}={infra_id}"


def node_tag(node_id: NodeId) -> str:
    return f"{NODE_ID}={node_id}"


def node_of(server: Json) -> NodeId | None:
    """By the tag that it is found by: users may change its metadata. A cell of Nova that is down shows neither."""
    start = f"{NODE_ID}="
    return next((NodeId(tag.removeprefix(start)) for tag in server.get("tags", ()) if tag.startswith(start)), None)


def as_description(marks: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in marks.items())


def from_description(ip: Json) -> Mapping[str, str]:
    """The marks of a floating IP; none where it was not allocated by Occopus."""
    description = ip.get("description") or ""
    marks = dict(part.split("=", 1) for part in description.split(" ") if "=" in part)
    return marks if marks.keys() >= {INFRA_ID, NODE_ID} else {}

"""How what is made carries the marks: a server in its meta, a drive in its name, since the call that clones a drive takes no meta."""

from __future__ import annotations

from collections.abc import Mapping

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus_cloudsigma.api import Json

INFRA_ID, NODE_ID, NODE_NAME = "occopus:infra_id", "occopus:node_id", "occopus:node_name"

OURS = "occopus"
"""The first word of a drive's name. The others are the node's name (which has no blanks), the infrastructure's id and the node's."""


def drive_name(node: Handle) -> str:
    return f"{OURS} {node.node_name} {node.infra_id} {node.node_id}"


def of_server(server: Json) -> Handle | None:
    """The node that a server was made for."""
    meta: Mapping[str, str] = server.get("meta") or {}
    if not meta.keys() >= {INFRA_ID, NODE_ID}:
        return None
    return Handle(InfraId(meta[INFRA_ID]), NodeId(meta[NODE_ID]), meta.get(NODE_NAME, ""))


def of_drive(drive: Json) -> Handle | None:
    """The node that a drive was cloned for."""
    match str(drive.get("name", "")).split(" "):
        case ["occopus", node_name, infra_id, node_id]:
            return Handle(InfraId(infra_id), NodeId(node_id), node_name)
        case _:
            return None


def node_of(item: Json) -> NodeId | None:
    """The node of a server or drive."""
    node = of_server(item) or of_drive(item)
    return node.node_id if node else None

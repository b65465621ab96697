"""How an instance carries the marks: in its name, the only text of an instance that is ours to choose."""

from __future__ import annotations

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId

OURS = "occopus"


def instance_name(node: Handle, wanted: str) -> str:
    """What it is to be called, then this word, the node's name (which has no blanks), the infrastructure's id and the node's."""
    return f"{wanted} {OURS} {node.node_name} {node.infra_id} {node.node_id}"


def of_name(name: str) -> Handle | None:
    """The node that an instance of this name was made for."""
    match name.split(" "):
        case [*_, "occopus", node_name, infra_id, node_id]:
            return Handle(InfraId(infra_id), NodeId(node_id), node_name)
        case _:
            return None

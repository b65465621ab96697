"""What the handler notes down about a node, in `node.json` of the node's directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from occopus.builtin.local.processes import Identity
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId

MARKS = ("infra_id", "node_id", "node_name")


@dataclass(frozen=True)
class Record:
    """The marks and what is known so far. `boot` is the machine's run in which the node was made; `dropping`: its end was asked for."""

    infra_id: str
    node_id: str
    node_name: str
    boot: str
    address: str = ""
    supervisor: Identity | None = None
    dropping: bool = False

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Raises ValueError, KeyError or TypeError on what `to_json` did not write."""
        data = json.loads(text)
        marks = {name: data["marks"][f"occopus:{name}"] for name in MARKS}
        supervisor = Identity(**data["supervisor"]) if data["supervisor"] else None
        return cls(**marks, boot=data["boot"], address=data["address"], supervisor=supervisor, dropping=data["dropping"])

    def to_json(self) -> str:
        data = asdict(self)
        marks = {f"occopus:{name}": data.pop(name) for name in MARKS}
        return json.dumps({"marks": marks, **data}, indent=1)

    def handle(self, directory: Path) -> Handle:
        """With every id that is known by now."""
        ids = {"directory": str(directory)}
        if self.address:
            ids["address"] = self.address
        if self.supervisor:
            ids["supervisor"] = str(self.supervisor.pid)
        return Handle(InfraId(self.infra_id), NodeId(self.node_id), self.node_name, ids)

    def with_address(self, address: str) -> Record:
        return replace(self, address=address)

    def with_supervisor(self, supervisor: Identity) -> Record:
        return replace(self, supervisor=supervisor)

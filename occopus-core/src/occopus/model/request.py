"""Requests of users that wait in the store for the next pass."""

from __future__ import annotations

from dataclasses import dataclass

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId


@dataclass(frozen=True)
class ScaleRequest:
    """Asks for another number of instances of a node: so many more or fewer (`change`), exactly so many (`target`), or without the one
    that `node_id` names. Just one of the three is given.

    `name` is what the store calls it; requests are carried out in the order of their names. `made_at` is seconds since the epoch.
    """

    infra_id: InfraId
    node_name: str
    made_at: float
    change: int | None = None
    target: int | None = None
    node_id: NodeId | None = None
    name: str = ""

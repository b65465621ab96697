"""Events: what happened to an infrastructure, for people and for notifiers."""

from __future__ import annotations

from dataclasses import dataclass

from occopus.model.infrastructure import InfraId


@dataclass(frozen=True)
class Event:
    """Something that happened. `time` is seconds since the epoch; `kind` is a short word such as `ready` or `create-failed`."""

    infra_id: InfraId
    time: float
    kind: str
    node_name: str = ""
    node_id: str = ""
    message: str = ""

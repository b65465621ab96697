"""What becomes of users' requests for more or fewer instances. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from occopus.model.infrastructure import InfraRecord
from occopus.model.instance import Instance, NodeId, Phase
from occopus.model.node import Scaling
from occopus.model.request import ScaleRequest


@dataclass
class Scaled:
    """The numbers of instances wanted, the instances that go, and for each request in its order what became of it."""

    targets: dict[str, int]
    leaving: list[Instance] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def carry_out(requests: Iterable[ScaleRequest], record: InfraRecord, instances: Iterable[Instance]) -> Scaled:
    """Add the requests up in their order, each within the limits of its node."""
    there = {instance.node_id: instance for instance in instances if instance.phase is not Phase.DROPPING}
    scaled = Scaled(dict(record.targets))
    for request in requests:
        limits = record.limits.get(request.node_name)
        scaled.told.append(_carry_out(request, limits, there, scaled) if limits else f"'{request.node_name}' is no longer described")
    return scaled


def _carry_out(request: ScaleRequest, limits: Scaling, there: Mapping[NodeId, Instance], scaled: Scaled) -> str:
    node, named = request.node_name, request.node_id
    before = limits.clamped(scaled.targets.get(node, limits.min))
    if named and (named not in there or any(named == i.node_id for i in scaled.leaving)):
        return f"{node} {named} is gone already"
    asked = request.target if request.target is not None else before + (request.change or 0) - (1 if named else 0)
    wanted = limits.clamped(asked)
    cut = f", not {asked}: its limits are {limits.min} to {limits.max}" if wanted != asked else ""
    if named and cut:
        return f"{node} {named} stays, since {node} has to have at least {limits.min}"
    scaled.targets[node] = wanted
    if named:
        scaled.leaving.append(replace(there[named], phase=Phase.DROPPING, reason="its user asked for its removal"))
    return f"{node}: {before} -> {wanted} wanted{cut}"

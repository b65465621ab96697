"""How values look to programs: what `--json` prints and the service answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from occopus.engine.costs import Costs
    from occopus.model.event import Event
    from occopus.model.infrastructure import InfraRecord
    from occopus.model.instance import Instance
    from occopus.model.plan import Plan, Step


def plan_as_json(plan: Plan) -> dict[str, Any]:
    return {"steps": [_step(step) for step in plan.visible], "warnings": list(plan.warnings), "token": plan.token}


def report_as_json(
    record: InfraRecord, instances: Sequence[Instance], wanted: str | None = None, costs: Costs | None = None
) -> dict[str, Any]:
    """Nodes with their instances and scaling; what is not known of costs is null."""
    report: dict[str, Any] = {}
    for name, limits in record.limits.items():
        if wanted is None or wanted in name:
            target = limits.clamped(record.targets.get(name, limits.min))
            report[name] = {"instances": {}, "scaling": {"actual": 0, "target": target, "min": limits.min, "max": limits.max}}
    for instance in instances:
        entry = report.setdefault(instance.node_name, {"instances": {}, "scaling": {"actual": 0, "target": 0, "min": 0, "max": 0}})
        cost = {} if costs is None else {"cost": costs.told.get(instance.node_id)}
        entry["instances"][instance.node_id] = _instance(instance) | cost
        entry["scaling"]["actual"] += 1
    return report


def event_as_json(name: str, event: Event) -> dict[str, Any]:
    """An event with its name, after which one can go on."""
    return {"id": name, **vars(event)}


def status_of(record: InfraRecord) -> str:
    """What is going on with an infrastructure, in a word or two."""
    if record.desired is None:
        return "being destroyed"
    return "being built" if record.changing else "built"


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": str(step.action),
        "node": step.node_name,
        "node_id": step.node_id,
        "implementation": step.implementation,
        "by": step.by,
        "reason": step.reason,
        "after": list(step.after),
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "resource_address": instance.address,
        "addresses": [address.value for address in instance.addresses],
        "state": str(instance.state),
        "state_since": instance.state_since,
        "failing_since": instance.failing_since,
        "reason": instance.reason,
        "origin": instance.origin,
        "created_at": instance.created_at,
        "implementation": instance.implementation,
        "by": instance.label,
    }

"""How values look to people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from occopus.as_json import status_of

if TYPE_CHECKING:
    from occopus.engine.costs import Costs
    from occopus.model.event import Event
    from occopus.model.infrastructure import InfraRecord, Infrastructure
    from occopus.model.instance import Instance
    from occopus.model.plan import Plan, Step
    from occopus.plugins.registry import Registry

MARKS = {"create": "+", "resume": "~", "drop": "-", "await": "?"}


def plan_as_text(plan: Plan) -> str:
    """One line for each step, and their number."""
    lines = [f"warning: {warning}" for warning in plan.warnings]
    lines += [_step_as_text(step, plan) for step in plan.visible]
    total = ", ".join(f"{number} to {action}" for action, number in sorted(plan.counts.items()))
    lines.append(f"plan: {total}" if total else "plan: nothing to do")
    return "\n".join([*lines, f"'--plan {plan.token}' makes 'occopus build' do just this"] if plan.token and total else lines)


def _step_as_text(step: Step, plan: Plan) -> str:
    is_sure = plan.token or step.action != "create"  # which id a new one gets is not, unless just this plan can be carried out
    parts = [MARKS[step.action], step.action, step.node_name, step.node_id if is_sure else "", f"by {step.by}" if step.by else ""]
    return f"  {' '.join(part for part in parts if part)}  ({step.reason})"


def addresses_as_text(infrastructure: Infrastructure, instances: Sequence[Instance]) -> str:
    """The nodes with the addresses and ids of their instances, as the original lists them after a build."""
    lines = ["List of nodes/ip addresses:"]
    for name in infrastructure.nodes:
        lines.append(f"{name}:")
        lines += [f"  {_addresses(i) or '(none)'} ({i.node_id})" for i in instances if i.node_name == name]
    return "\n".join(lines)


def report_as_text(record: InfraRecord, instances: Sequence[Instance], shown: Sequence[Instance], costs: Costs | None = None) -> str:
    """How many instances there are, and a table of those that are to be shown, with what they have cost where that is asked for."""
    header = ["node", "instance", "state", "age", "addresses", "by", *(["cost"] if costs else []), "reason"]
    rows = [[i.node_name, i.node_id, str(i.state), age(i.created_at), _addresses(i), i.label, *_cost(i, costs), _reason(i)] for i in shown]
    heading = f"{record.name} {record.infra_id}: {status_of(record)}, {_ready_counts(record, instances)}"
    if costs:
        heading += f", {costs.total:.2f} so far"
        heading += "".join(f"\nno costs of {len(list(same))} instances: {why}" for why, same in groupby(sorted(costs.untold.values())))
    return f"{heading}\n\n{table(rows, header)}" if rows else heading


def _cost(instance: Instance, costs: Costs | None) -> list[str]:
    if costs is None:
        return []
    return [f"{costs.told[instance.node_id]:.2f}" if instance.node_id in costs.told else "?"]


def _ready_counts(record: InfraRecord, instances: Sequence[Instance]) -> str:
    """How many instances are ready, and of each node that may have more or fewer, how many are wanted."""
    ready = Counter(i.node_name for i in instances if i.state == "ready")
    wanted = {name: limits.clamped(record.targets.get(name, limits.min)) for name, limits in record.limits.items()}
    scalable = {name: limits for name, limits in record.limits.items() if limits.min != limits.max}
    parts = [f"{name} {ready[name]}/{wanted[name]} (limits {limits.min} to {limits.max})" for name, limits in scalable.items()]
    return ", ".join([f"{ready.total()}/{sum(wanted.values())} ready", *parts])


def _reason(instance: Instance) -> str:
    """The last thing that is to be said of an instance; where it does well, what it came in place of."""
    return (instance.in_place_of if instance.state == "ready" else "") or instance.reason


def report_as_lines(instances: Sequence[Instance]) -> str:
    """One line for each instance: its addresses, separated by spaces."""
    return "".join(f"{' '.join(address.value for address in i.addresses)}\n" for i in instances)


def event_as_text(event: Event) -> str:
    """One line, with the local time."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
    parts = (moment, event.kind, event.node_name, event.node_id, event.message)
    return "  ".join(part for part in parts if part)


def plugin_rows(registry: Registry) -> list[dict[str, str]]:
    """What is installed, one row a plugin; a package of which nothing loads has a row of its own."""
    in_use = (*registry.plugins.values(), *registry.rules)
    rows = [_plugin_row(plugin.name, plugin.kind, plugin.package, "ok", "") for plugin in in_use]
    for rivals in registry.conflicts.values():
        packages = " and ".join(sorted(rival.package.name for rival in rivals))
        rows += [_plugin_row(r.name, r.kind, r.package, "conflict", f"offered by {packages}") for r in rivals]
    rows += [_plugin_row("", "", package, "broken", package.problem) for package in registry.packages if package.problem]
    return sorted(rows, key=lambda row: (row["kind"], row["name"], row["package"]))


def _plugin_row(name: str, kind: str, package: Any, status: str, reason: str) -> dict[str, str]:
    return {"name": name, "kind": kind, "package": package.name, "version": package.version, "status": status, "reason": reason}


def age(since: float) -> str:
    """The time since a moment, in its two greatest units."""
    seconds = max(0, int(time.time() - since))
    for size, unit, below, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            return f"{seconds // size}{unit}{seconds % size // below}{small}"
    return f"{seconds}s"


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """Columns as wide as they need to be; the last may be as long as it likes."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def _addresses(instance: Instance) -> str:
    return " ".join(address.value for address in instance.addresses)

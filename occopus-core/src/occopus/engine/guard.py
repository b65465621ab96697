"""Keeps an orchestrator that is cut off from destroying a healthy cluster.

What a backend reports as gone or failed is gone. But where only our own health checks fail, and for most of an infrastructure at once,
it is more likely that this machine can't reach it than that so many machines broke in the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from occopus.model.instance import Instance, NodeId, NodeState, Phase

LEAST = 3
"""Fewer instances than this may well fail at once."""


def cut_off(instances: Iterable[Instance]) -> str | None:
    """Why no instance is to be replaced for its health alone; None where they may be."""
    there = [instance for instance in instances if instance.phase is Phase.CREATED]
    failing = sum(instance.failing_since is not None for instance in there)
    if failing < LEAST or 2 * failing <= len(there):
        return None
    return f"the health checks of {failing} of {len(there)} instances fail at once while their backends report them as running"


def unhealthy(instance: Instance) -> bool:
    """Whether it is only our own health checks that say it has failed."""
    return instance.state is NodeState.FAILED and instance.failing_since is not None


def with_reprieve(instances: Sequence[Instance]) -> list[Instance]:
    """The instances; of those that have failed but are not replaced, the reason says so."""
    why = cut_off(instances)
    return [replace(i, reason=f"{i.reason}; not replaced: {why}") if why and unhealthy(i) else i for i in instances]


def spared(instances: Sequence[Instance]) -> frozenset[NodeId]:
    """Those that have failed but are not replaced."""
    return frozenset(i.node_id for i in instances if unhealthy(i)) if cut_off(instances) else frozenset()

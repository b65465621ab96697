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


class Guard:
    """Watches over one pass: whom it has spared once, it spares until the end of the pass, however the numbers change meanwhile.

    `spared` has those that have failed and are not replaced, each with the reason. With `force` it spares nobody.
    """

    def __init__(self, *, force: bool = False) -> None:
        self.spared: dict[NodeId, str] = {}
        self._force = force

    def watch(self, instances: Sequence[Instance]) -> list[Instance]:
        """Take note of how instances do; the same, where the reason of those that are spared says so."""
        why = None if self._force else cut_off(instances)
        if why:
            self.spared |= {instance.node_id: why for instance in instances if unhealthy(instance)}
        return [self._explained(instance) for instance in instances]

    def _explained(self, instance: Instance) -> Instance:
        why = self.spared.get(instance.node_id)
        return replace(instance, reason=f"{instance.reason}; not replaced: {why}") if why and unhealthy(instance) else instance


def cut_off(instances: Iterable[Instance]) -> str | None:
    """Why no instance is to be replaced for its health alone; None where they may be."""
    there = [instance for instance in instances if instance.phase is Phase.CREATED]
    failing = sum(i.failing_since is not None and i.state in (NodeState.PENDING, NodeState.FAILED) for i in there)
    if failing < LEAST or 2 * failing <= len(there):
        return None
    return f"the health checks of {failing} of {len(there)} instances fail at once while their backends report them as running"


def unhealthy(instance: Instance) -> bool:
    """Whether it is only our own health checks that say it has failed."""
    return instance.state is NodeState.FAILED and instance.failing_since is not None

"""How a node does, from what EC2 says of its instances."""

from __future__ import annotations

from collections.abc import Sequence

from occopus.model.instance import NodeState
from occopus.plugins import ResourceStatus
from occopus_ec2.machine import Machine

STATES = {
    "pending": NodeState.PENDING,
    "running": NodeState.READY,
    "shutting-down": NodeState.SHUTDOWN,
    "terminated": NodeState.SHUTDOWN,
    "stopping": NodeState.TEMP_FAILED,
    "stopped": NodeState.TEMP_FAILED,
}

NOT_SHOWN = ResourceStatus(NodeState.UNKNOWN, detail="it was made a moment ago and EC2 does not show it yet", unfinished=True)
"""Unfinished, so that a removal asks again: EC2 may not have known it either when it was asked to end it."""


def status_of(machines: Sequence[Machine]) -> ResourceStatus:
    """The status of a node with these instances. One is the rule. Of several, the oldest that is not on its way out counts, and all of
    those are named; the node is gone when all of them are.
    """
    alive = sorted((machine for machine in machines if not machine.is_ending), key=lambda machine: (machine.launched, machine.id))
    if not alive:
        return _ended(machines)
    state = STATES.get(alive[0].state, NodeState.UNKNOWN)
    detail = "" if state is NodeState.READY else _words(alive[0])
    if len(alive) > 1:
        detail = f"{len(alive)} instances bear its mark: {', '.join(f'{each.id} {each.state}' for each in alive)}"
    return ResourceStatus(state, alive[0].addresses, detail)


def _ended(machines: Sequence[Machine]) -> ResourceStatus:
    """EC2 shows an instance for about an hour after its end."""
    ending = next((machine for machine in machines if machine.state == "shutting-down"), None)
    last = ending or machines[0]
    return ResourceStatus(NodeState.SHUTDOWN, last.addresses, _words(last), unfinished=ending is not None)


def _words(machine: Machine) -> str:
    return f"{machine.state} ({machine.reason})" if machine.reason else machine.state

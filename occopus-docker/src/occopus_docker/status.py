"""How a node does, from the state of its container."""

from __future__ import annotations

from occopus.model.instance import NodeState
from occopus.plugins import ResourceStatus
from occopus_docker.container import Container
from occopus_docker.delivery import Delivery

STATES = {
    "running": NodeState.READY,
    "created": NodeState.PENDING,
    "paused": NodeState.PENDING,
    "restarting": NodeState.PENDING,
    "exited": NodeState.SHUTDOWN,
    "dead": NodeState.SHUTDOWN,
    "removing": NodeState.SHUTDOWN,
}

ENDED = frozenset({"exited", "dead"})
"""States in which a container has a reason to tell."""


def status_of(container: Container, detail: str = "") -> ResourceStatus:
    """Of one that is made and not started, the next step is to start it; of one that has ended, to remove it."""
    state = STATES.get(container.state, NodeState.UNKNOWN)
    unfinished = container.state == "created" or state is NodeState.SHUTDOWN
    if state is not NodeState.READY and not detail:
        detail = container.state
    return ResourceStatus(state, container.addresses, detail, unfinished)


def stopping(container: Container) -> ResourceStatus:
    """Of one that has been asked to stop."""
    return ResourceStatus(NodeState.SHUTDOWN, container.addresses, "stopping", unfinished=True)


def waiting_for(delivery: Delivery) -> ResourceStatus:
    """Of a node whose container can't be made before its image is there."""
    return ResourceStatus(NodeState.PENDING, detail=delivery.progress, unfinished=delivery.is_over)

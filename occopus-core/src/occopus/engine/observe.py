"""Looks at what exists: one question to each endpoint and each config manager, then the health checks of what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from occopus.engine.asking import asked_together
from occopus.engine.context import View
from occopus.engine.readiness import Configured, Verdict, configured_by, with_readiness
from occopus.errors import explained
from occopus.model.instance import Instance, NodeId, NodeState, Phase
from occopus.plugins.config_manager import ConfigManager
from occopus.plugins.resource import ResourceHandler, ResourceStatus

GONE = ResourceStatus(NodeState.SHUTDOWN, detail="gone: its backend no longer knows it")
NOT_FOUND = ResourceStatus(NodeState.PENDING, detail="not found yet")


async def observe(view: View, instances: Sequence[Instance]) -> list[Instance]:
    """The instances with their states as they are now, in the same order. Nothing is written.

    An endpoint that does not answer makes its instances `unknown`, never dead.
    """
    known = await _statuses(view, instances)
    statuses = {instance.node_id: _judged(instance, known.get(instance.node_id)) for instance in instances}
    running = [i for i in instances if statuses[i.node_id].state is NodeState.READY and _should_exist(view, i)]
    configured = await _configured(view, running)
    return list(await asyncio.gather(*(observed(view, i, statuses[i.node_id], configured) for i in instances)))


def _judged(instance: Instance, status: ResourceStatus | None) -> ResourceStatus:
    """A status in the light of how far the instance was."""
    if status is None:
        # What was never confirmed may simply not exist yet; resuming it finds out.
        return GONE if instance.phase is Phase.CREATED else NOT_FOUND
    if instance.phase is Phase.CREATED and status.unfinished and status.state is NodeState.PENDING:
        return replace(status, state=NodeState.FAILED, detail=f"incomplete: {status.detail}")
    return status


async def observed(view: View, before: Instance, status: ResourceStatus, configured: Configured) -> Instance:
    """An instance with its state as it is now: since when it holds, since when its health fails; and failed, where that is longer than
    its definition tolerates.
    """
    if not _should_exist(view, before):  # then it matters only whether its machine is there
        reason = before.reason if before.phase is Phase.DROPPING else status.detail  # why it goes is worth more than how it does
        seen = replace(before, state=status.state, reason=reason, addresses=status.addresses or before.addresses)
        return _with_history(view, before, seen, failing=False)
    try:
        seen = await with_readiness(view, before, status, configured)
    except Exception as error:
        seen = replace(before, state=NodeState.UNKNOWN, reason=_unknown(error))
    machine_runs = status.state is NodeState.READY
    failing = machine_runs and seen.phase is Phase.CREATED and seen.state is NodeState.PENDING
    return _with_history(view, before, seen, failing)


async def _statuses(view: View, instances: Sequence[Instance]) -> dict[NodeId, ResourceStatus]:
    async def ask(handler: ResourceHandler, asked: list[Instance]) -> Mapping[NodeId, ResourceStatus]:
        return await view.calls.look(handler, handler.describe, [instance.handle for instance in asked])

    def unknown(error: Exception) -> ResourceStatus:
        return ResourceStatus(NodeState.UNKNOWN, detail=_unknown(error))

    return await asked_together(instances, lambda instance: view.backends.handler(instance.resource), ask, unknown)


async def _configured(view: View, running: Sequence[Instance]) -> Configured:
    async def ask(manager: ConfigManager, asked: list[Instance]) -> Configured:
        return await configured_by(view, manager, asked)

    def unknown(error: Exception) -> Verdict:
        return Verdict(NodeState.UNKNOWN, _unknown(error))

    managed = [instance for instance in running if instance.config_management]
    return await asked_together(managed, lambda instance: view.backends.manager(instance.config_management or {}), ask, unknown)


def _unknown(error: Exception) -> str:
    return f"its state can't be found out: {explained(error)}"


def _should_exist(view: View, instance: Instance) -> bool:
    """Whether the description still has the node and the implementation that the instance was made by, and it is not on its way out."""
    if instance.phase is Phase.DROPPING or not view.resolver:
        return False
    try:
        view.node_of(instance)
    except KeyError:
        return False
    return True


def _with_history(view: View, before: Instance, seen: Instance, failing: bool) -> Instance:
    now = view.clock.time()
    since = before.failing_since if seen.state is NodeState.UNKNOWN else None  # who can't be asked has not become healthy
    if failing:
        since = min(before.failing_since or now, now)  # the clock may have been set back since an earlier command
        tolerated = view.rendering.health_timeout(*view.node_of(seen), seen)
        reason = f"{seen.reason} (for {now - since:.0f} s; replaced after {tolerated:g} s)"
        state = seen.state
        if now - since > tolerated:
            state, reason = NodeState.FAILED, f"unhealthy for more than {tolerated:g} s: {seen.reason}"
        seen = replace(seen, state=state, reason=reason)
    return replace(seen, failing_since=since, state_since=before.state_since if seen.state is before.state else now)

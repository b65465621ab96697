"""Looks at what exists: one describe for each endpoint, then config managers and health checks of what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from occopus.engine.context import Pass
from occopus.engine.failures import explained
from occopus.engine.readiness import with_readiness
from occopus.model.instance import Instance, NodeId, NodeState, Phase
from occopus.plugins.resource import ResourceHandler, ResourceStatus

GONE = ResourceStatus(NodeState.SHUTDOWN, detail="gone: its backend no longer knows it")


async def observe(work: Pass, instances: Sequence[Instance]) -> list[Instance]:
    """The instances with their states as they are now, in the same order. Nothing is written.

    An endpoint that does not answer makes its instances `unknown`, never dead.
    """
    statuses = await _statuses(work, instances)
    return list(await asyncio.gather(*(_observed(work, instance, statuses.get(instance.node_id)) for instance in instances)))


async def _statuses(work: Pass, instances: Sequence[Instance]) -> dict[NodeId, ResourceStatus]:
    groups: dict[int, tuple[ResourceHandler, list[Instance]]] = {}
    found: dict[NodeId, ResourceStatus] = {}
    for instance in instances:
        try:
            handler = work.backends.handler(instance.resource)
        except Exception as error:
            found[instance.node_id] = _unknown(error)
        else:
            groups.setdefault(id(handler), (handler, []))[1].append(instance)
    for answer in await asyncio.gather(*(_ask(work, *group) for group in groups.values())):
        found.update(answer)
    return found


async def _ask(work: Pass, handler: ResourceHandler, instances: list[Instance]) -> Mapping[NodeId, ResourceStatus]:
    try:
        return await work.calls.look(handler, handler.describe, [instance.handle for instance in instances])
    except Exception as error:  # also one that its handler should not have raised
        return {instance.node_id: _unknown(error) for instance in instances}


def _unknown(error: Exception) -> ResourceStatus:
    return ResourceStatus(NodeState.UNKNOWN, detail=f"its state can't be found out: {explained(error)}")


async def _observed(work: Pass, instance: Instance, status: ResourceStatus | None) -> Instance:
    if status is None:
        # What was never confirmed may simply not exist yet; resuming it finds out.
        status = GONE if instance.phase is Phase.CREATED else ResourceStatus(NodeState.PENDING, detail="not found yet")
    seen = await _with_state(work, instance, status)
    return _with_history(work, instance, seen, machine_runs=status.state is NodeState.READY)


async def _with_state(work: Pass, instance: Instance, status: ResourceStatus) -> Instance:
    """Only what should exist is asked how it does; of the rest it matters only whether its machine is there."""
    if instance.phase is Phase.DROPPING or not work.resolver or not _is_still_described(work, instance):
        return replace(instance, state=status.state, reason=status.detail, addresses=status.addresses or instance.addresses)
    try:
        return await with_readiness(work, instance, status)
    except Exception as error:
        unknown = _unknown(error)
        return replace(instance, state=unknown.state, reason=unknown.detail)


def _is_still_described(work: Pass, instance: Instance) -> bool:
    """Whether the description still has the node and the implementation that the instance was made by."""
    try:
        work.node_of(instance)
    except KeyError:
        return False
    return True


def _with_history(work: Pass, before: Instance, seen: Instance, machine_runs: bool) -> Instance:
    """Since when its state holds, since when its health fails; and failed, where that is longer than its definition tolerates."""
    now = work.clock.time()
    failing = machine_runs and seen.phase is Phase.CREATED and seen.state is NodeState.PENDING
    since = (before.failing_since or now) if failing else None
    seen = replace(seen, failing_since=since)
    if since is not None:
        tolerated = work.rendering.health_timeout(*work.node_of(seen), seen)
        if now - since > tolerated:
            seen = replace(seen, state=NodeState.FAILED, reason=f"unhealthy for more than {tolerated:g} s: {seen.reason}")
    return replace(seen, state_since=before.state_since if seen.state is before.state else now)

"""When is an instance ready? First its machine, then its config manager, then its health."""

from __future__ import annotations

from dataclasses import replace

from occopus.engine.context import Pass
from occopus.model.instance import Instance, NodeState
from occopus.plugins.resource import ResourceStatus


async def with_readiness(work: Pass, instance: Instance, status: ResourceStatus) -> Instance:
    """The instance with its state, the reason for it and its addresses, as far as each part of it has come."""
    instance = replace(instance, state=status.state, reason=status.detail, addresses=status.addresses or instance.addresses)
    if status.state is not NodeState.READY:
        return instance
    for ask in (_configuration, _health):
        state, reason = await ask(work, instance)
        if state is not NodeState.READY:
            return replace(instance, state=state, reason=reason)
    return instance


async def _configuration(work: Pass, instance: Instance) -> tuple[NodeState, str]:
    section = instance.config_management
    if not section:
        return NodeState.READY, ""
    manager = work.backends.manager(section)
    states = await work.calls.look(manager, manager.states, [instance.node_id])
    state = states.get(instance.node_id, NodeState.PENDING)
    if state is not NodeState.READY:
        return state, f"{section['type']} {'failed to configure it' if state is NodeState.FAILED else 'has not configured it yet'}"
    for path in work.rendering.infrastructure.synch_attributes.get(instance.node_name, ()):
        if await work.calls.look(manager, manager.attribute, instance.node_id, path) is None:
            return NodeState.PENDING, f"{section['type']} does not report its attribute '{path}' yet"
    return NodeState.READY, ""


async def _health(work: Pass, instance: Instance) -> tuple[NodeState, str]:
    node, implementation = work.node_of(instance)
    checks = await work.clock.call(work.rendering.health_checks, node, implementation, instance)
    reason = await work.health.why_unhealthy(instance, checks)
    return (NodeState.PENDING, reason) if reason else (NodeState.READY, "")

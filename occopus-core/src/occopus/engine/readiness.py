"""When is an instance ready? First its machine, then its config manager, then its health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from occopus.engine.context import View
from occopus.model.instance import Instance, NodeId, NodeState
from occopus.plugins.config_manager import ConfigManager
from occopus.plugins.resource import ResourceStatus


class Verdict(NamedTuple):
    """What one part of being ready has come to, and the reason where that is not yet `ready`."""

    state: NodeState
    reason: str = ""


READY = Verdict(NodeState.READY)

Configured = Mapping[NodeId, Verdict]
"""How far config managers are, for those instances that have one and whose machine runs."""


async def with_readiness(view: View, instance: Instance, status: ResourceStatus, configured: Configured) -> Instance:
    """The instance with its state, the reason for it and its addresses, as far as each part of it has come."""
    instance = replace(instance, state=status.state, reason=status.detail, addresses=status.addresses or instance.addresses)
    if status.state is not NodeState.READY:
        return instance
    verdict = configured.get(instance.node_id, READY)
    if verdict.state is NodeState.READY:
        verdict = await _health(view, instance)
    return instance if verdict is READY else replace(instance, state=verdict.state, reason=verdict.reason)


async def configured_by(view: View, manager: ConfigManager, instances: Iterable[Instance]) -> Configured:
    """How far a config manager is with its instances: one question for all of them.

    Raises:
        ResourceError: it can't be asked.
    """
    known = {instance.node_id: instance for instance in instances}
    states = await view.calls.look(manager, manager.states, list(known))
    return {node_id: await _configured(view, manager, known[node_id], states.get(node_id, NodeState.PENDING)) for node_id in known}


async def _configured(view: View, manager: ConfigManager, instance: Instance, state: NodeState) -> Verdict:
    type = manager.config.section["type"]
    if state is not NodeState.READY:
        return Verdict(state, f"{type} {'failed to configure it' if state is NodeState.FAILED else 'has not configured it yet'}")
    for path in view.rendering.infrastructure.synch_attributes.get(instance.node_name, ()):
        if await view.calls.look(manager, manager.attribute, instance.node_id, path) is None:
            return Verdict(NodeState.PENDING, f"{type} does not report its attribute '{path}' yet")
    return READY


async def _health(view: View, instance: Instance) -> Verdict:
    node, implementation = view.node_of(instance)
    if view.rendering.has_fixed_checks(implementation):
        checks = view.rendering.health_checks(node, implementation, instance)
    else:
        checks = await view.clock.call(view.rendering.health_checks, node, implementation, instance)
    reason = await view.health.why_unhealthy(instance, checks)
    return Verdict(NodeState.PENDING, reason) if reason else READY

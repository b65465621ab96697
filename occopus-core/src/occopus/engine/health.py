"""Asks the health checks of an instance, all at once."""

from __future__ import annotations

import asyncio
from typing import Any

from occopus.engine.clock import Clock
from occopus.model.instance import Instance
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.registry import load_object

GRACE = 1.0
"""Seconds that a check may overrun its own limit before it is left alone."""


async def why_unhealthy(instance: Instance, checks: list[tuple[HealthCheckSpec, Any]], clock: Clock) -> str | None:
    """None where every check succeeds, else the reasons of those that don't."""
    if not checks:
        return None
    if not instance.address:
        return "has no address yet"
    target = Target(instance.node_id, instance.node_name, instance.address)
    asked = [asyncio.ensure_future(_ask(spec, target, settings, clock)) for spec, settings in checks]
    reasons = [reason for reason in await asyncio.gather(*asked) if reason]
    return "; ".join(reasons) or None


async def _ask(spec: HealthCheckSpec, target: Target, settings: Any, clock: Clock) -> str | None:
    running = asyncio.ensure_future(clock.call(_check, spec, target, settings))
    # A check that hangs keeps its thread, but nobody waits for it any longer.
    await asyncio.wait([running], timeout=spec.timeout + GRACE)
    if not running.done():
        return f"{spec.key}: the check did not answer within {spec.timeout:.0f} s"
    reason = running.result()
    return f"{spec.key}: {reason}" if reason else None


def _check(spec: HealthCheckSpec, target: Target, settings: Any) -> str | None:
    try:
        reason: str | None = load_object(spec.check)(target, settings)
    except Exception as error:  # a check that breaks tells nothing good about the node
        return f"the check failed: {type(error).__name__}: {error}"
    return reason

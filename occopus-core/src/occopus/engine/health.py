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

AT_ONCE = 64
"""How many checks a pass runs at once."""


class HealthChecks:
    """Asks the checks of many instances, so many at once that each has a thread from its beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)

    async def why_unhealthy(self, instance: Instance, checks: list[tuple[HealthCheckSpec, Any]]) -> str | None:
        """None where every check succeeds, else the reasons of those that don't."""
        if not checks:
            return None
        if not instance.address:
            return "has no address yet"
        target = Target(instance.node_id, instance.node_name, instance.address)
        reasons = await asyncio.gather(*(self._ask(spec, target, settings) for spec, settings in checks))
        return "; ".join(reason for reason in reasons if reason) or None

    async def _ask(self, spec: HealthCheckSpec, target: Target, settings: Any) -> str | None:
        async with self._room:
            try:
                reason = await self._clock.attempt(spec.timeout + GRACE, _check, spec, target, settings)
            except TimeoutError:
                reason = f"the check did not answer within {spec.timeout:g} s"
        return f"{spec.key}: {reason}" if reason else None


def _check(spec: HealthCheckSpec, target: Target, settings: Any) -> str | None:
    try:
        reason: str | None = load_object(spec.check)(target, settings)
    except Exception as error:  # a check that breaks tells nothing good about the node
        return f"the check failed: {type(error).__name__}: {error}"
    return reason

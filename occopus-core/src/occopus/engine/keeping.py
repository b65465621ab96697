"""Maintains an infrastructure again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from occopus.engine.converging import Outcome
from occopus.engine.services import Services
from occopus.engine.session import maintain
from occopus.errors import InfrastructureNotFound, Interrupted
from occopus.model.infrastructure import InfraId
from occopus.store.records import load_infra


async def keep(
    services: Services,
    infra_id: InfraId,
    every: float,
    stop: asyncio.Event,
    told: Callable[[Outcome | Exception], None],
    *,
    force_replace: bool = False,
) -> None:
    """Maintain an infrastructure again and again, with so many seconds in between, until `stop` is set or it is gone.

    `told` hears what each pass came to. A pass that fails is followed by the next one.

    Raises:
        InfrastructureNotFound: there is none to begin with.
    """
    await services.clock.call(load_infra, services.store, infra_id)
    while not stop.is_set():
        try:
            outcome = await maintain(services, infra_id, stop, force_replace=force_replace)
        except (Interrupted, InfrastructureNotFound) as error:
            return told(error)
        except Exception as error:  # whatever it is, it may have passed by the next time
            told(error)
        else:
            told(outcome)
            if not outcome.exists:
                return None
        await _pause(services, every, stop)
    return None


async def _pause(services: Services, seconds: float, stop: asyncio.Event) -> None:
    """Sleep, but not beyond the moment when `stop` is set."""
    sleeping, stopping = asyncio.ensure_future(services.clock.sleep(seconds)), asyncio.ensure_future(stop.wait())
    await asyncio.wait([sleeping, stopping], return_when=asyncio.FIRST_COMPLETED)
    sleeping.cancel()
    stopping.cancel()

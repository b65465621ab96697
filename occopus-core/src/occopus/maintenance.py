"""Maintains an infrastructure within a program: in a thread, pass by pass."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from occopus.engine.converging import Outcome
from occopus.engine.keeping import keep
from occopus.engine.services import Services
from occopus.model.infrastructure import InfraId

INTERVAL = 10.0
"""Seconds between two passes, unless another number is given."""


class Maintenance(threading.Thread):
    """One infrastructure that is maintained until it is told to stop, or the infrastructure is gone.

    The thread does not keep the program from ending: whatever is under way then goes on in the next pass, whoever makes it.
    """

    def __init__(self, infra_id: str, services: Callable[[], AbstractContextManager[Services]], interval: float = INTERVAL) -> None:
        """`services` gives what the engine works with; `interval` is in seconds."""
        super().__init__(name=f"occopus-maintenance-{infra_id}", daemon=True)
        self.infra_id = infra_id
        self.interval = interval
        self.last: Outcome | Exception | None = None
        """What the last pass came to; None before the first has ended."""
        self._services = services
        self._begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def run(self) -> None:
        try:
            with self._services() as services:
                asyncio.run(self._keep(services))
        except Exception as error:  # nobody else would hear of it
            self.last = error
        finally:
            self._begun.set()

    def stop(self, seconds: float | None = None) -> bool:
        """End at a safe point; whether it has ended within so many seconds."""
        self._begun.wait()
        with suppress(RuntimeError):  # it has ended by itself
            if self._loop and self._stopping:
                self._loop.call_soon_threadsafe(self._stopping.set)
        self.join(seconds)
        return not self.is_alive()

    async def _keep(self, services: Services) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._begun.set()
        await keep(services, InfraId(self.infra_id), self.interval, self._stopping, self._told)

    def _told(self, news: Outcome | Exception) -> None:
        self.last = news

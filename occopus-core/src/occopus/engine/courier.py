"""Brings events to where users want them, beside the engine, which never waits for it.

A loop in a thread of its own has a delivery for each target. What is to be delivered is in the store: events after the target's cursor, by
whichever program they were written.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from occopus.engine.clock import Clock
from occopus.engine.delivery import Delivery
from occopus.engine.keeper import either
from occopus.engine.persistence import Persistence
from occopus.engine.services import Services
from occopus.engine.targets import forget_unless_needed
from occopus.engine.threads import Share, Threads
from occopus.errors import InfrastructureNotFound, StoreError
from occopus.model.infrastructure import InfraId
from occopus.model.target import Target
from occopus.plugins.reach import Address, anywhere
from occopus.store.records import load_all_targets, load_cursors, load_events, load_infra, load_targets

LOG = logging.getLogger("occopus.courier")

LOOK = 1.0
"""Seconds between two looks for new events."""
STORE_CALLS = 8
"""Threads for all calls to the store."""
MOST_THREADS = 2000
"""More than all targets together use unless very many of them hang."""
ATTEMPTS = 2
"""Attempts that one target may have under way, with those that hang."""
LEASE_SECONDS = 60.0
"""How long a target stays with a courier whose machine has died. One that failed keeps its lease for minutes: it is seldom renewed."""


class Courier:
    """Delivers the events of all infrastructures, or of `only` one, to their targets.

    Several may work on one store: each target has one of them at a time. `may_reach` is that of `NotifierConfig`.
    """

    def __init__(
        self,
        services: Services,
        *,
        only: InfraId | None = None,
        may_reach: Callable[[Address], bool] = anywhere,
        persistence: Persistence | None = None,
    ) -> None:
        policy = replace(services.policy, lease_patience=0.0, lease_seconds=LEASE_SECONDS)
        self._calls = Threads(STORE_CALLS, "occopus-courier-store")
        self._attempts = Threads(MOST_THREADS, "occopus-courier-attempt")
        self._clock = Clock(self._calls, self._attempts)
        self._services = replace(services, policy=policy)
        self._store = services.store
        self._only = only
        self._may_reach = may_reach
        self._persistence = persistence or Persistence()
        self._deliveries: dict[tuple[InfraId, str], Delivery] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._seen: str | None = None
        self._looked = 0.0

    @property
    def is_well(self) -> bool:
        """Whether its loop turns and reads the store."""
        return bool(self._thread and self._thread.is_alive()) and time.monotonic() - self._looked < 30

    def start(self) -> None:
        """Begin. It ends with the process, or with `end`."""
        begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._deliver(begun)), name="occopus-courier", daemon=True)
        self._thread.start()
        begun.wait()

    def end(self, seconds: float) -> None:
        """Try once more, within so many seconds, to deliver what is there, and end. What was not delivered is so by the next courier."""
        if self._loop and self._stopping and self._thread:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(seconds)
        self._calls.shutdown()
        self._attempts.shutdown()

    @contextmanager
    def working(self, seconds: float) -> Iterator[None]:
        """Work for the length of the block, and end within so many seconds after it."""
        self.start()
        try:
            yield
        finally:
            self.end(seconds)

    async def _deliver(self, begun: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        begun.set()
        while not self._stopping.is_set():
            await self._look_if_possible(self._stopping)
            await either(self._stopping.wait(), self._clock.sleep(LOOK))
        await self._look_if_possible(self._stopping)
        for delivery in self._deliveries.values():
            if delivery.task:
                await asyncio.wait([delivery.task])

    async def _look_if_possible(self, stopping: asyncio.Event) -> None:
        try:
            await self._look(stopping)
        except StoreError as error:
            LOG.warning("the store does not say what is to be delivered: %s", error.message)

    async def _look(self, stopping: asyncio.Event) -> None:
        """Wake the deliveries that have something to do. As long as nobody wrote an event, that is one small question to the store."""
        latest = await self._clock.call(self._store.last_appended)
        if latest != self._seen:
            targets, news = await self._clock.call(self._read)
            self._let_go({(target.infra_id, target.name) for target in targets})
            for target in news:
                self._delivery_to(target, stopping).wake()
        self._seen = latest
        self._looked = time.monotonic()

    def _read(self) -> tuple[list[Target], list[Target]]:
        """All targets, and those of them for which there is something new."""
        targets = list(load_all_targets(self._store)) if self._only is None else load_targets(self._store, self._only).value
        cursors = load_cursors(self._store, self._only)
        self._tidy_up({target.infra_id for target in targets} - {infra_id for infra_id, _ in cursors})
        targets = [target for target in targets if (target.infra_id, target.name) in cursors]
        news: dict[tuple[InfraId, str], bool] = {}
        for target in targets:
            place = target.infra_id, cursors[target.infra_id, target.name]
            if place not in news:
                news[place] = next(load_events(self._store, *place), None) is not None
        return targets, [target for target in targets if news[target.infra_id, cursors[target.infra_id, target.name]]]

    def _tidy_up(self, infra_ids: set[InfraId]) -> None:
        """Of infrastructures that are gone and whose events are all delivered, nothing stays, also where a courier died just then."""
        for infra_id in infra_ids:
            try:
                load_infra(self._store, infra_id)
            except InfrastructureNotFound:
                forget_unless_needed(self._store, infra_id)

    def _let_go(self, known: set[tuple[InfraId, str]]) -> None:
        """End the deliveries to what is no target any more."""
        for gone in self._deliveries.keys() - known:
            delivery = self._deliveries.pop(gone)
            if delivery.task:
                delivery.task.cancel()

    def _delivery_to(self, target: Target, stopping: asyncio.Event) -> Delivery:
        key = target.infra_id, target.name
        if key not in self._deliveries:
            services = replace(self._services, clock=Clock(self._calls, Share(self._attempts, ATTEMPTS)))
            self._deliveries[key] = Delivery(target, services, self._may_reach, self._persistence, stopping)
        return self._deliveries[key]

"""Delivers the events of one infrastructure to one target: in their order, at least once, again and again where that may help."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from occopus.engine.clock import Clock
from occopus.engine.keeper import either
from occopus.engine.lease import held_lease
from occopus.engine.persistence import Failures, Persistence
from occopus.engine.services import Services
from occopus.engine.targets import forget_unless_needed
from occopus.errors import InfrastructureNotFound, Interrupted, LeaseHeld, LeaseLost, StoreError, VersionConflict, explained
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.target import ABOUT_NOTIFICATIONS, Target
from occopus.plugins.notifier import Notification, Notifier, NotifierConfig
from occopus.plugins.reach import Address
from occopus.plugins.registry import load_object
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.base import Change, Lease
from occopus.store.records import Versioned, append_event, delete_cursor, load_cursor, load_events, load_infra, put_cursor

LOG = logging.getLogger("occopus.courier")

STANDBY = 5.0
"""Seconds until another look where somebody else delivers to the target, or the store is away."""


class Delivery:
    """Works for one target whenever it is woken."""

    def __init__(
        self,
        target: Target,
        services: Services,
        may_reach: Callable[[Address], bool],
        persistence: Persistence,
        stopping: asyncio.Event,
    ) -> None:
        self.target = target
        self.task: asyncio.Task[None] | None = None
        self._services = services
        self._clock: Clock = services.clock
        self._store = services.store
        self._may_reach = may_reach
        self._persistence = persistence
        self._stopping = stopping
        self._woken = False
        self._notifier: Notifier | None = None
        self._cursor = Versioned("")
        self._passed_over = False
        """Whether the target has events behind it that it did not want, and the store does not know."""
        self._failures = Failures(persistence, services.clock.random)

    def wake(self) -> None:
        """There is something new for the target."""
        self._woken = True
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        with suppress(Interrupted):
            while self._woken:
                self._woken = False
                try:
                    await self._work()
                except Interrupted:
                    return
                except Exception as error:  # whatever it is, it may have passed by the next time
                    LOG.error("%s: something unexpected went wrong", self.target.infra_id, exc_info=error)
                    self._woken = True
                    await self._pause(STANDBY)

    async def _work(self) -> None:
        """Deliver what is new, one batch after the other."""
        scope = InfraId(f"notify:{self.target.infra_id}:{self.target.name}")
        while True:
            try:
                if not await self._clock.call(self._has_news):
                    return
                async with held_lease(self._services, scope, self._stopping) as (lease, _):
                    await self._deliver_all(lease)
            except (LeaseLost, VersionConflict):
                continue  # the target is gone or was set anew, or somebody else delivers: the store knows
            except LeaseHeld:
                await self._pause(STANDBY)
            except StoreError as error:
                LOG.warning("%s: the store does not say what is to be delivered: %s", self.target.infra_id, error.message)
                await self._pause(STANDBY)

    def _has_news(self) -> bool:
        cursor = load_cursor(self._store, self.target)
        return cursor is not None and next(load_events(self._store, self.target.infra_id, cursor.value), None) is not None

    async def _deliver_all(self, lease: Lease) -> None:
        """Deliver what is new now; the cursor follows each event that was sent or given up."""
        for name, event in await self._clock.call(self._load):
            problem = await self._deliver(Notification(name, event)) if self.target.wants(event) else None
            if await self._clock.call(self._be_done_with, name, event, problem, lease):
                return
        if self._passed_over:
            await self._clock.call(self._save, lease)

    def _load(self) -> list[tuple[str, Event]]:
        cursor = load_cursor(self._store, self.target)
        if cursor is None:
            return []
        self._cursor = cursor
        return list(load_events(self._store, self.target.infra_id, cursor.value))

    async def _deliver(self, notification: Notification) -> ResourceError | None:
        """Send an event until it arrives, or is given up for the reason that is returned."""
        due = min(self._clock.time(), notification.event.time)
        while True:
            await self._pause(self._failures.not_before - self._clock.time())
            error = await self._attempt(notification)
            if error is None or error.kind is ErrorKind.INVALID:
                self._failures.end()
                return error
            LOG.info("%s: %s: %s", self.target.infra_id, self._label(), self._services.mask(error.message))
            if self._failures.add(error, self._clock.time(), due):
                return error

    async def _attempt(self, notification: Notification) -> ResourceError | None:
        """Try once; why it failed."""
        try:
            await self._clock.attempt(self._persistence.attempt, self._send, notification)
        except ResourceError as error:
            if error.kind is ErrorKind.CREDENTIALS:
                self._notifier = None  # a secret that is looked up may be another one by now
            return error
        except TimeoutError:
            return ResourceError(ErrorKind.TRANSIENT, f"it takes more than {self._persistence.attempt:g} s")
        except Exception as error:  # a plugin that is missing or breaks, or has no credentials, may be mended by the next time
            return ResourceError(ErrorKind.UNKNOWN, explained(error))
        return None

    def _send(self, notification: Notification) -> None:
        self._notifier = notifier = self._notifier or self._made()
        notifier.send(notification)

    def _made(self) -> Notifier:
        """A notifier for the target.

        Raises:
            MissingPlugin: nobody offers it, or it can't be loaded.
            CredentialsError: the authentication file has nothing for it.
        """
        section = self.target.section
        spec = self._services.composition.registry.notifier(self.target.type)
        secrets = self._services.credentials.select("notifier", section, spec.credentials.required) if spec.credentials else None
        logger = logging.getLogger(f"occopus.{spec.type}")
        notifier: Notifier = load_object(spec.notifier)(NotifierConfig(section, secrets or {}, logger, self._may_reach))
        return notifier

    def _be_done_with(self, name: str, event: Event, problem: ResourceError | None, lease: Lease) -> bool:
        """Go on behind an event; whether it was the last one of all, so that nothing is left of the target."""
        self._cursor = Versioned(name, self._cursor.version)
        if event.kind == "destroyed" and self._is_gone():
            self._store.write([delete_cursor(self.target, self._cursor.version)], lease)
            forget_unless_needed(self._store, self.target.infra_id)
            if problem:
                self._tell(self._failure(event, problem))
            return True
        if self.target.wants(event):
            self._save(lease, self._failure(event, problem) if problem else None)
        else:
            self._passed_over = True
        return False

    def _save(self, lease: Lease, failure: Event | None = None) -> None:
        """Write down how far the target is, and what did not reach it. That it is destroyed stays the last event of an infrastructure."""
        changes: list[Change] = [put_cursor(self.target, self._cursor.value, self._cursor.version)]
        if failure and not self._is_gone():
            changes.append(append_event(failure))
        self._store.write(changes, lease)
        self._cursor = Versioned(self._cursor.value, self._cursor.version + 1)
        self._passed_over = False
        if failure:
            self._tell(failure)

    def _tell(self, failure: Event) -> None:
        LOG.warning("%s: %s", failure.infra_id, failure.message)
        self._services.watcher.event(failure)

    def _failure(self, event: Event, problem: ResourceError) -> Event:
        message = self._services.mask(f"'{event.kind}' did not reach {self._label()}: {problem.message}")
        return Event(event.infra_id, self._clock.time(), f"{ABOUT_NOTIFICATIONS}failed", event.node_name, event.node_id, message)

    def _label(self) -> str:
        """How messages name the target."""
        plugin = self._services.composition.registry.plugins.get(("notifier", self.target.type))
        keys = getattr(plugin.spec, "endpoint", ()) if plugin else ()
        return " ".join([self.target.type, *(str(self.target.section[key]) for key in keys if key in self.target.section)])

    def _is_gone(self) -> bool:
        try:
            load_infra(self._store, self.target.infra_id)
        except InfrastructureNotFound:
            return True
        return False

    async def _pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            Interrupted: all is about to end.
        """
        if seconds > 0:
            await either(self._stopping.wait(), self._clock.sleep(seconds))
            if self._stopping.is_set():
                raise Interrupted("the delivery ends")

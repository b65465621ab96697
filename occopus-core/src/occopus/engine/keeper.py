"""Keeps all infrastructures that are attached, each for itself: one that hangs or fails delays no other.

A loop in a thread of its own has a task for each of them. What is attached is a fact in the store, so that it holds for whoever looks next.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from occopus.engine.clock import Clock
from occopus.engine.converging import Outcome
from occopus.engine.services import Services
from occopus.engine.session import carry_on
from occopus.engine.sharing import Called, DeferredBackends, SharedBackends
from occopus.engine.threads import Share, Threads
from occopus.errors import InfrastructureNotFound, Interrupted, LeaseHeld, StoreError, explained
from occopus.model.infrastructure import InfraId
from occopus.store.records import delete_attachment, load_attachments, load_infra

LOG = logging.getLogger("occopus.keeper")

MOST_THREADS = 10_000
"""More than all shares together use unless most of them hang."""
CALLS = 72
"""Calls that one infrastructure may have under way: those that a pass makes to backends, and some more for the store."""
CHECKS = 64
"""Health checks that one infrastructure may have under way, with those that hang."""
LOOK = 2.0
"""Seconds between two looks for what others attached or detached."""


@dataclass(frozen=True)
class Note:
    """What the last pass over an infrastructure came to: `ok`, `busy` (another one works on it), `stopped` or `failed`."""

    result: str
    began: float
    """Seconds since the epoch."""
    seconds: float
    problem: str = ""
    outcome: Outcome | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Listener:
    """Who is told what the keeper does. Called in its thread, or in those of calls."""

    began: Callable[[float], None] = lambda late: None
    """A pass began, so many seconds after it was due."""
    ended: Callable[[InfraId, Note], None] = lambda infra_id, note: None
    called: Called = lambda backend, method, seconds, error: None


class Keeper:
    """Makes passes over every attached infrastructure, with `every` seconds from the beginning of one to that of the next."""

    def __init__(self, services: Services, every: float, listener: Listener | None = None) -> None:
        self.every = every
        self.notes: dict[InfraId, Note] = {}
        self._listener = listener or Listener()
        self._calls = Threads(MOST_THREADS, "occopus-call")
        self._attempts = Threads(MOST_THREADS, "occopus-attempt")
        parts = services.composition.registry, services.credentials, services.data_dir
        sharing = SharedBackends(lambda: DeferredBackends(*parts, called=self._listener.called))
        patience = replace(services.policy, lease_patience=0.0)  # what somebody else works on is left alone until the next pass
        self._services = replace(services, policy=patience, sharing=sharing)
        self._clock = Clock(self._calls, self._attempts)
        self._kept: dict[InfraId, _Kept] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._looked = 0.0

    @property
    def running(self) -> int:
        """How many passes are under way."""
        return sum(kept.stop is not None for kept in list(self._kept.values()))

    @property
    def is_well(self) -> bool:
        """Whether its loop turns and reads the store."""
        return bool(self._thread and self._thread.is_alive()) and time.monotonic() - self._looked < 30

    @property
    def kept(self) -> frozenset[InfraId]:
        """What it keeps at the moment."""
        return frozenset(self._kept)

    def start(self) -> None:
        """Begin. It ends with the process, or with `drain`."""
        begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._keep_all(begun)), name="occopus-keeper", daemon=True)
        self._thread.start()
        begun.wait()

    def hurry(self, infra_id: InfraId, *, anew: bool = False) -> None:
        """Make the next pass over an infrastructure at once; `anew` ends the one under way, since something else is wanted now."""
        self._tell(lambda: self._hurry(infra_id, anew))

    def let_go(self, infra_id: InfraId) -> None:
        """Keep an infrastructure no longer; the pass under way ends at a safe point."""
        self._tell(lambda: self._let_go(infra_id))

    def drain(self, seconds: float) -> frozenset[InfraId]:
        """Begin nothing more and let every pass end at a safe point; those that have not after so many seconds."""
        if self._stopping and self._thread:
            self._tell(self._stopping.set)
            self._thread.join(seconds)
        return frozenset(infra_id for infra_id, kept in list(self._kept.items()) if kept.stop is not None)

    def _tell(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            if self._loop:
                self._loop.call_soon_threadsafe(what)

    async def _keep_all(self, begun: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        begun.set()
        while not self._stopping.is_set():
            try:
                await self._look()
            except StoreError as error:
                LOG.warning("the store does not say what is attached: %s", error.message)
            await either(self._stopping.wait(), asyncio.sleep(LOOK))
        for kept in self._kept.values():
            kept.leave()
        while self._kept:
            await asyncio.wait([kept.task for kept in self._kept.values()])

    async def _look(self) -> None:
        """Keep what is attached and nothing else; what is new is spread over the interval."""
        known = set(self._kept)
        attached = [each.infra_id for each in await self._clock.call(load_attachments, self._services.store)]
        self._looked = time.monotonic()
        new = [infra_id for infra_id in attached if infra_id not in self._kept]
        for number, infra_id in enumerate(new):
            self._keep(infra_id, after=self.every * number / len(new))
        for infra_id in known - set(attached):
            self._let_go(infra_id)

    def _keep(self, infra_id: InfraId, after: float) -> _Kept:
        kept = self._kept[infra_id] = _Kept(infra_id, self._services_for(), self.every, self._listener, self.notes)
        kept.begin(after)
        kept.task.add_done_callback(lambda _: self._gone(kept))
        return kept

    def _gone(self, kept: _Kept) -> None:
        if self._kept.get(kept.infra_id) is kept:
            del self._kept[kept.infra_id]
            self.notes.pop(kept.infra_id, None)

    def _hurry(self, infra_id: InfraId, anew: bool) -> None:
        if self._stopping and self._stopping.is_set():
            return  # the store knows what is wanted
        kept = self._kept.get(infra_id) or self._keep(infra_id, after=0.0)
        kept.hurry(anew)

    def _let_go(self, infra_id: InfraId) -> None:
        if infra_id in self._kept:
            self._kept[infra_id].leave()

    def _services_for(self) -> Services:
        """Those of one infrastructure: its share of the threads, and what was compiled for it."""
        clock = Clock(Share(self._calls, CALLS), Share(self._attempts, CHECKS))
        return replace(self._services, clock=clock, _compiled=deque(maxlen=2))


class _Kept:
    """One infrastructure."""

    def __init__(self, infra_id: InfraId, services: Services, every: float, listener: Listener, notes: dict[InfraId, Note]) -> None:
        self.infra_id = infra_id
        self.stop: asyncio.Event | None = None
        """Ends the pass under way, where there is one."""
        self._services = services
        self._every = every
        self._listener = listener
        self._notes = notes
        self._wake = asyncio.Event()
        self._leaving = False

    def begin(self, after: float) -> None:
        self.task = asyncio.create_task(self._keep(asyncio.get_running_loop().time() + after))

    def hurry(self, anew: bool) -> None:
        self._leaving = False
        self._wake.set()
        if anew and self.stop:
            self.stop.set()

    def leave(self) -> None:
        self._leaving = True
        self._wake.set()
        if self.stop:
            self.stop.set()

    async def _keep(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if due > loop.time():
                await either(self._wake.wait(), asyncio.sleep(due - loop.time()))
            if self._leaving:
                return
            due = loop.time() if self._wake.is_set() else due
            self._wake.clear()
            self._listener.began(loop.time() - due)
            if not await self._pass():
                return
            due = max(due + self._every, loop.time() - self._every)

    async def _pass(self) -> bool:
        """Make a pass; whether there is still something to keep."""
        began, begun = time.time(), time.monotonic()
        self.stop = asyncio.Event()
        outcome, result, problem = None, "ok", ""
        try:
            outcome = await self._carried_out(self.stop)
        except InfrastructureNotFound:
            outcome = Outcome((), exists=False)
        except LeaseHeld as error:
            result, problem = "busy", error.message
        except Interrupted as error:
            result, problem = "stopped", error.message
        except Exception as error:  # whatever it is, it may have passed by the next time
            result, problem = "failed", self._services.mask(explained(error))
        finally:
            self.stop = None
        note = Note(result, began, time.monotonic() - begun, problem, outcome)
        self._tell_of(note)
        return not (outcome and not outcome.exists) or not await self._forgotten()

    async def _carried_out(self, stop: asyncio.Event) -> Outcome:
        """What `carry_on` comes to. It is stopped where somebody wishes something else meanwhile, also by way of another service."""
        wanted = await self._services.clock.call(self._prepare)
        watching = asyncio.create_task(self._watch(stop, wanted))
        try:
            return await carry_on(self._services, self.infra_id, stop)
        finally:
            watching.cancel()

    def _prepare(self) -> Any:
        """Compile what is wanted, in a thread; what is wanted."""
        record = load_infra(self._services.store, self.infra_id).value
        self._services.compiled(record.former)
        self._services.compiled(record.desired)
        return record.desired

    async def _watch(self, stop: asyncio.Event, wanted: Any) -> None:
        while not stop.is_set():
            await asyncio.sleep(self._every)
            with suppress(InfrastructureNotFound, StoreError):
                record = await self._services.clock.call(load_infra, self._services.store, self.infra_id)
                if record.value.desired != wanted:
                    stop.set()

    async def _forgotten(self) -> bool:
        """What is gone is not attached any more; whether that is written down."""
        try:
            await self._services.clock.call(self._services.store.write, [delete_attachment(self.infra_id)])
        except StoreError:
            return False
        return True

    def _tell_of(self, note: Note) -> None:
        before = self._notes.get(self.infra_id)
        self._notes[self.infra_id] = note
        if note.result == "failed" and (before is None or before.problem != note.problem):
            LOG.warning("%s: the pass failed: %s", self.infra_id, note.problem)
        self._listener.ended(self.infra_id, note)


async def either(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until the first of several is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()

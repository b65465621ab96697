"""What the resources of the service work with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from occopus.engine.courier import Courier
from occopus.engine.keeper import Keeper
from occopus.engine.threads import Share, Threads
from occopus.errors import InfrastructureNotFound
from occopus.manager import LAST_DELIVERY, InfrastructureManager
from occopus.masked_errors import without_secrets
from occopus.model.attachment import Attachment
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.plugins.reach import public_only
from occopus.rest.access import Access, User
from occopus.rest.discretion import Discretion
from occopus.rest.metrics import Metrics
from occopus.store.records import load_attachments, load_events, load_infra, load_infras, load_owner

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

READERS, COMPILERS, LOOKERS = 16, 2, 32
"""How many requests at once may read the store, have an upload checked, or ask backends. Others wait for their turn."""

NAME = re.compile(r"[\w.:-]{1,100}", re.ASCII)
"""What can be the name of an infrastructure."""


@dataclass(frozen=True)
class Patience:
    """Seconds that a request may take."""

    body: float = 30.0
    """To arrive."""
    work: float = 60.0
    """To be answered."""


class RestServices:
    """The manager behind the service, its keeper, and who may ask what.

    Without `local_commands` nothing that comes from users runs on this machine.
    """

    def __init__(self, manager: InfrastructureManager, *, local_commands: bool = False, patience: Patience | None = None) -> None:
        if not local_commands:
            manager.refuse_local()
        if not manager.settings.rest_private_targets:
            manager.may_reach = public_only
        self.manager = manager
        self.settings = manager.settings
        self.access = Access(self.settings.rest_tokens, manager.user)
        self.discretion = Discretion.of(self.settings)
        self.metrics = Metrics()
        self.patience = patience or Patience()
        self.ending = asyncio.Event()
        """Set when the service is about to end: nothing long is begun or gone on with."""
        self.streams = 0
        """How many streams of events are open."""
        self._stack = ExitStack()
        self.engine = self._stack.enter_context(manager.services())
        self.keeper = Keeper(self.engine, self.settings.rest_interval, self.metrics.listener)
        self.metrics.watch(self.keeper)
        self.courier = Courier(self.engine, may_reach=manager.may_reach)
        self._threads = Threads(READERS + COMPILERS + LOOKERS, "occopus-http")
        self._readers, self._compilers, self._lookers = (Share(self._threads, most) for most in (READERS, COMPILERS, LOOKERS))

    async def read(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run what reads or writes the store in a thread."""
        return await self._run(self._readers, function, *args)

    async def compile(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run what takes processor time in a thread, few at once."""
        return await self._run(self._compilers, function, *args)

    async def look(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run what asks backends in a thread. One that hangs keeps its thread, and nobody waits for it any longer."""
        return await self._run(self._lookers, function, *args)

    async def _run(self, threads: Threads, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        def carry_out() -> T:
            with without_secrets(self.manager.masker.mask):
                return function(*args)

        running = asyncio.get_running_loop().run_in_executor(threads, carry_out)
        return await asyncio.wait_for(running, self.patience.work)

    def record(self, user: User, infra_id: str) -> InfraRecord:
        """What the store knows of an infrastructure of a user's.

        Raises:
            InfrastructureNotFound: there is none of that name, or it is somebody else's; which, is not told.
        """
        self.allow(user, infra_id)
        try:
            return load_infra(self.manager.store, InfraId(infra_id)).value
        except InfrastructureNotFound as error:
            error.message += self._end_of(infra_id)
            raise

    def allow(self, user: User, infra_id: str) -> None:
        """Raises:
        InfrastructureNotFound: it is not this user's.
        """
        if not NAME.fullmatch(infra_id) or not (user.admin or load_owner(self.manager.store, InfraId(infra_id)) == user.name):
            raise InfrastructureNotFound(infra_id)

    def attachment(self, user: User, infra_id: InfraId) -> Attachment:
        """An infrastructure with its owner: who has it already, or who asks."""
        return Attachment(infra_id, load_owner(self.manager.store, infra_id) or user.name)

    def listed(self, user: User, every: bool) -> list[InfraId]:
        """The infrastructures that are kept for a user; with `every`, also those that are not attached."""
        store = self.manager.store
        found = [each.infra_id for each in load_attachments(store) if user.admin or each.user == user.name]
        if every:
            others = (infra.infra_id for infra in load_infras(store) if infra.infra_id not in set(found))
            found += [infra_id for infra_id in others if user.admin or load_owner(store, infra_id) == user.name]
        return found

    def _end_of(self, infra_id: str) -> str:
        """What became of an infrastructure that is gone."""
        events = [event for _, event in load_events(self.manager.store, InfraId(infra_id))]
        if not events or events[-1].kind != "destroyed":
            return ""
        begun = [event for event in events if event.kind in ("build-started", "destroy-started", "rollback")]
        if begun and begun[-1].kind == "rollback":
            return f": its build failed, and what was made for it is removed again: {begun[-1].message}"
        return ": it was destroyed"

    def start(self) -> None:
        """Begin to keep what is attached, and to deliver events."""
        self.keeper.start()
        self.courier.start()

    async def end(self) -> None:
        """Let every pass end at a safe point, within the time that the settings allow; then let go of everything."""
        self.ending.set()
        await asyncio.get_running_loop().run_in_executor(Threads(1, "occopus-drain"), self._drain)
        self._stack.close()
        self._threads.shutdown()

    def _drain(self) -> None:
        self.keeper.drain(self.settings.rest_drain)
        self.courier.end(LAST_DELIVERY)

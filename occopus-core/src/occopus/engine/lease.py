"""The right to work on an infrastructure: waited for, kept up while the work goes on, given back."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from occopus.engine.services import Services
from occopus.errors import LeaseHeld, StoreError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.store.base import Lease

SECONDS = 15.0
"""How long a lease lasts unless it is kept up."""
PATIENCE = 60.0
"""How long a command waits, in seconds, for another one to finish with the infrastructure."""


@asynccontextmanager
async def held_lease(services: Services, infra_id: InfraId) -> AsyncIterator[Lease]:
    """Hold the lease of an infrastructure.

    Raises:
        LeaseHeld: somebody else has held it for longer than the wait.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    lease = await _acquire(services, infra_id, owner)
    renewing = asyncio.create_task(_renew(services, lease))
    try:
        yield lease
    finally:
        renewing.cancel()
        with suppress(StoreError):  # it expires by itself
            services.store.release(lease)


async def _acquire(services: Services, infra_id: InfraId, owner: str) -> Lease:
    clock, store = services.clock, services.store
    until = clock.monotonic() + PATIENCE
    while True:
        try:
            return store.acquire(infra_id, owner, SECONDS)
        except LeaseHeld as held:
            holder = _holder(held.owner)
            if _has_died(held.owner):
                return store.acquire(infra_id, owner, SECONDS, instead_of=held.owner)
            if clock.monotonic() > until:
                raise LeaseHeld(f"another command works on {infra_id}: {holder}", held.owner) from None
            services.watcher.waiting(NodeId(""), f"another command works on this infrastructure ({holder}); waiting for it")
            await clock.sleep(0.5)


async def _renew(services: Services, lease: Lease) -> None:
    while True:
        await services.clock.sleep(SECONDS / 3)
        with suppress(StoreError):  # the next write of the work itself finds out
            services.store.acquire(lease.scope, lease.owner, SECONDS)


def _holder(owner: str) -> str:
    host, pid, _ = owner.split(":")
    return f"process {pid} on {host}"


def _has_died(owner: str) -> bool:
    """Whether the holder was a process of this machine that is no more: its lease need not be waited for."""
    host, pid, _ = owner.split(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

"""The right to work on an infrastructure: waited for, kept up while the work goes on, given back."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from occopus.engine.services import Services
from occopus.errors import Interrupted, LeaseHeld, StoreError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.store.base import Lease


class Owner(NamedTuple):
    """Who holds a lease. `place` tells apart where process numbers mean something: machines, their boots, and containers."""

    host: str
    pid: int
    place: str
    unique: str

    @classmethod
    def new(cls) -> Owner:
        return cls(socket.gethostname(), os.getpid(), _place(), uuid.uuid4().hex[:8])

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """None for an owner that some other program wrote."""
        match text.split(":"):
            case [host, pid, place, unique] if pid.isdecimal():
                return cls(host, int(pid), place, unique)
        return None

    def __str__(self) -> str:
        return ":".join(map(str, self))

    @property
    def has_died(self) -> bool:
        """Whether it was a process that would be seen from here if it still were: its lease need not be waited for."""
        return self.place == _place() and not _lives(self.pid)


@asynccontextmanager
async def held_lease(services: Services, infra_id: InfraId, stop: asyncio.Event) -> AsyncIterator[tuple[Lease, asyncio.Event]]:
    """Hold the lease of an infrastructure. The event that comes with it is set when somebody else has taken it.

    Raises:
        LeaseHeld: somebody else has held it for longer than the wait.
        Interrupted: `stop` was set meanwhile.
    """
    lease = await _acquire(services, infra_id, str(Owner.new()), stop)
    lost = asyncio.Event()
    renewing = asyncio.create_task(_renew(services, lease, lost))
    try:
        yield lease, lost
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing  # else it may take the lease once more when it was given back
        with suppress(StoreError):  # it expires by itself
            await services.clock.call(services.store.release, lease)


async def _acquire(services: Services, infra_id: InfraId, owner: str, stop: asyncio.Event) -> Lease:
    clock, store, policy = services.clock, services.store, services.policy
    until = clock.monotonic() + policy.lease_patience
    dead: str | None = None
    while True:
        try:
            return await clock.call(store.acquire, infra_id, owner, policy.lease_seconds, dead)
        except LeaseHeld as held:
            holder = Owner.parse(held.owner)
            if holder and holder.has_died and dead != held.owner:
                dead = held.owner
                continue
            name = f"process {holder.pid} on {holder.host}" if holder else held.owner
            if clock.monotonic() >= until:
                raise LeaseHeld(f"another command works on {infra_id}: {name}", held.owner) from None
        services.watcher.waiting(NodeId(""), f"another command works on this infrastructure ({name}); waiting for it")
        await clock.sleep(policy.lease_seconds / 30)
        if stop.is_set():
            raise Interrupted(f"stopped while waiting for {name}")


async def _renew(services: Services, lease: Lease, lost: asyncio.Event) -> None:
    """Keep a lease up, until it turns out that it is somebody else's by now."""
    while not lost.is_set():
        await services.clock.sleep(services.policy.lease_seconds / 3)
        try:
            renewed = await services.clock.call(services.store.acquire, lease.scope, lease.owner, services.policy.lease_seconds, None)
            if renewed.fence != lease.fence:
                lost.set()
                await services.clock.call(services.store.release, renewed)
        except LeaseHeld:
            lost.set()
        except StoreError:
            continue  # it may be there again next time; meanwhile nobody else gets the lease from it either


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # it is there, and not ours to ask
        return True


def _place() -> str:
    boot, numbers = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    try:
        parts = [boot.read_text().strip(), str(numbers.readlink())]
    except OSError:  # not Linux
        parts = [socket.gethostname(), str(uuid.getnode())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

"""Waiting for machines: all that wait at one endpoint are looked at by one `describe`.

A waiting node costs an entry in a heap, no thread and no timer of its own.
"""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import TypeVar

from occopus.engine.clock import Clock
from occopus.model.instance import Handle, NodeId
from occopus.plugins.resource import ResourceHandler, ResourceStatus

TOGETHER = 0.25
"""Nodes whose turn comes within this part of their interval are looked at together."""

T = TypeVar("T")

AT_ONCE = 1000
"""How many nodes one question is about at most; backends answer them page by page, and more would wait for the last page."""


def parted(asked: list[T]) -> list[list[T]]:
    """Those that are asked about, in parts that each fit into one question."""
    return [asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE)]


class Poller:
    """Serves one handler."""

    def __init__(self, handler: ResourceHandler, clock: Clock) -> None:
        self._handler = handler
        self._clock = clock
        self._waiting: list[tuple[float, int, float, Handle, asyncio.Future[ResourceStatus | None]]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def status(self, handle: Handle, after: float) -> ResourceStatus | None:
        """The node's status, asked for about `after` seconds from now; None where the backend does not know it.

        Raises whatever `describe` raises.
        """
        answer: asyncio.Future[ResourceStatus | None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._clock.monotonic() + after, next(self._order), after, handle, answer))
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        return await answer

    async def _serve(self) -> None:
        while self._waiting:
            pause = self._waiting[0][0] - self._clock.monotonic()
            if pause > 0 and await self._pause(pause):
                continue
            await self._ask(self._due())

    async def _pause(self, seconds: float) -> bool:
        """Wait until the next node's turn; whether an earlier one came in meanwhile."""
        self._changed.clear()
        first = self._waiting[0][0]
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        noticing = asyncio.ensure_future(self._changed.wait())
        await asyncio.wait([sleeping, noticing], return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()
        noticing.cancel()
        return self._waiting[0][0] < first or self._waiting[0][0] > self._clock.monotonic()

    def _due(self) -> list[tuple[Handle, asyncio.Future[ResourceStatus | None]]]:
        now = self._clock.monotonic()
        due = []
        while self._waiting and self._waiting[0][0] - TOGETHER * self._waiting[0][2] <= now:
            *_, handle, answer = heapq.heappop(self._waiting)
            if not answer.done():
                due.append((handle, answer))
        return due

    async def _ask(self, due: list[tuple[Handle, asyncio.Future[ResourceStatus | None]]]) -> None:
        if not due:
            return
        handles = list({handle.node_id: handle for handle, _ in due}.values())
        found: dict[NodeId, ResourceStatus] = {}
        error: BaseException | None = None
        try:
            for part in await asyncio.gather(*(self._clock.call(self._handler.describe, part) for part in parted(handles))):
                found.update(part)
        except asyncio.CancelledError:
            raise
        except BaseException as raised:  # each waiting step decides for itself what it means; none may be left waiting
            error = raised
        for handle, answer in due:
            if answer.done():
                continue
            if error:
                answer.set_exception(error)
                answer.exception()  # a step that is cancelled in this moment does not ask for it
            else:
                answer.set_result(found.get(handle.node_id))

    def close(self) -> None:
        if self._task:
            self._task.cancel()

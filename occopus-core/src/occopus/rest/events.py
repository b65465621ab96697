"""/infrastructures/{id}/events: what happened to an infrastructure, also to one that is gone, as JSON or as a stream of events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress

from falcon import MEDIA_JSON
from falcon.asgi import Request, Response, SSEvent

from occopus.as_json import event_as_json
from occopus.errors import InfrastructureNotFound
from occopus.model.event import Event
from occopus.rest.access import User
from occopus.rest.answers import Resource, number, user_of
from occopus.rest.problems import Problem

STREAM = "text/event-stream"
LOOK_AGAIN = 1.0
"""Seconds between two looks for new events."""
SIGN_OF_LIFE = 15
"""Looks without news after which a comment is sent, so that nobody on the way takes the connection for dead."""
STREAMS = 200
"""How many may be open at once."""
PAGE = 1000
"""Events in one answer, unless fewer are asked for."""

_NAME = re.compile(r"\d{0,30}", re.ASCII)

Named = tuple[str, Event]


class Events(Resource):
    """The events, the oldest first."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        streaming = req.client_prefers((MEDIA_JSON, STREAM)) == STREAM
        last, after = req.get_header("Last-Event-ID") or "", req.get_param("after") or ""
        if not (_NAME.fullmatch(last) and _NAME.fullmatch(after)):
            raise Problem(422, "'after' and 'Last-Event-ID' are the id of an event")
        after = (streaming and last) or after
        limit = number(req.get_param("limit") or str(PAGE), "limit", 1, PAGE)
        found = await self.services.read(self._after, user_of(req), infra_id, after)
        if not streaming:
            return self.give(resp, {"events": [event_as_json(*each) for each in found[:limit]]})
        if not found and await self.services.read(self._is_over, user_of(req), infra_id):
            resp.status = 204  # which tells browsers not to come again
            return None
        if self.services.streams >= STREAMS or self.services.ending.is_set():
            raise Problem(503, "too many streams of events are open", retry_after=30)
        resp.sse = self._stream(infra_id, user_of(req), after, found)
        return None

    async def _stream(self, infra_id: str, user: User, after: str, found: list[Named]) -> AsyncIterator[SSEvent | None]:
        self.services.streams += 1
        silent = 0
        try:
            while True:
                for name, event in found:
                    yield SSEvent(event=event.kind, event_id=name, data=self._line(name, event))
                    after, silent = name, 0
                if found and found[-1][1].kind == "destroyed":
                    return
                silent += 1
                if silent % SIGN_OF_LIFE == 1:
                    yield SSEvent(comment="nothing new")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.services.ending.wait(), LOOK_AGAIN)
                    return
                found = await self.services.read(self._after, user, infra_id, after)
        finally:
            self.services.streams -= 1

    def _line(self, name: str, event: Event) -> bytes:
        return self.services.discretion.of_text(json.dumps(event_as_json(name, event))).encode()

    def _after(self, user: User, infra_id: str, after: str) -> list[Named]:
        self.services.allow(user, infra_id)
        return list(self.manager.events(infra_id, after))

    def _is_over(self, user: User, infra_id: str) -> bool:
        try:
            self.services.record(user, infra_id)
        except InfrastructureNotFound:
            return True
        return False

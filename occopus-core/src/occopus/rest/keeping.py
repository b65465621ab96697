"""/infrastructures/{id}/attach, /detach and /status: whether an infrastructure is maintained, and what comes of it."""

from __future__ import annotations

import time
from typing import Any

from falcon.asgi import Request, Response

from occopus.as_json import status_of
from occopus.engine.keeper import Note
from occopus.engine.wishes import attach, detach
from occopus.model.infrastructure import InfraId
from occopus.rest.access import User
from occopus.rest.answers import Resource, user_of
from occopus.store.records import is_attached, load_owner


class Attach(Resource):
    """Maintains it from now on."""

    async def on_post(self, req: Request, resp: Response, infra_id: str) -> None:
        await self.services.read(self._attach, user_of(req), infra_id)
        self.services.keeper.hurry(InfraId(infra_id))
        self.accept(resp, {"infraid": infra_id})

    def _attach(self, user: User, infra_id: str) -> None:
        record = self.services.record(user, infra_id)
        attach(self.manager.store, self.services.attachment(user, record.infra_id), time.time())


class Detach(Resource):
    """Does not touch it any more."""

    async def on_post(self, req: Request, resp: Response, infra_id: str) -> None:
        await self.services.read(self._detach, user_of(req), infra_id)
        self.services.keeper.let_go(InfraId(infra_id))
        self.accept(resp, {"infraid": infra_id})

    def _detach(self, user: User, infra_id: str) -> None:
        record = self.services.record(user, infra_id)
        detach(self.manager.store, record.infra_id, time.time())


class Status(Resource):
    """What is going on with it."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        self.give(resp, await self.services.read(self._status, user_of(req), infra_id))

    def _status(self, user: User, infra_id: str) -> dict[str, Any]:
        record = self.services.record(user, infra_id)
        note = self.services.keeper.notes.get(record.infra_id)
        return {
            "infraid": record.infra_id,
            "name": record.name,
            "user": load_owner(self.manager.store, record.infra_id),
            "status": status_of(record),
            "attached": is_attached(self.manager.store, record.infra_id),
            "created_at": record.created_at,
            "last_run": _as_json(note) if note else None,
        }


def _as_json(note: Note) -> dict[str, Any]:
    return {"result": note.result, "began": note.began, "seconds": note.seconds, "problem": note.problem or None}

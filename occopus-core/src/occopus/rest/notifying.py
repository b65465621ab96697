"""/infrastructures/{id}/notify: where the events of an infrastructure go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from falcon.asgi import Request, Response

from occopus.model.node import Section
from occopus.rest.access import User
from occopus.rest.answers import Resource, user_of
from occopus.rest.bodies import body_of, json_of


class Notify(Resource):
    """Its targets: each a section of a notifier, as `{"type": "webhook", "url": ...}`."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        found = await self.services.read(self._targets, user_of(req), infra_id)
        self.give(resp, {"infraid": infra_id, "targets": list(found)})

    async def on_post(self, req: Request, resp: Response, infra_id: str) -> None:
        wanted = json_of(await body_of(req, self.services))
        await self.services.compile(self._set, user_of(req), infra_id, wanted)
        self.give(resp, {"infraid": infra_id})

    def _targets(self, user: User, infra_id: str) -> Sequence[Section]:
        return self.manager.notifications(self.services.record(user, infra_id).infra_id)

    def _set(self, user: User, infra_id: str, wanted: Any) -> None:
        """One target, or a list of them; none is an empty list."""
        record = self.services.record(user, infra_id)
        self.manager.set_notifications(record.infra_id, wanted if isinstance(wanted, list) else [wanted])

"""/healthz, /readyz and /metrics: for those who watch over the service."""

from __future__ import annotations

import asyncio

from falcon.asgi import Request, Response

from occopus.model.infrastructure import InfraId
from occopus.rest.answers import Resource
from occopus.rest.problems import Problem
from occopus.store.records import load_owner

STORE_SECONDS = 5.0
"""How long the store may take to answer."""


class Health(Resource):
    """Whether it lives: who does not answer is to be started anew."""

    async def on_get(self, req: Request, resp: Response) -> None:
        self.give(resp, {"status": "ok"})


class Readiness(Resource):
    """Whether it works: the store can be read, and the keeper and the courier go round."""

    async def on_get(self, req: Request, resp: Response) -> None:
        if self.services.ending.is_set():
            raise Problem(503, "the service is about to end")
        try:
            await asyncio.wait_for(self.services.read(load_owner, self.manager.store, InfraId("none")), STORE_SECONDS)
        except TimeoutError:
            raise Problem(503, "the store does not answer") from None
        if not self.services.keeper.is_well:
            raise Problem(503, "the keeper does not go round; the log of the service says why")
        if not self.services.courier.is_well:
            raise Problem(503, "the courier of notifications does not go round; the log of the service says why")
        self.give(resp, {"status": "ok"})


class Measures(Resource):
    """The numbers, for Prometheus."""

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.data, resp.content_type = await self.services.read(self.services.metrics.text)

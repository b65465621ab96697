"""/infrastructures/{id}/scaleup, /scaledown and /scaleto: more or fewer instances of a node."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request, Response

from occopus.engine.wishes import BeingDestroyed
from occopus.errors import UsageError
from occopus.model.infrastructure import InfraId
from occopus.rest.access import User
from occopus.rest.answers import Resource, number, user_of
from occopus.rest.problems import Problem

MOST = 1_000_000


class ScaleUp(Resource):
    """So many more; one if none is given."""

    async def on_post(self, req: Request, resp: Response, infra_id: str, node: str, count: str = "1") -> None:
        more = number(count, "count", 1, MOST)
        await ask(self, req, infra_id, node, change=more)
        self.accept(resp, {"infraid": infra_id, "method": "scaleup", "nodename": node, "count": more})


class ScaleDown(Resource):
    """One fewer: the youngest, or the one that has an id or address."""

    async def on_post(self, req: Request, resp: Response, infra_id: str, node: str, instance: str | None = None) -> None:
        answer: dict[str, Any] = {"infraid": infra_id, "method": "scaledown", "nodename": node}
        if instance is None:
            await ask(self, req, infra_id, node, change=-1)
            return self.accept(resp, answer | {"count": 1})
        await ask(self, req, infra_id, node, leaving=instance)
        return self.accept(resp, answer | {"nodeid": instance})


class ScaleTo(Resource):
    """Exactly so many."""

    async def on_post(self, req: Request, resp: Response, infra_id: str, node: str, count: str) -> None:
        target = number(count, "count", 0, MOST)
        await ask(self, req, infra_id, node, target=target)
        self.accept(resp, {"infraid": infra_id, "method": "scaleto", "nodename": node, "count": target})


async def ask(resource: Resource, req: Request, infra_id: str, node: str, **wish: Any) -> None:
    """Note the request down, and let the next pass come at once.

    Raises:
        BeingDestroyed: the infrastructure is on its way out.
        Problem: there is no such node or instance (404).
    """
    await resource.services.read(_note_down, resource, user_of(req), infra_id, node, wish)
    resource.services.keeper.hurry(InfraId(infra_id))


def _note_down(resource: Resource, user: User, infra_id: str, node: str, wish: dict[str, Any]) -> None:
    record = resource.services.record(user, infra_id)
    if record.desired is None:
        raise BeingDestroyed(f"{infra_id} is being destroyed")
    try:
        resource.manager.scale(infra_id, node, **wish)
    except UsageError as error:
        raise Problem(404, error.message, error.hint) from None

"""/infrastructures/{id}/plan and /cost: what backends have to be asked for."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request, Response

from occopus.as_json import plan_as_json
from occopus.engine.costs import Costs
from occopus.rest.answers import Resource, user_of
from occopus.store.records import load_instances


class PlanOfOne(Resource):
    """What the next pass would do."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        await self.services.read(self.services.record, user_of(req), infra_id)
        self.give(resp, plan_as_json(await self.services.look(self.manager.plan, None, infra_id)))


class CostOfOne(Resource):
    """What the instances have cost so far."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        record = await self.services.read(self.services.record, user_of(req), infra_id)
        known = await self.services.read(load_instances, self.manager.store, record.infra_id)
        costs = await self.services.look(self.manager.costs, infra_id)
        self.give(resp, costs_as_json(costs, {node_id: each.value.node_name for node_id, each in known.items()}))


def costs_as_json(costs: Costs, names: dict[Any, str]) -> dict[str, Any]:
    """By node and instance, in both of the original's forms: beside the total, and below `nodecosts`. What is not known is null."""
    by_node: dict[str, dict[str, float | None]] = {name: {} for name in names.values()}
    for node_id, name in names.items():
        by_node[name][node_id] = costs.told.get(node_id)
    return by_node | {"totalcost": costs.total, "nodecosts": by_node}

"""/alerts and /infrastructures/{id}/alerts: what Prometheus' Alertmanager sends becomes requests for more or fewer instances."""

from __future__ import annotations

import time
from dataclasses import asdict

from falcon.asgi import Request, Response

from occopus.engine.alerting import Alert, Answer, alerts_in, decide
from occopus.errors import InfrastructureNotFound, UsageError
from occopus.model.infrastructure import InfraId
from occopus.rest.access import User
from occopus.rest.answers import Resource, user_of
from occopus.rest.bodies import body_of, json_of
from occopus.rest.problems import Problem


class Alerts(Resource):
    """Of one infrastructure, or of those that the alerts name."""

    async def on_post(self, req: Request, resp: Response, infra_id: str | None = None) -> None:
        user, payload = user_of(req), json_of(await body_of(req, self.services))
        if infra_id is not None:
            await self.services.read(self.services.record, user, infra_id)
        try:
            alerts = list(alerts_in(payload, infra_id))
        except UsageError as error:
            raise Problem(422, error.message, error.hint) from None
        answers = [await self.services.read(self._answer, user, alert) for alert in alerts]
        for answer in answers:
            if answer.decision == "scaled":
                self.services.keeper.hurry(InfraId(answer.infra_id))
        self.accept(resp, {"alerts": [asdict(answer) for answer in answers]})

    def _answer(self, user: User, alert: Alert | Answer) -> Answer:
        if isinstance(alert, Answer):
            return alert
        try:
            self.services.record(user, alert.infra_id)
        except InfrastructureNotFound as error:
            return Answer(alert.infra_id, alert.node, "refused", error.message)
        return decide(self.manager.store, alert, time.time(), self.services.settings.rest_cooldown)

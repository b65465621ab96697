"""The ASGI application: which resource is at which path."""

from __future__ import annotations

from typing import Any

import falcon
from falcon.asgi import App, Request, Response

from occopus.rest import problems
from occopus.rest.alerts import Alerts
from occopus.rest.answers import Resource
from occopus.rest.browsers import Browsers
from occopus.rest.definitions import Definitions, OneDefinition
from occopus.rest.documents import Document, Page
from occopus.rest.events import Events
from occopus.rest.health import Health, Measures, Readiness
from occopus.rest.infrastructures import Infrastructures, OneInfrastructure
from occopus.rest.keeping import Attach, Detach, Status
from occopus.rest.looking import CostOfOne, PlanOfOne
from occopus.rest.notifying import Notify
from occopus.rest.scaling import ScaleDown, ScaleTo, ScaleUp
from occopus.rest.services import RestServices

ROUTES: dict[str, type[Resource]] = {
    "/": Page,
    "/openapi.json": Document,
    "/healthz": Health,
    "/readyz": Readiness,
    "/metrics": Measures,
    "/infrastructures": Infrastructures,
    "/infrastructures/{infra_id}": OneInfrastructure,
    "/infrastructures/{infra_id}/status": Status,
    "/infrastructures/{infra_id}/plan": PlanOfOne,
    "/infrastructures/{infra_id}/cost": CostOfOne,
    "/infrastructures/{infra_id}/events": Events,
    "/infrastructures/{infra_id}/attach": Attach,
    "/infrastructures/{infra_id}/detach": Detach,
    "/infrastructures/{infra_id}/scaleup/{node}": ScaleUp,
    "/infrastructures/{infra_id}/scaleup/{node}/{count}": ScaleUp,
    "/infrastructures/{infra_id}/scaledown/{node}": ScaleDown,
    "/infrastructures/{infra_id}/scaledown/{node}/{instance}": ScaleDown,
    "/infrastructures/{infra_id}/scaleto/{node}/{count}": ScaleTo,
    "/infrastructures/{infra_id}/notify": Notify,
    "/infrastructures/{infra_id}/alerts": Alerts,
    "/alerts": Alerts,
    "/node_definitions": Definitions,
    "/node_definitions/{name}": OneDefinition,
}
"""Each also with a slash at its end."""


class Lifespan:
    """Begins and ends the work behind the service together with the server."""

    def __init__(self, services: RestServices) -> None:
        self._services = services

    async def process_startup(self, scope: object, event: object) -> None:
        self._services.start()

    async def process_shutdown(self, scope: object, event: object) -> None:
        await self._services.end()


async def nothing(req: Request, resp: Response | None, **kwargs: Any) -> None:
    """What is at all other paths."""
    raise problems.Problem(404, "there is nothing at this path; /openapi.json says what there is")


def create_app(services: RestServices) -> App[Request, Response]:
    """The service as an ASGI application, for any ASGI server. Infrastructures are kept between its startup and its shutdown."""
    settings = services.settings
    middleware: list[Any] = [Lifespan(services), services.metrics, Browsers(settings.rest_hosts, settings.rest_cors), services.access]
    if settings.rest_cors:
        middleware.insert(1, falcon.CORSMiddleware(allow_origins=settings.rest_cors, expose_headers=["Location", "Retry-After"]))
    app = App(middleware=middleware)
    app.req_options.strip_url_path_trailing_slash = True
    app.add_sink(nothing)
    problems.set_up(app, services)
    for path, resource in ROUTES.items():
        app.add_route(path, resource(services))
    return app

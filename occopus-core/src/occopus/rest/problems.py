"""What goes wrong, as problem+json (RFC 9457), with the same words as on the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import falcon
from falcon.asgi import App, Request, Response

from occopus.diagnostics import DescriptionError
from occopus.errors import (
    InfrastructureNotFound,
    LeaseHeld,
    OccopusError,
    StalePlan,
    StoreError,
    UsageError,
    VersionConflict,
)
from occopus.rest.services import RestServices

LOG = logging.getLogger("occopus.rest")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 5
"""Seconds after which to try again what could not be done for a reason that passes."""


class Problem(falcon.HTTPError):
    """A request that is not carried out. `errors` has each fault in what was sent, `hint` what to do about it."""

    def __init__(
        self, status: int, detail: str, hint: str | None = None, errors: list[dict[str, Any]] | None = None, retry_after: int | None = None
    ) -> None:
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
        super().__init__(status, title=HTTPStatus(status).phrase, description=detail, headers=headers)
        self.hint = hint
        self.errors = errors


def set_up(app: App[Request, Response], services: RestServices) -> None:
    """Let an app answer problems in this way, whatever they are."""

    def serialize(req: Request, resp: Response, error: falcon.HTTPError) -> None:
        resp.content_type = MEDIA_TYPE
        resp.text = services.discretion.of_text(json.dumps(_as_json(error)))

    async def unexpected(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
        LOG.error("something unexpected went wrong with %s %s", req.method, req.path, exc_info=error)
        raise Problem(500, "something unexpected went wrong; the log of the service has more")

    async def known(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
        raise _problem_of(error, services)

    app.set_error_serializer(serialize)
    app.add_error_handler(Exception, unexpected)
    app.add_error_handler(OccopusError, known)
    app.add_error_handler(TimeoutError, known)


def _as_json(error: falcon.HTTPError) -> dict[str, Any]:
    status = int(error.status.split()[0]) if isinstance(error.status, str) else int(error.status)
    problem: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if error.description:
        problem["detail"] = error.description
    for name in ("hint", "errors"):
        value = getattr(error, name, None)
        if value:
            problem[name] = value
    return problem


def _problem_of(error: Exception, services: RestServices) -> Problem:
    for kind, make in _KINDS.items():
        if isinstance(error, kind):
            return make(error)
    return Problem(500, "something went wrong; the log of the service has more")


def _of_description(error: Any) -> Problem:
    faults = [fault.as_json() for fault in error.faults]
    number = sum(fault["severity"] == "error" for fault in faults)
    return Problem(422, f"{number} fault{'' if number == 1 else 's'} in what was sent", errors=faults)


def _of_store(error: Any) -> Problem:
    LOG.error("the store can't be used: %s", error.message)
    return Problem(503, "the store can't be used at the moment; the log of the service says why", retry_after=RETRY_AFTER)


def _with(status: int, retry_after: int | None = None) -> Callable[[Any], Problem]:
    return lambda error: Problem(status, error.message, error.hint, retry_after=retry_after)


_KINDS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    InfrastructureNotFound: lambda error: Problem(404, error.message),
    DescriptionError: _of_description,
    UsageError: _with(422),
    LeaseHeld: _with(409, RETRY_AFTER),
    VersionConflict: _with(409),
    StalePlan: _with(409),
    StoreError: _of_store,
    TimeoutError: lambda error: Problem(503, "this takes too long at the moment", retry_after=RETRY_AFTER),
}
"""By the kind of error, the nearest first."""

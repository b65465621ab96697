"""The calls that are made of CloudSigma's API 2.0, page by page, with errors translated.

Plain REST: the `cloudsigma` library of CloudSigma waits without limit for a reply, drops the header Retry-After, reads a configuration file
of its own when it is imported and takes credentials from there, can log the password, and changes Python's import system (`future`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from occopus.plugins import ErrorKind, HandlerConfig, ResourceError
from occopus.plugins.rest import NotFound, RestClient
from occopus_cloudsigma import __version__

Json = dict[str, Any]

TYPES = {
    "validation": ErrorKind.INVALID,
    "notexist": ErrorKind.INVALID,
    "concurrency": ErrorKind.TRANSIENT,
    "billing": ErrorKind.QUOTA,
    "payment": ErrorKind.QUOTA,
}
"""The types of errors, from the API reference ("Errors")."""

FULL = re.compile(r"capacity|not enough (free )?(resources|hosts?|memory|cpu|space)|no (suitable|available) host", re.IGNORECASE)
"""How a 503 reads that comes from a full site; other ones pass."""


@dataclass(frozen=True)
class Reply:
    """What a call gave. `at` is the time by CloudSigma's clock."""

    data: Json
    at: datetime

    @property
    def objects(self) -> list[Json]:
        return list(self.data.get("objects", ()))


class Api(RestClient):
    """One site with one account."""

    def __init__(self, config: HandlerConfig, session: requests.Session | None = None) -> None:
        login = HTTPBasicAuth(config.credentials["email"].encode(), config.credentials["password"].encode())
        super().__init__(str(config.section["endpoint"]), login, f"occopus/{__version__}", session)

    def all(self, path: str, doing: str, **filters: str) -> Reply:
        """All objects of a listing. A site may give fewer at once than all."""
        objects: list[Json] = []
        while True:
            page = self._read("GET", path, doing, params={**filters, "limit": "0", "offset": str(len(objects))})
            objects += page.objects
            total = int(page.data.get("meta", {}).get("total_count", 0))
            if not page.objects or len(objects) >= total:
                return Reply({"objects": objects}, page.at)

    def get(self, path: str, doing: str) -> Json | None:
        """What is there, if anything."""
        try:
            return self._read("GET", path, doing).data
        except NotFound:
            return None

    def post(self, path: str, doing: str, body: Json, **parameters: str) -> Reply:
        return self._read("POST", path, doing, params=parameters, json=body)

    def delete(self, path: str, doing: str, **parameters: str) -> None:
        """Succeeds on what is gone already."""
        try:
            self.call("DELETE", path, doing, params=parameters)
        except NotFound:
            return

    def explain(self, reply: requests.Response) -> str:
        return "; ".join(_word(each) for each in _errors(reply) if each.get("error_message"))

    def kind(self, reply: requests.Response, said: str) -> ErrorKind | None:
        types = sorted(str(each.get("error_type")) for each in _errors(reply))
        named = next((TYPES[each] for each in types if each in TYPES), None)
        return named or (ErrorKind.NO_CAPACITY if reply.status_code == 503 and FULL.search(said) else None)

    def _read(self, method: str, path: str, doing: str, **options: Any) -> Reply:
        reply = self.call(method, path, doing, **options)
        try:
            data = reply.json() if reply.content else {}
        except ValueError as error:
            raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: the reply is not of CloudSigma's API (no JSON)") from error
        return Reply(data if isinstance(data, dict) else {}, _time_of(reply))


def _errors(reply: requests.Response) -> list[Json]:
    try:
        told = reply.json()
    except ValueError:
        return []
    return [each for each in (told if isinstance(told, list) else [told]) if isinstance(each, dict)]


def _word(error: Json) -> str:
    point = error.get("error_point")
    return f"{point}: {error['error_message']}" if point else str(error["error_message"])


def _time_of(reply: requests.Response) -> datetime:
    try:
        return parsedate_to_datetime(reply.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)

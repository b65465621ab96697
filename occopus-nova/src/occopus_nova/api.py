"""Calls to the services of a cloud: each once, each with its errors translated, lists page by page."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from openstack.connection import Connection
from requests import Response

from occopus.plugins import ErrorKind, ResourceError
from occopus_nova.failures import refused, translated

Json = dict[str, Any]

COMPUTE, NETWORK, IMAGE, VOLUME = "compute", "network", "image", "block_storage"


class Api:
    """Used by several threads at once: they share the session, which is made for that, and each service's proxy is made by one of them."""

    def __init__(self, connection: Connection, project_id: str | None) -> None:
        self._connection = connection
        self._wanted_project = project_id
        self._proxies: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(
        self,
        service: str,
        method: str,
        path: str,
        doing: str,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        none_on: tuple[int, ...] = (),
    ) -> Json | None:
        """The answer's body; None where the status is one of `none_on`.

        Nothing is repeated here: a second POST after a lost reply would make a second machine.

        Raises:
            ResourceError: it failed.
        """
        with translated(doing):
            response = self._proxy(service).request(
                path, method, json=body, params=dict(params or {}), headers=dict(headers or {}), raise_exc=False, connect_retries=0
            )
        if response.status_code in none_on:
            return None
        if response.status_code >= 400:
            raise refused(response, doing)
        return _json(response, doing)

    def get(self, service: str, path: str, doing: str, params: Mapping[str, str] | None = None) -> Json:
        """As `call`, of what must be there."""
        return self.call(service, "GET", path, doing, params=params) or {}

    def each(self, service: str, path: str, key: str, doing: str, params: Mapping[str, str] | None = None) -> Iterator[Json]:
        """The items of a list, over all its pages."""
        asked = dict(params or {})
        while True:
            page = self.get(service, path, doing, asked)
            yield from page[key]
            if not page[key] or not _goes_on(page, key):
                return
            asked["marker"] = page[key][-1]["id"]

    def project_id(self) -> str:
        """The project that the token is for.

        Raises:
            ResourceError: it is another than the one that is wanted: an application credential belongs to one project.
        """
        with translated("logging in"):
            project_id = str(self._connection.session.get_project_id())
        if self._wanted_project not in (None, project_id):
            message = f"the application credential is for the project '{project_id}', not for '{self._wanted_project}'"
            raise ResourceError(ErrorKind.CREDENTIALS, message)
        return project_id

    def _proxy(self, service: str) -> Any:
        with self._lock:
            if service not in self._proxies:
                self.project_id()
                self._proxies[service] = getattr(self._connection, service)
            return self._proxies[service]


def _json(response: Response, doing: str) -> Json:
    try:
        answer: Json = response.json() if response.content else {}
    except ValueError as error:
        raise ResourceError(ErrorKind.UNKNOWN, f"{doing} failed: the answer of {response.url} is no JSON") from error
    return answer


def segment(text: str) -> str:
    """A user's text as one part of a path."""
    return quote(text, safe="")


def _goes_on(page: Json, key: str) -> bool:
    """Nova, Neutron and Cinder link to the next page, Glance has its path."""
    return "next" in page or any(link["rel"] == "next" for link in page.get(f"{key}_links", ()))

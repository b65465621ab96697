"""Calls to the Resource Manager: each once, each with its errors translated, lists page by page."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.pipeline import policies
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy, ARMHttpLoggingPolicy

from occopus.plugins import ErrorKind, HandlerConfig, ResourceError
from occopus_azure_aci import __version__
from occopus_azure_aci.arm import clouds
from occopus_azure_aci.arm.failures import refused, translated
from occopus_azure_aci.arm.login import credential

Json = dict[str, Any]

CONNECT, READ = 10, 60
"""Seconds that a connection, and an answer, may take."""

HTTPS = 443


class Client:
    """One endpoint with one set of credentials. It may be used by many threads; tokens are asked for when they are first needed."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        self._endpoint = config.section["endpoint"].rstrip("/")
        self._secrets = config.credentials
        self._client = client
        self._making = threading.Lock()

    def call(
        self,
        method: str,
        path: str,
        version: str,
        doing: str,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        none_on: tuple[int, ...] = (),
    ) -> Json | None:
        """The answer's body; None where the status is one of `none_on`. A long-running operation is begun and not waited for.

        Raises:
            ResourceError: it failed.
        """
        # Nothing goes through the SDK's pollers: they would sleep here, and the engine polls.
        query = {**(params or {}), "api-version": version}
        return self._send(HttpRequest(method, f"{self._endpoint}{path}", params=query, json=body), doing, none_on)

    def each(self, path: str, version: str, doing: str, params: Mapping[str, str] | None = None) -> Iterator[Json]:
        """The items of a list, over all its pages; none where what is listed in is not there."""
        page = self.call("GET", path, version, doing, params=params, none_on=(404,))
        while page:
            yield from page.get("value", ())
            link = page.get("nextLink")
            page = self._send(HttpRequest("GET", self._own(link, doing)), doing) if link else None

    def _own(self, link: str, doing: str) -> str:
        """A link to the next page; the token is for nobody but the endpoint."""
        url, own = urlsplit(link), urlsplit(self._endpoint)
        if (url.scheme, url.hostname, url.port or HTTPS) != (own.scheme, own.hostname, own.port or HTTPS):
            raise ResourceError(ErrorKind.UNKNOWN, f"{doing} failed: the next page is said to be at another host, {url.hostname}")
        return link

    def _send(self, request: HttpRequest, doing: str, none_on: tuple[int, ...] = ()) -> Json | None:
        response = self._respond(request, doing)
        if response.status_code in none_on:
            return None
        if response.status_code >= 400:
            raise refused(response, doing)
        return _json(response, doing)

    def _respond(self, request: HttpRequest, doing: str) -> HttpResponse:
        with translated(doing):
            response: HttpResponse = self._made(doing).send_request(request)
            return response

    def _made(self, doing: str) -> Any:
        with self._making:
            if self._client is None:
                self._client = self._make(doing)
            return self._client

    def _make(self, doing: str) -> PipelineClient[HttpRequest, HttpResponse]:
        known = clouds.known(self._endpoint)
        cloud = known or self._ask_cloud(doing)
        authentication = ARMChallengeAuthenticationPolicy(credential(self._secrets, cloud, is_known=bool(known)), cloud.scope)
        return PipelineClient(self._endpoint, policies=[*_common(), authentication, ARMHttpLoggingPolicy()], transport=_transport())

    def _ask_cloud(self, doing: str) -> clouds.Cloud:
        """Who gives tokens, as the endpoint itself says; this needs none."""
        with PipelineClient[HttpRequest, HttpResponse](self._endpoint, policies=_common(), transport=_transport()) as anonymous:
            url = f"{self._endpoint}/metadata/endpoints"
            response = anonymous.send_request(HttpRequest("GET", url, params={"api-version": "2015-01-01"}))
        if response.status_code >= 400:
            raise refused(response, doing)
        told = (_json(response, doing) or {}).get("authentication") or {}
        if not told.get("loginEndpoint") or not told.get("audiences"):
            raise ResourceError(ErrorKind.INVALID, f"{doing} failed: {self._endpoint} does not say who gives tokens for it; is it Azure's?")
        return clouds.Cloud(told["loginEndpoint"].rstrip("/"), told["audiences"][0])


def _common() -> list[Any]:
    agent = policies.UserAgentPolicy(base_user_agent=f"occopus/{__version__}")
    return [policies.RequestIdPolicy(), policies.HeadersPolicy({"Accept": "application/json"}), agent]


def _transport() -> RequestsTransport:
    return RequestsTransport(connection_timeout=CONNECT, read_timeout=READ)


def _json(response: HttpResponse, doing: str) -> Json | None:
    if not response.content:
        return {}
    try:
        answer: Json = response.json()
    except ValueError as error:
        raise ResourceError(ErrorKind.UNKNOWN, f"{doing} failed: the answer is no JSON") from error
    return answer

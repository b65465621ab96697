"""The calls that are made of CloudBroker's API, with errors translated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

import requests
from requests.auth import HTTPBasicAuth

from occopus.plugins import ErrorKind, HandlerConfig, ResourceError
from occopus.plugins.rest import NotFound, RestClient
from occopus_cloudbroker import __version__
from occopus_cloudbroker.instance import Instance
from occopus_cloudbroker.xml import Unreadable, read, text_of, write

WORDS = (
    (re.compile(r"quota|limit (is )?(exceeded|reached)|credit", re.IGNORECASE), ErrorKind.QUOTA),
    (re.compile(r"capacity|no (valid|available) host|out of resources", re.IGNORECASE), ErrorKind.NO_CAPACITY),
)
"""How errors read that the platform passes on from the cloud behind it, whatever their status."""


class Api(RestClient):
    """One platform with one account."""

    accept: ClassVar[str] = "application/xml"

    def __init__(self, config: HandlerConfig, session: requests.Session | None = None) -> None:
        login = HTTPBasicAuth(config.credentials["email"].encode(), config.credentials["password"].encode())
        super().__init__(str(config.section["endpoint"]), login, f"occopus/{__version__}", session)

    def instances(self) -> list[Instance]:
        return [Instance.of(each) for each in self._xml("GET", "instances.xml", "looking at instances").iter("instance")]

    def instance(self, id: str) -> Instance | None:
        try:
            return Instance.of(self._xml("GET", f"instances/{id}.xml", f"looking at the instance {id}"))
        except NotFound:
            return None

    def make(self, content: Mapping[str, Any], doing: str) -> str:
        """The id of the instance that is made."""
        made = text_of(self._xml("POST", "instances.xml", doing, write("instance", content)), "id")
        if not made:
            raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: the reply does not say what was made")
        return made

    def stop(self, id: str) -> None:
        """Succeeds on what is gone already."""
        try:
            self.call("PUT", f"instances/{id}/stop", f"stopping the instance {id}")
        except NotFound:
            return

    def cost(self, id: str) -> float | None:
        """What an instance has cost so far, in the currency of the account; None where the platform does not say."""
        try:
            told = self._xml("GET", f"instances/{id}/costs.xml", f"asking what the instance {id} costs")
        except NotFound:
            return None
        total = next((fee for fee in told.iter("fee") if text_of(fee, "name") == "Total"), None)
        if total is None:
            return None
        try:
            cost = abs(Decimal(text_of(total, "total_cost")))
        except InvalidOperation:
            return None
        return float(cost) if cost.is_finite() else None

    def explain(self, reply: requests.Response) -> str:
        """The texts of the reply where it is XML; a page of HTML says nothing to users."""
        if "xml" not in reply.headers.get("Content-Type", ""):
            return ""
        try:
            words = [text.strip() for text in read(reply.content).itertext()]
        except Unreadable:
            return ""
        return "; ".join(filter(None, words))

    def kind(self, reply: requests.Response, said: str) -> ErrorKind | None:
        if reply.status_code == requests.codes.too_many_requests:
            return None  # a limit that is exceeded for a moment only
        return next((kind for words, kind in WORDS if words.search(said)), None)

    def _xml(self, method: str, path: str, doing: str, body: bytes | None = None) -> Element:
        headers = {"Content-Type": "application/xml"} if body is not None else {}
        reply = self.call(method, path, doing, data=body, headers=headers)
        try:
            return read(reply.content)
        except Unreadable as error:
            raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: {error}") from error

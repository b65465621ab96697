"""Stands between Occopus and a service of OpenStack, and loses replies after their effect."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

from occopus.testing.faulty import Proxy
from occopus.testing.http import Request

VERSION = re.compile(r"^.*?/v\d+(\.\d+)?(?=/)")
ID = re.compile(r"/[0-9a-f]{8}[0-9a-f-]{24,28}(?=/|$)")


def action_of(request: Request) -> str:
    """As in `DELETE /servers/*`: its path after the version of the API, without ids."""
    return f"{request.method} {ID.sub('/*', VERSION.sub('', request.path))}"


class LossyProxy(Proxy):
    """Passes everything on to a service."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = urlsplit(target)
        self.url += self.target.path

    def connection(self) -> HTTPConnection:
        return HTTPConnection(self.target.netloc, timeout=120)

    def action(self, request: Request) -> str:
        return action_of(request)

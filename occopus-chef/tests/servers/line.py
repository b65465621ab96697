"""The line between Occopus and a Chef server, which loses what it carries, and may be that to an older server."""

from __future__ import annotations

import ssl
from http.client import HTTPConnection
from urllib.parse import urlsplit

from goiardi import Goiardi

from occopus.testing.faulty import Proxy
from occopus.testing.http import Refusal, Reply, Request


class Line(Proxy):
    """Passes everything on, where it is without faults."""

    def __init__(self, chef: Goiardi, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.address = str(urlsplit(chef.url).netloc)

    def calm(self, seed: int = 0) -> None:
        super().calm(seed)
        self.understands = {"1.0", "1.3"}
        """Versions of the protocol; a server that does not know one refuses what bears it."""

    def connection(self) -> HTTPConnection:
        return HTTPConnection(self.address, timeout=60)

    def action(self, request: Request) -> str | None:
        """Only what Occopus asks counts: machines ask, too."""
        return f"{request.method} {request.path.split('/')[1]}" if request.headers.get("User-Agent", "").startswith("occopus/") else None

    def respond(self, request: Request) -> Reply:
        if not any(f"version={version};" in request.headers.get("X-Ops-Sign", "") for version in self.understands):
            raise Refusal(Reply.of_json(401, {"error": ["Unsupported authentication protocol version"]}))
        return super().respond(request)

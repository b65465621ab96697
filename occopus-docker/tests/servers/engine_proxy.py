"""An HTTP proxy in front of an engine's socket: what gets lost and what fails is planned, and containers can be hidden."""

from __future__ import annotations

import re
import socket
from http.client import HTTPConnection

from occopus.testing.faulty import Proxy
from occopus.testing.http import Refusal, Reply, Request

LIST = "GET /containers/json"


class EngineProxy(Proxy):
    """Names calls as in `POST /containers/create`, ids replaced by `*`."""

    def __init__(self, engine_socket: str) -> None:
        super().__init__()
        self.engine_socket = engine_socket
        self.url = f"tcp://127.0.0.1:{self.port}"
        self.hide = 0
        """How many of the next lists of containers are empty, as while an engine is still making one."""

    def refuse(self, call: str, status: int, message: str) -> None:
        """Answer a call so from now on."""
        self.fail[call] = [Refusal(Reply.of_json(status, {"message": message}), message)] * 1000

    def action(self, request: Request) -> str:
        path = re.sub(r"^/v[0-9.]+", "", request.path)
        return f"{request.method} {re.sub(r'/[0-9a-f]{64}', '/*', path)}"

    def respond(self, request: Request) -> Reply:
        if self.action(request) == LIST and self._hides():
            return Reply.of_json(200, [])
        return super().respond(request)

    def _hides(self) -> bool:
        with self.guard:
            left, self.hide = self.hide, max(0, self.hide - 1)
        return left > 0

    def connection(self) -> HTTPConnection:
        return _Line(self.engine_socket)


class _Line(HTTPConnection):
    """To a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

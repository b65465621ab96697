"""A small HTTP server; `occopus.testing.faulty` has the unreliable one, from which doubles of clouds are made."""

from __future__ import annotations

import json
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What somebody asks."""

    method: str
    target: str
    """Path and query as they came."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """What the body holds; None where it is empty."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Reply:
    """What is answered. A body in pieces is sent piece by piece, and needs its length among the headers."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return cls(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


class Refusal(Exception):
    """What the real API would not do, with its answer to that."""

    def __init__(self, reply: Reply, message: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class HttpServer(ThreadingHTTPServer, ABC):
    """Answers in threads of this process while it is entered; on a free port of this machine, unless it is given an address and a port."""

    daemon_threads = True
    request_queue_size = 128
    ahead = 0.0
    """By how many seconds its clock, which every reply tells, is ahead."""

    def __init__(self, context: ssl.SSLContext | None = None, at: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        super().__init__(at, _Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self.server_address[1]
        self.url = f"{'https' if context else 'http'}://{at[0]}:{self.port}"

    @abstractmethod
    def answer(self, request: Request) -> Reply | None:
        """The reply; None where it gets lost."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asks may go away at any time: commands are killed."""


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.server.answer(Request(self.command, self.path, dict(self.headers.items()), body))
        if reply is None:
            self.close_connection = True
            return
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        pieces = [reply.body] if isinstance(reply.body, bytes) else reply.body
        given = {name.lower() for name in reply.headers}
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "date" not in given:
            self.send_header("Date", self.date_time_string(time.time() + self.server.ahead))
        if isinstance(reply.body, bytes) and "content-length" not in given and reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        for piece in pieces if self.command != "HEAD" else ():
            self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

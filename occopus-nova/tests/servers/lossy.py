"""Stands between Occopus and a service of OpenStack, and loses replies after their effect."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


class LossyProxy(ThreadingHTTPServer):
    """Passes everything on to a service; `lose` says which replies get lost."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target)
        self.url = f"http://127.0.0.1:{self.server_port}{self.target.path}"
        self.requests: list[str] = []
        """Method and path of all that came."""
        self.lost: list[str] = []
        self._rules: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def lose(self, method: str, ending: str, times: int = 1) -> None:
        """Lose the next replies to requests of a method to paths with this ending."""
        self._rules += [(method, ending)] * times

    def loses(self, method: str, path: str) -> bool:
        with self._lock:
            for rule in self._rules:
                if rule[0] == method and path.endswith(rule[1]):
                    self._rules.remove(rule)
                    self.lost.append(f"{method} {path}")
                    return True
        return False

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asks may go away at any time: commands are killed."""


class _Passing(BaseHTTPRequestHandler):
    server: LossyProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        path = urlsplit(self.path).path
        self.server.requests.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = HTTPConnection(self.server.target.hostname or "", self.server.target.port, timeout=120)
        line.request(self.command, self.path, body, dict(self.headers.items()))
        reply = line.getresponse()
        content = reply.read()
        line.close()
        if self.server.loses(self.command, path):
            self.close_connection = True
            return
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

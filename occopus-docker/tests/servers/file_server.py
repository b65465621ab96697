"""Serves files over HTTP as any web server does, with entity tags; slowly or not at all where a test wants that."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

from occopus.testing.http import HttpServer, Reply, Request


class FileServer(HttpServer):
    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        """By path."""
        self.tags = True
        """Whether it tells entity tags, and honours them."""
        self.status: int | None = None
        """What it answers instead of what is asked for."""
        self.hold_back: threading.Event | None = None
        """Half of a file is sent at once, the other half when this is set."""
        self.cut_off = False
        """Half of a file is all that is sent."""
        self.replies: list[int] = []

    def serve(self, path: str, content: bytes) -> str:
        """The URL of a file that is there from now on."""
        self.files[path] = content
        return f"{self.url}{path}"

    def answer(self, request: Request) -> Reply:
        content = self.files.get(request.path, b"")
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        unchanged = self.tags and request.headers.get("If-None-Match") == tag
        status = self.status or (404 if request.path not in self.files else 304 if unchanged else 200)
        self.replies.append(status)
        if status != 200:
            return Reply(status)
        headers = {"Content-Length": str(len(content)), "Connection": "close"}
        return Reply(status, self._pieces(content), headers | ({"ETag": tag} if self.tags else {}))

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        half = len(content) // 2
        yield content[:half]
        if self.hold_back:
            self.hold_back.wait(60)
        if not self.cut_off:
            yield content[half:]

"""An HTTP server to make a strict double of a cloud's API from: as slow and unreliable as a test wants.

A double subclasses `FaultyServer`, names each request (`action`) and answers it (`respond`), refusing what the real API refuses. `Proxy`
stands before something real instead.
"""

from __future__ import annotations

import random
import ssl
import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from occopus.testing.http import HttpServer, Refusal, Reply, Request

HOLD = 120.0
"""Seconds for which a request is held at the most."""

HOP_BY_HOP = ("connection", "transfer-encoding", "content-length")


class FaultyServer(HttpServer):
    """One whose faults are planned. Requests are told apart by their `action`.

    Noted are `actions` (what was asked for) and `refused` (what was asked for wrongly). Planned are `fail` (by action: how the next
    requests are refused, one after the other), `lose` (by action: how many replies get lost), `lose_at` (the number of the request whose
    reply gets lost), `lost_share` and `throttled_share` (of all requests, from 0 to 1), `hold_at` (the request that is never answered).
    `calm` ends it all. `guard` is a lock for what a double keeps; `url` and `port` are where it is.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.held, self.released = threading.Event(), threading.Event()
        self.guard = threading.RLock()
        self.calm()

    def calm(self, seed: int = 0) -> None:
        """No faults from now on, and nothing noted. Shares are from 0 to 1."""
        self.released.set()
        self.actions: list[str] = []
        """What was asked for."""
        self.refused: list[str] = []
        """What was asked for wrongly, and why; neither what is not there nor what is planned."""
        self.chance = random.Random(seed)  # noqa: S311 - it guards nothing
        self.lost_share = self.throttled_share = 0.0
        self.lose: Counter[str] = Counter()
        """By action: how many of the next replies get lost after their effect."""
        self.lose_at: int | None = None
        """The number, from 0, of the request whose reply gets lost after its effect."""
        self.fail: dict[str, list[Refusal]] = {}
        """By action: how the next requests are refused."""
        self.hold_at: int | str | None = None
        """The number, from 0, of the request that is never answered, or its action."""
        self.holds_before_effect = False
        self.held, self.released = threading.Event(), threading.Event()

    @contextmanager
    def losing_reply(self, number: int) -> Iterator[Callable[[], bool]]:
        """Let the reply to the request with this number, from 1 and from now on, get lost after its effect; tells whether that happened."""
        lost_at = self.lose_at = len(self.actions) + number - 1
        try:
            yield lambda: len(self.actions) > lost_at
        finally:
            self.lose_at = None

    def action(self, request: Request) -> str | None:
        """What a request asks for, in a word or two; None for one that does not count and has no faults."""
        return f"{request.method} {request.path}"

    @abstractmethod
    def respond(self, request: Request) -> Reply:
        """The reply, where nothing goes wrong; raises `Refusal`."""

    def throttled(self) -> Refusal:
        """How too many requests are refused."""
        return Refusal(Reply(429, headers={"Retry-After": "0"}), "too many requests")

    def answer(self, request: Request) -> Reply | None:
        action = self.action(request)
        if action is None:
            return self._respond("", request)
        with self.guard:
            number = len(self.actions)
            self.actions.append(action)
            loses, throttles = self.chance.random() < self.lost_share, self.chance.random() < self.throttled_share
            if self.lose[action] > 0:
                self.lose[action] -= 1
                loses = True
            loses = loses or number == self.lose_at
            planned = self.fail[action].pop(0) if self.fail.get(action) else self.throttled() if throttles else None
        held = self.hold_at in (number, action)
        if held and self.holds_before_effect:
            self._hold()
            return None
        reply = planned.reply if planned else self._respond(action, request)
        if held:
            self._hold()
        return None if held or loses else reply

    def _respond(self, action: str, request: Request) -> Reply:
        try:
            return self.respond(request)
        except Refusal as refusal:
            if refusal.reply.status != 404:
                self.refused.append(f"{action}: {refusal}")
            return refusal.reply

    def _hold(self) -> None:
        self.held.set()
        self.released.wait(HOLD)

    def __exit__(self, *_: object) -> None:
        self.released.set()
        super().__exit__()


class Proxy(FaultyServer):
    """Passes everything on to something real."""

    @abstractmethod
    def connection(self) -> HTTPConnection:
        """A new one to what is behind."""

    def respond(self, request: Request) -> Reply:
        line = self.connection()
        try:
            line.request(request.method, request.target, request.body, dict(request.headers))
            real = line.getresponse()
            kept = {name: value for name, value in real.getheaders() if name.lower() not in HOP_BY_HOP}
            return Reply(real.status, real.read(), kept)
        finally:
            line.close()

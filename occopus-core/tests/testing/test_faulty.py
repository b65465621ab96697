"""The server that doubles of clouds are made of."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import requests

from occopus.testing.faulty import FaultyServer, Proxy
from occopus.testing.http import Refusal, Reply, Request


class Counter(FaultyServer):
    """Counts up, and says how far it is; asked for its name it does not count."""

    value = 0

    def action(self, request: Request) -> str | None:
        return None if request.path == "/name" else "count"

    def respond(self, request: Request) -> Reply:
        if request.path == "/name":
            return Reply(200, b"counter")
        if request.path == "/pieces":
            return Reply(200, iter([b"one ", b"two"]), {"Content-Length": "7"})
        if request.method != "GET":
            raise Refusal(Reply(405), "it can only be read")
        if request.path != "/":
            raise Refusal(Reply(404), "there is nothing else")
        self.value += 1
        return Reply.of_json(200, self.value)


@pytest.fixture
def server() -> Iterator[Counter]:
    with Counter() as server:
        yield server


def lost(url: str) -> bool:
    try:
        requests.get(url, timeout=10)
    except requests.ConnectionError:
        return True
    return False


def test_a_reply_can_get_lost_after_its_effect(server: Counter) -> None:
    server.lose["count"] = 1
    assert lost(server.url)
    assert requests.get(server.url, timeout=10).json() == 2


def test_the_reply_to_a_request_with_a_number_can_get_lost(server: Counter) -> None:
    requests.get(server.url, timeout=10)
    with server.losing_reply(2) as was_lost:
        assert (lost(server.url), was_lost()) == (False, False)
        assert (lost(server.url), was_lost()) == (True, True)
    assert (requests.get(server.url, timeout=10).json(), server.lose_at) == (4, None)
    with server.losing_reply(2):
        assert not lost(server.url)
    assert not lost(server.url), "what was planned and did not happen is forgotten"


def test_a_planned_refusal_has_no_effect(server: Counter) -> None:
    server.fail["count"] = [Refusal(Reply(503), "not now")]
    assert [requests.get(server.url, timeout=10).status_code for _ in range(2)] == [503, 200]
    assert (server.value, server.refused) == (1, [])


def test_what_the_real_one_would_refuse_is_noted(server: Counter) -> None:
    assert requests.put(server.url, timeout=10).status_code == 405
    assert server.refused == ["count: it can only be read"]


def test_shares(server: Counter) -> None:
    server.throttled_share = 1.0
    reply = requests.get(server.url, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"], server.value) == (429, "0", 0)
    server.throttled_share, server.lost_share = 0.0, 1.0
    assert lost(server.url)


@pytest.mark.parametrize(("before", "value"), [(True, 1), (False, 2)])
def test_a_request_is_held(server: Counter, before: bool, value: int) -> None:
    server.hold_at, server.holds_before_effect = 1, before
    assert requests.get(server.url, timeout=10).json() == 1
    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url, timeout=1)
    assert server.held.is_set()
    assert server.value == value
    server.calm()
    assert requests.get(server.url, timeout=10).json() == value + 1


def test_what_does_not_count_has_no_faults(server: Counter) -> None:
    server.lost_share = 1.0
    assert requests.get(f"{server.url}/name", timeout=10).text == "counter"
    assert server.actions == []


def test_looking_for_what_is_not_there_is_no_complaint(server: Counter) -> None:
    assert requests.get(f"{server.url}/nowhere", timeout=10).status_code == 404
    assert server.refused == []


def test_a_body_in_pieces(server: Counter) -> None:
    assert requests.get(f"{server.url}/pieces", timeout=10).text == "one two"


def test_the_clock_can_be_ahead(server: Counter) -> None:
    server.ahead = 86400.0
    first = requests.get(server.url, timeout=10).headers["Date"]
    server.ahead = 0.0
    assert first != requests.get(server.url, timeout=10).headers["Date"]


class Before(Proxy):
    def __init__(self, port: int) -> None:
        self.behind = port
        super().__init__()

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.behind, timeout=10)


def test_a_proxy_passes_on_and_loses(server: Counter) -> None:
    with Before(server.port) as proxy:
        assert requests.get(proxy.url, timeout=10).json() == 1
        proxy.lose["GET /"] = 1
        assert lost(proxy.url)
        assert server.value == 2

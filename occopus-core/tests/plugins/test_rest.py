"""The REST client that backends share, against a server that misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests
from requests.auth import HTTPBasicAuth

from occopus.plugins import ErrorKind, ResourceError
from occopus.plugins.rest import Bearer, NotFound, RestClient
from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request


class Anything(FaultyServer):
    """Answers every request with what it was."""

    def respond(self, request: Request) -> Reply:
        return Reply.of_json(200, {"headers": dict(request.headers), "path": request.path, "thread": self.client_of(request)})

    def client_of(self, request: Request) -> str:
        return request.query.get("who", "")


class Client(RestClient):
    def explain(self, reply: requests.Response) -> str:
        return reply.text

    def kind(self, reply: requests.Response, said: str) -> ErrorKind | None:
        return ErrorKind.NO_CAPACITY if said == "full" else None


class Picky(Client):
    """Takes every body for one of its API, which tells when to come again in a header of its own."""

    def explain(self, reply: requests.Response) -> str:
        return str(reply.json()["error"]["message"])

    def kind(self, reply: requests.Response, said: str) -> ErrorKind | None:
        return ErrorKind(reply.json()["error"]["kind"])

    def retry_after(self, reply: requests.Response) -> float | None:
        return float(reply.headers.get("Come-Again", "0"))


@pytest.fixture
def server() -> Iterator[Anything]:
    with Anything() as server:
        yield server


@pytest.fixture
def client(server: Anything) -> Client:
    return Client(f"{server.url}/api/", HTTPBasicAuth("you", "a-secret"), "occopus/test")


def failing(client: Client, server: Anything, reply: Reply) -> ResourceError:
    server.fail["GET /api/things"] = [Refusal(reply)]
    with pytest.raises(ResourceError) as caught:
        client.call("GET", "things", "looking at things")
    return caught.value


def test_a_reply_of_success_is_given(client: Client) -> None:
    told = client.call("GET", "things", "looking at things").json()
    assert (told["path"], told["headers"]["User-Agent"], told["headers"]["Accept"]) == ("/api/things", "occopus/test", "application/json")
    assert told["headers"]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "", ErrorKind.INVALID),
        (401, "", ErrorKind.CREDENTIALS),
        (403, "", ErrorKind.CREDENTIALS),
        (403, "full", ErrorKind.NO_CAPACITY),  # the API's own words count more than the status
        (402, "", ErrorKind.QUOTA),
        (408, "", ErrorKind.TRANSIENT),
        (409, "full", ErrorKind.NO_CAPACITY),
        (429, "", ErrorKind.THROTTLED),
        (500, "", ErrorKind.TRANSIENT),
        (503, "full", ErrorKind.NO_CAPACITY),
        (302, "", ErrorKind.INVALID),
    ],
)
def test_kinds_of_errors(client: Client, server: Anything, status: int, body: str, kind: ErrorKind) -> None:
    error = failing(client, server, Reply(status, body.encode(), {"Location": "http://elsewhere.example"}))
    assert error.kind is kind
    assert str(error).startswith("looking at things failed: ")
    assert f"(HTTP status {status})" in str(error)


def test_what_is_not_there_is_told_apart(client: Client, server: Anything) -> None:
    assert isinstance(failing(client, server, Reply(404)), NotFound)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
def test_retry_after(client: Client, server: Anything, header: str, seconds: float | None) -> None:
    assert failing(client, server, Reply(429, headers={"Retry-After": header})).retry_after == seconds


def test_a_long_story_is_cut(client: Client, server: Anything) -> None:
    assert len(str(failing(client, server, Reply(400, b"x" * 10_000)))) < 600


def test_a_redirection_is_not_followed_but_told(client: Client, server: Anything) -> None:
    error = failing(client, server, Reply(301, headers={"Location": "https://elsewhere.example/api"}))
    assert "the endpoint sends elsewhere, to https://elsewhere.example/api" in str(error)
    assert server.actions == ["GET /api/things"]


def test_a_lost_reply_may_pass(client: Client, server: Anything) -> None:
    server.lose["GET /api/things"] = 1
    with pytest.raises(ResourceError) as caught:
        client.call("GET", "things", "looking at things")
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert client.call("GET", "things", "looking at things").status_code == 200


def test_an_endpoint_that_can_never_work(client: Client) -> None:
    with pytest.raises(ResourceError) as caught:
        Client("gopher://example.org", HTTPBasicAuth("you", "a-secret"), "x").call("GET", "things", "looking at things")
    assert caught.value.kind is ErrorKind.INVALID
    assert "a-secret" not in str(caught.value)


def test_each_thread_has_a_session_of_its_own(client: Client) -> None:
    found: list[requests.Session] = []
    threads = [threading.Thread(target=lambda: found.append(client._session())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 3
    assert client._session() is client._session()


def test_a_reply_in_json(client: Client, server: Anything) -> None:
    assert client.json("GET", "things", "looking at things")["path"] == "/api/things"
    server.fail["GET /api/things"] = [Refusal(Reply(200, b"")), Refusal(Reply(200, b"<html>"))]
    assert client.json("GET", "things", "looking at things") is None
    with pytest.raises(ResourceError, match="looking at things failed: the reply is not of this API") as caught:
        client.json("GET", "things", "looking at things")
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"error": 1}', b'{"error": {"message": 1, "kind": "odd"}}', b"\xff"])
def test_a_body_of_another_form_says_nothing(server: Anything, body: bytes) -> None:
    error = failing(Picky(f"{server.url}/api/", HTTPBasicAuth("you", "a-secret"), "occopus/test"), server, Reply(403, body))
    assert error.kind is ErrorKind.CREDENTIALS


def test_an_api_may_say_elsewhere_when_to_come_again(server: Anything) -> None:
    picky = Picky(f"{server.url}/api/", HTTPBasicAuth("you", "a-secret"), "occopus/test")
    reply = Reply.of_json(400, {"error": {"message": "slowly", "kind": "throttled"}}, {"Come-Again": "7"})
    error = failing(picky, server, reply)
    assert (error.kind, error.retry_after) == (ErrorKind.THROTTLED, 7.0)


def test_a_bearer_shows_its_token(server: Anything) -> None:
    told = Client(f"{server.url}/api/", Bearer("a-token"), "occopus/test").json("GET", "things", "looking at things")
    assert told["headers"]["Authorization"] == "Bearer a-token"

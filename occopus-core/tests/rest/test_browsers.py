"""A page in somebody's browser tries to drive a service that asks for no token."""

from __future__ import annotations

import pytest
from rest_world import Client, House

EVIL = "http://evil.example"


@pytest.fixture
def client(house: House) -> Client:
    return house.open()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_pages_of_other_origins_are_refused(client: Client, method: str, headers: dict[str, str]) -> None:
    """As a form, a script or an image would ask; also in media types for which a browser asks nobody first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.ask(method, "/infrastructures/", data=b"infra_name: x", headers={**headers, "Content-Type": kind})
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "a@127.0.0.1",
        "127.0.0.1/x",
        "[::1",
        "a b",
    ],
)
def test_a_name_that_is_not_ours_is_refused(client: Client, host: str) -> None:
    """So a page can't make a browser believe that we are of its own origin by letting its name lead here."""
    answer = client.ask("GET", "/infrastructures/", headers={"Host": host, "Origin": f"http://{host}"})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "192.0.2.7", "x.localhost"])
def test_our_own_names_are_taken_with_pages_of_ours(client: Client, host: str) -> None:
    port = client.url.rpartition(":")[2]
    for origin in (f"http://{host}:{port}", f"https://{host}:{port}"):
        answer = client.ask(
            "GET", "/infrastructures/", headers={"Host": f"{host}:{port}", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status_code == 200
    assert client.ask("GET", "/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200, "a link"


def test_names_and_origins_can_be_configured(house: House) -> None:
    house.settings = {"rest_hosts": ("occopus.example.org",), "rest_cors": ("https://panel.example.org",)}
    client = house.open()
    assert client.ask("GET", "/infrastructures/", headers={"Host": "occopus.example.org"}).status_code == 200
    answer = client.ask("GET", "/infrastructures/", headers={"Origin": "https://panel.example.org", "Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://panel.example.org")
    asked = {
        "Origin": "https://panel.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = client.ask("OPTIONS", "/infrastructures/", headers=asked)
    assert preflight.ok
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert client.ask("GET", "/infrastructures/", headers={"Origin": EVIL}).status_code == 403


def test_by_default_no_origin_is_allowed(client: Client) -> None:
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    preflight = client.ask("OPTIONS", "/infrastructures/", headers=asked)
    assert preflight.status_code == 403
    assert not [name for name in preflight.headers if name.startswith("Access-Control")]


def test_answers_are_not_to_be_shown_in_frames_or_taken_for_something_else(client: Client) -> None:
    for path in ("/", "/infrastructures/", "/nowhere"):
        headers = client.ask("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Server" not in headers

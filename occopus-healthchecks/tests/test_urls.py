"""URLs: a real HTTP server that behaves well and badly, and servers that are none."""

from __future__ import annotations

import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from occopus.plugins import HealthCheckSpec, Target
from occopus.plugins.registry import Registry
from occopus.testing.health_check_suite import Asked, HealthCheckSuite
from occopus_healthchecks import limits
from occopus_healthchecks.urls import check, without_credentials

ToTarget = Callable[[str], Target]


@dataclass
class Site:
    """A server. `seen` has the method, path and credentials of each request."""

    port: int = 0
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    elsewhere: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, credentials: str = "", scheme: str = "http") -> str:
        return f"{scheme}://{credentials}127.0.0.1:{self.port}{path}"


class Server(ThreadingHTTPServer):
    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site
        site.port = self.server_port

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what we test."""


class Handler(BaseHTTPRequestHandler):
    """Does what the path says: `/500` answers so, `/405/200` answers so to HEAD and GET, others have a method of their name."""

    server: Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.site.seen.append((self.command, self.path, self.headers["Authorization"]))
        first, *rest = self.path.partition("?")[0].strip("/").split("/")
        if first.isdigit():
            self.on_status(int(first), *map(int, rest))
        else:
            getattr(self, f"on_{first}")(*rest)

    def on_status(self, to_head: int, to_get: int | None = None) -> None:
        self.reply(to_head if to_get is None or self.command == "HEAD" else to_get)
        if to_get and self.command == "GET":
            self.drip(b"a body without end")

    def on_hang(self) -> None:
        self.server.site.closing.wait(30)

    def on_hangup(self) -> None:
        self.close_connection = True

    def on_drip(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")

    def on_redirect(self, *rest: str) -> None:
        self.reply(302, f"/{'/'.join(rest)}")

    def on_loop(self) -> None:
        self.reply(301, "/loop")

    def on_elsewhere(self) -> None:
        self.reply(307, self.server.site.elsewhere)

    def on_private(self) -> None:
        self.reply(200 if self.headers["Authorization"] == basic("us er:p@ss") else 401)

    def reply(self, status: int, location: str | None = None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def drip(self, begin: bytes) -> None:
        self.wfile.write(begin)
        while not self.server.site.closing.wait(0.1):
            self.wfile.write(b"x")

    def log_message(self, format: str, *args: object) -> None:
        pass


def basic(credentials: str) -> str:
    return "Basic " + b64encode(credentials.encode()).decode()


@pytest.fixture
def start_site() -> Iterator[Callable[..., Site]]:
    running: list[tuple[Site, Server]] = []

    def start(certificate: tuple[Path, Path] | None = None) -> Site:
        site = Site()
        server = Server(site)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        running.append((site, server))
        return site

    yield start
    for site, server in running:
        site.closing.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(start_site: Callable[..., Site]) -> Site:
    return start_site()


@pytest.fixture
def node(target: ToTarget) -> Target:
    return target("127.0.0.1")


@pytest.mark.parametrize("path", ["/200", "/204", "/304", "", "/redirect/200", "/redirect/redirect/200"])
def test_success(node: Target, site: Site, path: str) -> None:
    assert check(node, [site.url(path or "/200?q=á b")]) is None
    assert {method for method, _, _ in site.seen} == {"HEAD"}


@pytest.mark.parametrize("status", [405, 501])
def test_get_where_head_is_unknown_and_the_body_is_not_read(node: Target, site: Site, status: int) -> None:
    begin = time.monotonic()
    assert check(node, [site.url(f"/{status}/200")]) is None
    assert [method for method, _, _ in site.seen] == ["HEAD", "GET"]
    assert time.monotonic() - begin < 2  # the body never ends


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/500", "answers 500 Internal Server Error"),
        ("/404", "answers 404 Not Found"),
        ("/405", "answers 405 Method Not Allowed"),
        ("/599", "answers 599"),
        ("/redirect/503", "answers 503 Service Unavailable"),
        ("/hangup", "Remote end closed connection without response"),
        ("/loop", "more than 10 redirects"),
    ],
)
def test_failure(node: Target, site: Site, path: str, reason: str) -> None:
    assert check(node, [site.url(path)]) == f"{site.url(path)}: {reason}"


def test_head_is_not_asked_again_as_get_for_other_errors(node: Target, site: Site) -> None:
    assert check(node, [site.url("/500/200")]) is not None
    assert [method for method, _, _ in site.seen] == ["HEAD"]


def test_every_bad_url_is_named_and_no_good_one(node: Target, site: Site, dead_port: int) -> None:
    dead = f"http://127.0.0.1:{dead_port}/"
    reason = check(node, [site.url("/500"), site.url("/200"), dead])
    assert reason == f"{site.url('/500')}: answers 500 Internal Server Error; {dead}: Connection refused"


def test_servers_that_never_come_to_an_end(
    node: Target,
    site: Site,
    tcp_server: Callable[..., tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    assert_no_threads_left: Callable[[], None],
) -> None:
    monkeypatch.setattr(limits, "URLS", 1.5)
    silent = tcp_server()[1]
    urls = [site.url("/hang"), site.url("/drip"), f"http://127.0.0.1:{silent}/", f"https://127.0.0.1:{silent}/"]
    begin = time.monotonic()
    reason = check(node, urls)
    assert 1.5 <= time.monotonic() - begin < 1.5 + limits.MARGIN
    assert reason == "; ".join(f"{url}: no answer within 1.5 s" for url in urls)
    assert_no_threads_left()


def test_what_is_no_http_server(node: Target, tcp_server: Callable[..., tuple[str, int]]) -> None:
    port = tcp_server(b"220 mail.example ESMTP\r\n\r\n")[1]
    assert check(node, [f"http://127.0.0.1:{port}/"]) == f"http://127.0.0.1:{port}/: the answer is not HTTP (BadStatusLine)"
    assert check(node, [f"https://127.0.0.1:{port}/"]) == f"https://127.0.0.1:{port}/: no TLS: wrong version number"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1/x", "http:///x", "data:,x", "http://127.0.0.1:0/"])
def test_what_is_not_asked(node: Target, url: str) -> None:
    assert check(node, [url]) == f"{url}: only http and https URLs, with a host, can be checked"


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd", "ftp://127.0.0.1/"])
def test_no_redirect_to_another_kind(node: Target, site: Site, elsewhere: str) -> None:
    site.elsewhere = elsewhere
    assert check(node, [site.url("/elsewhere")]) == f"{site.url('/elsewhere')}: only http and https URLs, with a host, can be checked"


@pytest.mark.parametrize("url", ["http://[::1/", "http://127.0.0.1:port/", "http://127.0.0.1:99999/"])
def test_what_is_no_url(node: Target, url: str) -> None:
    assert check(node, [url]) == f"{url}: not a URL"


def test_unknown_host(node: Target) -> None:
    assert (check(node, ["http://no-such-host.invalid/"]) or "").startswith("http://no-such-host.invalid/: unknown host: ")


def test_proxies_of_the_environment_are_not_used(node: Target, site: Site, dead_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{dead_port}")
    assert check(node, [site.url("/200")]) is None


class TestCredentials:
    def test_they_are_sent(self, node: Target, site: Site) -> None:
        assert check(node, [site.url("/private", "us%20er:p%40ss@")]) is None

    def test_they_stay_out_of_the_reason(self, node: Target, site: Site) -> None:
        reason = check(node, [site.url("/private", "us%20er:wrong@")])
        assert reason == f"{site.url('/private')}: answers 401 Unauthorized"

    def test_they_go_along_to_the_same_server(self, node: Target, site: Site) -> None:
        assert check(node, [site.url("/redirect/private", "us%20er:p%40ss@")]) is None
        site.elsewhere = site.url("/private")
        assert check(node, [site.url("/elsewhere", "us%20er:p%40ss@")]) is None

    def test_they_do_not_go_to_another(self, node: Target, start_site: Callable[..., Site]) -> None:
        site, other = start_site(), start_site()
        site.elsewhere = other.url("/200")
        assert check(node, [site.url("/elsewhere", "u:secret@")]) is None
        assert site.seen == [("HEAD", "/elsewhere", basic("u:secret"))]
        assert other.seen == [("HEAD", "/200", None)]

    @pytest.mark.parametrize(
        "url",
        [
            "http://u:secret@127.0.0.1:1/a",
            "http://secret@127.0.0.1:1/a",
            "http://u:s@secret@127.0.0.1:1/a",
            "http://u:secret/x@127.0.0.1:1/a",
            "http://u:[secret@127.0.0.1:1/a",
            "http://u:secret@127.0.0.1:port/a",
            "ftp://u:secret@127.0.0.1/a",
            "u:secret@127.0.0.1/a",
        ],
    )
    def test_no_way_of_writing_them_shows_them(self, node: Target, url: str) -> None:
        assert "127.0.0.1" in without_credentials(url)
        reason = check(node, [url]) or ""
        assert reason.startswith(without_credentials(url))
        assert "secret" not in reason

    def test_an_at_sign_elsewhere_stays(self) -> None:
        assert without_credentials("http://u:p@host/@scope/x?a=b@c") == "http://host/@scope/x?a=b@c"


class TestTls:
    def test_an_unknown_authority_is_refused(self, node: Target, start_site: Callable[..., Site], certificate: tuple[Path, Path]) -> None:
        site = start_site(certificate)
        reason = check(node, [f"https://localhost:{site.port}/200"])
        assert reason == f"https://localhost:{site.port}/200: bad certificate: self-signed certificate"
        assert site.seen == []

    def test_trusted_and_the_name_must_fit(
        self, start_site: Callable[..., Site], certificate: tuple[Path, Path], run_python: Callable[..., str]
    ) -> None:
        site = start_site(certificate)
        script = "from occopus.plugins import Target; from occopus_healthchecks.urls import check\n"
        script += f"print(check(Target('0b1f', 'web', 'x'), ['https://localhost:{site.port}/200']))\n"
        script += f"print(check(Target('0b1f', 'web', 'x'), ['https://127.0.0.1:{site.port}/200']))"
        good, bad = run_python(script, SSL_CERT_FILE=str(certificate[0])).splitlines()
        assert good == "None"
        assert "bad certificate: IP address mismatch" in bad


class TestContract(HealthCheckSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> HealthCheckSpec:
        return occopus_registry.health_check("urls")

    @pytest.fixture
    def healthy(self, site: Site) -> Asked:
        return Asked.at("127.0.0.1", [site.url("/private", "us%20er:p%40ss@"), site.url("/200")])

    @pytest.fixture
    def sick(self, site: Site, dead_port: int) -> dict[str, Asked]:
        wrong = {
            "it answers 500": site.url("/500"),
            "the password is wrong": site.url("/private", "us%20er:p%40sssss@"),
            "nobody listens": f"http://us%20er:p%40ss@127.0.0.1:{dead_port}/",
            "no URL": "http://us%20er:p%40ss@[::1/",
        }
        return {description: Asked.at("127.0.0.1", [site.url("/200"), url]) for description, url in wrong.items()}

    @pytest.fixture
    def silent(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> Asked:
        monkeypatch.setattr(limits, "URLS", 1.0)
        return Asked.at("127.0.0.1", [site.url("/hang"), site.url("/drip")])

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return ("p%40ss", "p@ss")

    @pytest.fixture
    def invalid_settings(self) -> dict[str, object]:
        return {"no list": "http://a/", "no URL": [], "an empty one": [""]}

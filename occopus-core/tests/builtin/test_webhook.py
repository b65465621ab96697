"""Webhooks keep the contract of a notifier, over HTTP and HTTPS, and are safe to send to what strangers chose."""

from __future__ import annotations

import ipaddress
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from receiver import SECRET, Receiver, refusal, webhook

from occopus.builtin import http_post
from occopus.builtin.webhook import Webhook
from occopus.plugins import ErrorKind, Notifier, NotifierConfig, NotifierSpec, ResourceError
from occopus.plugins.reach import public_only
from occopus.plugins.registry import Registry
from occopus.testing.notifier_suite import NotifierSuite
from occopus.testing.notifier_suite.delivery import notification
from occopus.testing.user import until


@pytest.fixture(scope="session")
def encryption(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Of a server on this machine, and the file of the authority that its users trust."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    key, certificate = (tmp_path_factory.mktemp("tls") / name for name in ("key.pem", "certificate.pem"))
    made = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    named = ["-subj", "/CN=receiver", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", *made, *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


class WebhookSuite(NotifierSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> NotifierSpec:
        return occopus_registry.notifier("webhook")

    @pytest.fixture
    def section(self, receiver: Receiver) -> dict[str, Any]:
        return webhook(receiver, "/a?b=c%20d")

    @pytest.fixture
    def make_notifier(self, section: dict[str, Any]) -> Callable[..., Notifier]:
        return lambda **options: sender(section, **options)

    @pytest.fixture
    def received(self, receiver: Receiver) -> Callable[[], Sequence[Mapping[str, str]]]:
        return lambda: receiver.got.get("/a", [])

    @pytest.fixture
    def longest_message(self) -> int:
        return 1_000_000

    @pytest.fixture
    def is_confined(self) -> bool:
        return True

    @pytest.fixture
    def lose_reply(self, receiver: Receiver) -> Callable[[], None]:
        return lambda: receiver.lose.update(["/a"])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (SECRET,)

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("http.client", "ssl")

    @pytest.fixture
    def provoke(self, receiver: Receiver, section: dict[str, Any]) -> Mapping[ErrorKind, Callable[[], object]]:
        def refused(status: int, **headers: str) -> None:
            receiver.fail["/a"] = [refusal(status, **headers)]
            sender(section).send(notification())

        return {
            ErrorKind.TRANSIENT: lambda: refused(502),
            ErrorKind.THROTTLED: lambda: refused(429, Retry_After="7"),
            ErrorKind.CREDENTIALS: lambda: sender(section, secret="another-word-than-theirs").send(notification()),
            ErrorKind.INVALID: lambda: refused(301, Location="/elsewhere"),
        }

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        urls = {
            "a file": "file:///etc/passwd",
            "no URL": "hooks.example.org",
            "another protocol": "ftp://hooks.example.org/a",
            "a password": "https://me:secret@hooks.example.org",
            "a token": "https://hooks.example.org/a?token=5a1e",
            "a fragment": "https://hooks.example.org/#a",
            "no host": "https:///a",
            "a port that there can't be": "https://hooks.example.org:70000/",
            "a line break": "https://hooks.example.org/a\r\nHost: other",
            "a blank": "https://hooks.example.org/a b",
            "another script": "https://hooks.example.org/ü",
            "a broken address": "https://[::1",
        }
        return {name: {"type": "webhook", "url": url} for name, url in urls.items()} | {"a number": {"type": "webhook", "url": 7}}


class TestWebhook(WebhookSuite):
    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with Receiver() as receiver:
            yield receiver
        assert not [refused for refused in receiver.refused if "signature" not in refused]


class TestEncryptedWebhook(WebhookSuite):
    @pytest.fixture
    def receiver(self, encryption: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
        monkeypatch.setenv("SSL_CERT_FILE", str(encryption[1]))
        with Receiver(encryption[0]) as receiver:
            receiver.url = f"https://localhost:{receiver.port}"
            yield receiver


def sender(section: Mapping[str, Any], secret: str = SECRET, **options: Any) -> Webhook:
    return Webhook(NotifierConfig(section, {"secret": secret}, logging.getLogger("occopus.webhook"), **options))


def failure(section: Mapping[str, Any], **options: Any) -> ResourceError:
    with pytest.raises(ResourceError) as raised:
        sender(section, **options).send(notification())
    return raised.value


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ErrorKind.INVALID),
        (400, ErrorKind.INVALID),
        (403, ErrorKind.CREDENTIALS),
        (404, ErrorKind.TRANSIENT),
        (408, ErrorKind.TRANSIENT),
        (410, ErrorKind.INVALID),
        (413, ErrorKind.INVALID),
        (429, ErrorKind.THROTTLED),
        (500, ErrorKind.TRANSIENT),
        (503, ErrorKind.TRANSIENT),
    ],
)
def test_what_statuses_mean(receiver: Receiver, status: int, kind: ErrorKind) -> None:
    receiver.fail["/a"] = [refusal(status)]
    error = failure(webhook(receiver, "/a"))
    assert error.kind is kind
    assert error.message.endswith(f"(HTTP status {status})")


def test_a_redirection_is_told_and_not_followed(receiver: Receiver) -> None:
    receiver.fail["/a"] = [refusal(307, Location=f"{receiver.url}/b")]
    assert failure(webhook(receiver, "/a")).message == f"it sends elsewhere, to {receiver.url}/b (HTTP status 307)"
    assert "/b" not in receiver.moments


def test_a_certificate_that_nobody_vouches_for_is_not_believed(encryption: tuple[ssl.SSLContext, Path]) -> None:
    with Receiver(encryption[0]) as receiver:
        error = failure({"type": "webhook", "url": f"https://localhost:{receiver.port}/a"})
    assert error.kind is ErrorKind.TRANSIENT
    assert "certificate verify failed" in error.message
    assert receiver.got == {}


def test_a_certificate_for_another_name_is_not_believed(encryption: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(encryption[1]))
    with Receiver(encryption[0]) as receiver:
        error = failure({"type": "webhook", "url": f"https://127.0.0.1:{receiver.port}/a"})
    assert "IP address mismatch" in error.message
    assert receiver.got == {}


def test_nobody_there_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert failure({"type": "webhook", "url": f"http://127.0.0.1:{port}/"}).kind is ErrorKind.TRANSIENT
    assert failure({"type": "webhook", "url": "http://no-such-host.invalid/"}).kind is ErrorKind.TRANSIENT


class Trickle:
    """A server that sends a line of a header again and again, each within the time that a socket would wait."""

    def __init__(self, every: float) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._every = every
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/a"
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        guest, _ = self._server.accept()
        try:
            guest.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                guest.sendall(b"X-More: and more\r\n")
                time.sleep(self._every)
        except OSError:
            self.ended.set()


def test_one_that_never_ends_its_answer_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "SECONDS", 1.0)
    trickle = Trickle(0.2)
    begun = time.monotonic()
    error = failure({"type": "webhook", "url": trickle.url})
    assert (error.kind, error.message) == (ErrorKind.TRANSIENT, "no answer within 1 s")
    assert time.monotonic() - begun < 15, "a hundred headers would take 20 s"
    until(trickle.ended.is_set, "the end of the connection")


def test_one_that_takes_the_connection_and_says_nothing_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            error = failure({"type": "webhook", "url": f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"})
            assert (error.kind, error.message) == (ErrorKind.TRANSIENT, "no answer within 0.5 s")


class Names:
    """A name server that gives another answer each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def __call__(self, host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        assert host == "hooks.example.org"
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_it_connects_to_the_address_that_was_allowed_whatever_the_name_means_a_moment_later(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"], ["127.0.0.9"]))
    asked = []
    section = {"type": "webhook", "url": f"http://hooks.example.org:{receiver.port}/a"}
    sender(section, may_reach=lambda address: asked.append(str(address)) or True).send(notification())
    assert len(receiver.got["/a"]) == 1
    assert asked == ["127.0.0.1"]


def test_of_several_addresses_it_takes_one_that_is_allowed_and_answers(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.8", "127.0.0.9", "127.0.0.1"]))
    section = {"type": "webhook", "url": f"http://hooks.example.org:{receiver.port}/a"}
    sender(section, may_reach=lambda address: str(address) != "127.0.0.8").send(notification())
    assert len(receiver.got["/a"]) == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"])
def test_strangers_do_not_reach_this_machine(receiver: Receiver, name: str) -> None:
    error = failure({"type": "webhook", "url": f"http://{name}:{receiver.port}/a"}, may_reach=public_only)
    assert error.kind in (ErrorKind.INVALID, ErrorKind.TRANSIENT)  # a machine may not know the name at all
    assert receiver.moments == {}


PRIVATE = """
10.1.2.3 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 127.0.0.1 0.0.0.0 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
::1 :: fe80::1 fc00::1 fec0::1 ff02::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::a00:1 ::7f00:1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_what_is_not_public(address: str) -> None:
    assert not public_only(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"])
def test_what_is_public(address: str) -> None:
    assert public_only(ipaddress.ip_address(address))


def test_without_a_secret_nothing_is_sent(receiver: Receiver) -> None:
    error = failure(webhook(receiver, "/a"), secret="")
    assert (error.kind, error.message) == (ErrorKind.CREDENTIALS, "its entry in the authentication file has no text under 'secret'")
    assert receiver.moments == {}

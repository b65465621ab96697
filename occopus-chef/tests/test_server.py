"""How the server is talked to: signatures, versions of the protocol, TLS, and replies that are none."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from line import Line

from occopus.plugins import ErrorKind, ResourceError
from occopus.testing.http import HttpServer, Refusal, Reply, Request
from occopus_chef.server import ChefServer
from occopus_chef.signing import PROTOCOLS, V1_0, V1_3, Protocol, Signature, Signer

from .conftest import NAME

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> str:
    no_passphrase = serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, no_passphrase).decode())


def signature_in(headers: dict[str, str]) -> bytes:
    lines = [headers[f"X-Ops-Authorization-{number}"] for number in range(1, sum("Authorization" in name for name in headers) + 1)]
    assert all(len(line) == 60 for line in lines[:-1])
    return base64.b64decode("".join(lines))


def hashed(algorithm: str, content: str) -> str:
    return base64.b64encode(hashlib.new(algorithm, content.encode()).digest()).decode()


TARGETS = [
    ("/nodes", "/nodes"),
    ("/organizations/acme/nodes/x", "/organizations/acme/nodes/x"),
    ("//organizations//acme/nodes/?q=1", "/organizations/acme/nodes"),
    ("/", "/"),
]
"""What is asked for, and the path that is signed."""


@pytest.mark.parametrize(("target", "path"), TARGETS)
def test_a_signature_of_version_1_3(key: rsa.RSAPrivateKey, target: str, path: str) -> None:
    headers = Signature(Signer("me", key), V1_3).headers("post", target, b"{}", NOON)
    assert headers["X-Ops-Sign"] == "algorithm=sha256;version=1.3;"
    statement = (
        f"Method:POST\nPath:{path}\nX-Ops-Content-Hash:{hashed('sha256', '{}')}\nX-Ops-Sign:version=1.3\n"
        "X-Ops-Timestamp:2026-01-02T12:00:00Z\nX-Ops-UserId:me\nX-Ops-Server-API-Version:1"
    )
    key.public_key().verify(signature_in(headers), statement.encode(), PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("target", "path"), TARGETS)
def test_a_signature_of_version_1_0(key: rsa.RSAPrivateKey, target: str, path: str) -> None:
    headers = Signature(Signer("me", key), V1_0).headers("GET", target, b"", NOON)
    assert headers["X-Ops-Sign"] == "algorithm=sha1;version=1.0;"
    numbers = key.public_key().public_numbers()
    signed = pow(int.from_bytes(signature_in(headers)), numbers.e, numbers.n).to_bytes(256).lstrip(b"\0\1\xff").lstrip(b"\0")
    assert signed.decode() == (
        f"Method:GET\nHashed Path:{hashed('sha1', path)}\nX-Ops-Content-Hash:{hashed('sha1', '')}\n"
        "X-Ops-Timestamp:2026-01-02T12:00:00Z\nX-Ops-UserId:me"
    )


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.version)
def test_a_real_server_understands_each_version(chef: Any, line: Line, protocol: Protocol) -> None:
    line.understands = {protocol.version}
    server = ChefServer(line.url, Signer.of(NAME, chef.admin_key))
    assert server.get("environments", "_default")
    asked = len(line.actions)
    assert server.get("environments", "_default")
    assert len(line.actions) == asked + 1, "once it is known what the server understands, nothing else is tried"


def test_a_key_that_is_refused_is_tried_with_each_version(chef: Any, line: Line) -> None:
    server = ChefServer(line.url, Signer.of(NAME, chef.validator_key))
    with pytest.raises(ResourceError, match="HTTP status 401") as raised:
        server.get("environments", "_default")
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert line.actions == ["GET environments"] * 2


@pytest.mark.parametrize(
    "text", ["", "no key", "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n", "elliptic", "locked"]
)
def test_what_is_no_key(text: str, key: rsa.RSAPrivateKey) -> None:
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"passphrase")
    )
    keys = {"elliptic": pem(ec.generate_private_key(ec.SECP256R1())), "locked": locked.decode()}
    with pytest.raises(ResourceError, match="no private RSA key") as raised:
        Signer.of("me", keys.get(text, text))
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert raised.value.__cause__ is None


class Page(HttpServer):
    """Something else than a Chef server."""

    reply = Reply(200, b"<html>Welcome</html>", {"Content-Type": "text/html"})

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def answer(self, request: Request) -> Reply:
        self.targets.append(request.target)
        return self.reply


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Page.reply, ErrorKind.INVALID, "is none of a Chef server; is the endpoint right"),
        (Reply.of_json(200, ["a list"]), ErrorKind.INVALID, "is none of a Chef server"),
        (Reply(302, headers={"Location": "https://elsewhere"}), ErrorKind.INVALID, "sends elsewhere, to https://elsewhere"),
        (Reply(502, b"<html>", {"Content-Type": "text/html"}), ErrorKind.TRANSIENT, "HTTP status 502"),
        (Reply.of_json(503, {"error": "we are asleep"}), ErrorKind.TRANSIENT, "we are asleep"),
        (Reply.of_json(403, {"error": ["missing create permission", "sorry"]}), ErrorKind.CREDENTIALS, "missing create permission; sorry"),
        (Reply.of_json(500, "odd"), ErrorKind.TRANSIENT, "HTTP status 500"),
    ],
)
def test_a_reply_that_does_not_help(key: rsa.RSAPrivateKey, reply: Reply, kind: ErrorKind, words: str) -> None:
    with Page() as page:
        page.reply = reply
        server = ChefServer(page.url, Signer("me", key))
        with pytest.raises(ResourceError, match=words) as raised:
            server.ensure("roles", {"name": "web"})
    assert raised.value.kind is kind


def test_a_name_leads_nowhere_else(key: rsa.RSAPrivateKey) -> None:
    with Page() as page:
        page.reply = Reply.of_json(200, {})
        ChefServer(f"{page.url}/organizations/acme/", Signer("me", key)).remove("nodes", "../environments/production")
        assert page.targets == ["/organizations/acme/nodes/..%2Fenvironments%2Fproduction"]


def test_what_somebody_else_makes_in_the_meantime(admin: Any, chef: Any, line: Line, left: Any) -> None:
    """The look comes before, the refusal after."""
    line.fail["GET roles"] = [Refusal(Reply.of_json(404, {"error": ["not found"]}))]
    admin.ensure("roles", {"name": "meanwhile", "description": "theirs", "run_list": []})
    found = ChefServer(line.url, Signer.of(NAME, chef.admin_key)).ensure(
        "roles", {"name": "meanwhile", "description": "ours", "run_list": []}
    )
    assert found["description"] == "theirs"
    assert line.actions[:2] == ["GET roles", "POST roles"]


@pytest.fixture
def certificate(key: rsa.RSAPrivateKey, tmp_path: Path) -> tuple[Path, Path]:
    """One that nobody signed but itself, and its key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chef")])
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
    made = built.add_extension(addresses, critical=False).sign(key, hashes.SHA256())
    (tmp_path / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_text(pem(key))
    return tmp_path / "certificate.pem", tmp_path / "key.pem"


@pytest.fixture
def tls(chef: Any, certificate: tuple[Path, Path]) -> Iterator[Callable[[], ChefServer]]:
    """Reaches the server through TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Line(chef, context) as line:
        yield lambda: ChefServer(line.url, Signer.of(NAME, chef.admin_key))


def test_a_certificate_of_ones_own_is_named_by_the_environment(
    tls: Callable[[], ChefServer], certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(ResourceError, match="CERTIFICATE_VERIFY_FAILED") as raised:
        tls().get("environments", "_default")
    assert raised.value.kind is ErrorKind.INVALID
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    assert tls().get("environments", "_default")

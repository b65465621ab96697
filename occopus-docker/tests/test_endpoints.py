"""Ways to an engine: a socket, TCP with TLS, SSH; and what is said where there is no way."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ssh_server import COMMAND, SshServer, ssh_server

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeState
from occopus.plugins import ErrorKind, ResourceError
from occopus_docker.failures import kind_by_words, refused, translated
from occopus_docker.handler import DockerHandler

K = ErrorKind


def look(handler: DockerHandler) -> ResourceError:
    """The error that looking ends with."""
    with pytest.raises(ResourceError) as raised:
        list(handler.find(InfraId("an-infrastructure")))
    return raised.value


@pytest.fixture(autouse=True)
def no_docker_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that says nothing of engines."""
    for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def pem(certificate: tuple[Path, Path]) -> dict[str, str]:
    return {"client_cert": certificate[0].read_text(), "client_key": certificate[1].read_text()}


@pytest.fixture
def secured(handler_for: Callable[..., DockerHandler], engine: Any, inside: Any) -> Callable[..., DockerHandler]:
    """Handlers at the engine's port with TLS."""
    return lambda credentials: handler_for(engine.tls_url, credentials)


@pytest.fixture
def own(engine: Any) -> dict[str, str]:
    """What a user's entry of the authentication file has."""
    return {"ca_cert": engine.certificates.ca.read_text(), **pem(engine.certificates.client)}


class TestTls:
    def test_certificates_of_the_authentication_file(self, secured: Any, own: dict[str, str], request_for: Any) -> None:
        handler, request = secured(own), request_for()
        handle = handler.create(request, lambda _: None)
        assert handler.describe([handle])[handle.node_id].state is NodeState.READY

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_those_that_the_variables_name(
        self, secured: Any, engine: Any, tmp_path: Path, no_docker_variables: pytest.MonkeyPatch
    ) -> None:
        certificate, key = engine.certificates.client
        for name, file in {"ca.pem": engine.certificates.ca, "cert.pem": certificate, "key.pem": key}.items():
            (tmp_path / name).write_text(file.read_text())
        no_docker_variables.setenv("DOCKER_TLS_VERIFY", "1")
        no_docker_variables.setenv("DOCKER_CERT_PATH", str(tmp_path))
        assert list(secured({}).find(InfraId("x"))) == []
        no_docker_variables.setenv("DOCKER_CERT_PATH", str(tmp_path / "nowhere"))
        assert look(secured({})).kind is K.CREDENTIALS
        no_docker_variables.delenv("DOCKER_TLS_VERIFY")
        (tmp_path / "ca.pem").write_text((engine.certificates.ca.parent / "other.pem").read_text())
        no_docker_variables.setenv("DOCKER_CERT_PATH", str(tmp_path))
        assert list(secured({}).find(InfraId("x"))) == []

    def test_a_stranger_is_refused(self, secured: Any, own: dict[str, str], engine: Any) -> None:
        error = look(secured(own | pem(engine.certificates.stranger)))
        assert error.kind in (K.CREDENTIALS, K.TRANSIENT)  # the engine's reason may be lost: it ends the connection while we write
        assert "certificate" in error.message
        assert "PRIVATE KEY" not in error.message

    def test_who_shows_nothing_is_refused(self, secured: Any, own: dict[str, str]) -> None:
        assert "certificate" in look(secured({"ca_cert": own["ca_cert"]})).message

    def test_an_engine_that_is_not_the_one_is_not_trusted(self, secured: Any, own: dict[str, str], engine: Any) -> None:
        other = (engine.certificates.ca.parent / "other.pem").read_text()
        error = look(secured(own | {"ca_cert": other}))
        assert (error.kind, "certificate verify failed" in error.message) == (K.INVALID, True)

    def test_nor_is_one_that_no_public_authority_knows(self, handler_for: Any, engine: Any, own: dict[str, str]) -> None:
        own.pop("ca_cert")
        assert look(handler_for(engine.tls_url, own)).kind is K.INVALID
        assert look(handler_for(engine.tls_url.replace("tcp://", "https://"))).kind is K.INVALID

    def test_without_tls_the_engine_says_what_is_missing(self, secured: Any) -> None:
        error = look(secured({}))
        assert (error.kind, "HTTP request to an HTTPS server" in error.message) == (K.INVALID, True)

    @pytest.mark.parametrize(
        "changes", [{"client_key": ""}, {"client_key": "nonsense"}, {"ca_cert": "nonsense"}, {"client_cert": "nonsense"}], ids=str
    )
    def test_certificates_that_are_none(self, secured: Any, own: dict[str, str], changes: dict[str, str]) -> None:
        error = look(secured(own | changes))
        assert (error.kind, "nonsense" in error.message) == (K.CREDENTIALS, False)
        assert "are of no use" in error.message

    def test_no_file_with_the_key_stays(self, secured: Any, own: dict[str, str], tmp_path: Path, no_docker_variables: Any) -> None:
        folder = tmp_path / "temporary"
        folder.mkdir()
        no_docker_variables.setattr("tempfile.tempdir", str(folder))
        assert list(secured(own).find(InfraId("x"))) == []
        assert list(folder.iterdir()) == []


class TestSsh:
    @pytest.fixture
    def server(self, engine: Any, inside: Any, tmp_path: Path) -> Iterator[SshServer]:
        with ssh_server(engine.socket, tmp_path) as server:
            yield server

    def test_an_engine_behind_ssh(self, handler_for: Any, server: SshServer, request_for: Any) -> None:
        handler, request = handler_for(server.url), request_for()
        handle = handler.create(request, lambda _: None)
        assert handler.describe([handle])[handle.node_id].state is NodeState.READY
        assert set(server.commands) == {COMMAND}

    def test_a_user_whom_the_host_does_not_know(self, handler_for: Any, server: SshServer) -> None:
        error = look(handler_for(server.url.replace("ssh://", "ssh://nobody@")))
        assert (error.kind, "does not accept this user" in error.message) == (K.CREDENTIALS, True)

    def test_a_host_that_the_user_does_not_know(self, handler_for: Any, server: SshServer) -> None:
        (server.home / ".ssh" / "known_hosts").write_text("")
        error = look(handler_for(server.url))
        assert (error.kind, "known_hosts" in error.message) == (K.INVALID, True)

    def test_without_what_it_needs(self, handler_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "paramiko", None)  # as where it is not installed
        error = look(handler_for("ssh://127.0.0.1:9"))
        assert (error.kind, "pip install 'occopus-docker[ssh]'" in error.message) == (K.INVALID, True)


def test_nobody_listens(handler_for: Any, tmp_path: Path) -> None:
    for endpoint, words in (
        (f"unix://{tmp_path}/docker.sock", "No such file or directory"),
        ("tcp://127.0.0.1:9", "Connection refused"),
        ("ssh://127.0.0.1:9", "127.0.0.1"),
    ):
        error = look(handler_for(endpoint))
        assert (error.kind, endpoint in error.message, words in error.message) == (K.TRANSIENT, True, True), error.message


@pytest.fixture
def nobody() -> Iterator[None]:
    """Not root, for a while."""
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="NO REAL DOCKER ENGINE: the tests must be run by root")
def test_a_socket_that_the_user_may_not_use(handler_for: Any, engine: Any, request: pytest.FixtureRequest) -> None:
    handler = handler_for(engine.url)
    request.getfixturevalue("nobody")
    error = look(handler)
    assert (error.kind, "Permission denied; this user may not use it" in error.message) == (K.CREDENTIALS, True)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "invalid reference format", K.INVALID),
        (404, "No such image: nothing:latest", K.INVALID),
        (404, "pull access denied for nothing, repository does not exist or may require 'docker login'", K.INVALID),
        (404, "network nothing not found", K.INVALID),
        (401, "who is it?", K.CREDENTIALS),
        (403, "not for you", K.CREDENTIALS),
        (409, "it is busy", K.TRANSIENT),
        (429, "slow down", K.THROTTLED),
        (500, "toomanyrequests: You have reached your pull rate limit", K.THROTTLED),
        (500, "Get https://example.org/v2/: unauthorized: incorrect username or password", K.CREDENTIALS),
        (500, "Get https://example.org/v2/: dial tcp: i/o timeout", K.TRANSIENT),
        (500, "write /var/lib/docker/x: no space left on device", K.NO_CAPACITY),
        (500, "Bind for 0.0.0.0:80 failed: port is already allocated", K.NO_CAPACITY),
        (500, "no available IPv4 addresses on this network's address pools", K.NO_CAPACITY),
        (500, "OCI runtime create failed: no such file or directory", K.INVALID),
        (503, "", K.TRANSIENT),
    ],
)
def test_answers_have_their_kind(handler_for: Any, proxy: Any, status: int, message: str, kind: ErrorKind) -> None:
    proxy.refuse("GET /containers/json", status, message)
    error = look(handler_for(proxy.url))
    assert (error.kind, message in error.message) == (kind, True)
    assert error.message.startswith(f"looking at containers at {proxy.url} failed: ")


def test_an_answer_that_is_lost_may_come_next_time(handler_for: Any, proxy: Any) -> None:
    proxy.lose["GET /containers/json"] = 1
    handler = handler_for(proxy.url)
    assert look(handler).kind is K.TRANSIENT
    assert list(handler.find(InfraId("x"))) == []


def test_the_first_call_may_fail_as_well(handler_for: Any, proxy: Any) -> None:
    proxy.refuse("GET /version", 500, "starting")
    handler = handler_for(proxy.url)
    error = look(handler)
    assert (error.kind, "starting" in error.message) == (K.TRANSIENT, True)
    proxy.fail.clear()
    assert list(handler.find(InfraId("x"))) == []


def test_errors_of_tls_have_their_kind() -> None:
    for error, kind in (
        (ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"), K.CREDENTIALS),
        (ssl.SSLError(1, "EOF occurred in violation of protocol"), K.TRANSIENT),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), K.INVALID),
    ):
        with pytest.raises(ResourceError) as raised, translated("looking"):
            raise error
        assert raised.value.kind is kind


def test_what_an_engine_says_while_it_is_at_it() -> None:
    assert refused("pulling", "error pulling image configuration: i/o timeout").kind is K.TRANSIENT
    assert refused("pulling", "no matching manifest for linux/arm64").kind is K.INVALID
    assert kind_by_words("something new") is None

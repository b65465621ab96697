"""Runs the service under uvicorn: where it may listen, its limits, and its end."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from occopus.errors import UsageError
from occopus.rest.app import create_app
from occopus.rest.services import RestServices

CONNECTIONS = 1000
"""How many may be open at once."""
BACKLOG = 1024
HEADERS_SECONDS = 20.0
"""How long a request may take until its headers are there."""
HEADERS_BYTES = 32 * 1024
ANSWER_SECONDS = 10
"""How long requests under way may take when the service ends."""


def refuse_open_door(host: str, *, has_tokens: bool, insecure: bool) -> None:
    """Raises:
    UsageError: everybody on the network could use the service, and nobody said that this is meant.
    """
    if has_tokens or insecure or _is_here_only(host):
        return
    raise UsageError(
        f"on {host} everybody who reaches this machine could use the service, since no tokens are configured",
        "'occopus token new --user NAME' makes one; or listen on 127.0.0.1; or say --insecure, if that is what you want",
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address, which takes connections from now on.

    Raises:
        UsageError: it can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        raise UsageError(f"the service can't listen on {host}, port {port}: {error.strerror or error}") from None
    return bound


def address_of(bound: socket.socket) -> str:
    """The URL of a socket."""
    host, port, *_ = bound.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(services: RestServices, bound: socket.socket) -> None:
    """Answer until SIGTERM or Ctrl-C; then end what is under way, within limits. A second signal ends it at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _already_heard)  # uvicorn raises the signal once more when it is done
    server_of(services).run(sockets=[bound])


def server_of(services: RestServices) -> Server:
    """A server that answers for the service when it is run."""
    config = uvicorn.Config(
        create_app(services),
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADERS_BYTES,
        timeout_graceful_shutdown=ANSWER_SECONDS,
        timeout_keep_alive=30,
    )
    return Server(config, services)


class Server(uvicorn.Server):
    """Tells the service first when it is about to end: streams of events would go on for ever."""

    def __init__(self, config: uvicorn.Config, services: RestServices) -> None:
        super().__init__(config)
        self._services = services

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._services.ending.set)
        super().handle_exit(sig, frame)


class PatientProtocol(H11Protocol):
    """Patient, but not for ever: who connects and sends no whole request, be it the first or a later one, is let go."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_to_wait()

    def data_received(self, data: bytes) -> None:
        if self._timer is None and self._is_idle:
            self._begin_to_wait()
        super().data_received(data)
        if not self._is_idle:
            self._wait_no_longer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _begin_to_wait(self) -> None:
        self._timer = self.loop.call_later(HEADERS_SECONDS, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None


def _is_here_only(host: str) -> bool:
    """Whether only this machine reaches what listens on a host."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found)


def _already_heard(number: int, frame: FrameType | None) -> None:
    """Nothing."""

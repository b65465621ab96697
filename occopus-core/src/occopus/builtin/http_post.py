"""One POST over HTTP to a URL that a user chose, made of nothing but the standard library.

It connects to an address that it was allowed to, so that a name which leads elsewhere the next moment changes nothing; follows no
redirection and no proxy; and gives up when its time is over, however slowly the other side goes on.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from occopus.plugins.reach import Address
from occopus.plugins.resource import ErrorKind, ResourceError

SECONDS = 10.0
"""For all of it. The resolution of a name can't be cut off, but it counts."""


@dataclass(frozen=True)
class Answer:
    """What came back, without its body."""

    status: int
    reason: str
    headers: Mapping[str, str]


def post(url: str, headers: Mapping[str, str], body: bytes, may_reach: Callable[[Address], bool]) -> Answer:
    """The answer to a request.

    Raises:
        ResourceError: there is none (transient), or none of the host's addresses may be reached (invalid).
    """
    parts = urlsplit(url)
    host, usual = parts.hostname or "", 443 if parts.scheme == "https" else 80
    port, target = parts.port or usual, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    deadline = time.monotonic() + SECONDS
    try:
        addresses = _resolved(host, port, may_reach)
        with _connected(addresses, port, host if parts.scheme == "https" else None, deadline) as connected:
            line = HTTPConnection(host, port)
            line.sock, line.default_port = connected, usual
            line.request("POST", target, body, {**headers, "Connection": "close"})
            reply = line.getresponse()
            if time.monotonic() >= deadline:
                raise TimeoutError  # what came is cut off, and may be anything
            return Answer(reply.status, reply.reason, dict(reply.headers))
    except (OSError, HTTPException, UnicodeError) as error:
        is_late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
        words = f"no answer within {SECONDS:g} s" if is_late else str(error) or type(error).__name__
        raise ResourceError(ErrorKind.TRANSIENT, words) from error


def _resolved(host: str, port: int, may_reach: Callable[[Address], bool]) -> list[str]:
    """The addresses of a host that may be reached."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = [each for each in found if may_reach(ipaddress.ip_address(each))]
    if not allowed:
        raise ResourceError(ErrorKind.INVALID, f"events may not be sent to {host}, which is not on the public internet")
    return allowed


@contextmanager
def _connected(addresses: Sequence[str], port: int, name: str | None, deadline: float) -> Iterator[socket.socket]:
    """A connection to the first address that answers, encrypted where the other side has a `name` to prove. At the deadline it breaks: a
    time-out of a socket begins anew with each byte.
    """
    for number, address in enumerate(addresses, 1):
        with _new_socket(address, name) as made:
            watch = threading.Timer(max(0.0, deadline - time.monotonic()), _break, [made])
            watch.daemon = True
            watch.start()
            try:
                made.settimeout(SECONDS / len(addresses))
                try:
                    made.connect((address, port))
                except OSError:
                    if number == len(addresses):
                        raise
                    continue
                made.settimeout(SECONDS)
                yield made
                return
            finally:
                watch.cancel()


def _new_socket(address: str, name: str | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    return made if name is None else ssl.create_default_context().wrap_socket(made, server_hostname=name)


def _break(connected: socket.socket) -> None:
    with suppress(OSError):  # it is closed, or was never open
        socket.socket.shutdown(connected, socket.SHUT_RDWR)

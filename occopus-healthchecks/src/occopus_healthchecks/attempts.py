"""Attempts that run side by side and end together, and connections that can't outlive them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""The family of an address, and the address as sockets of that family take it."""


class Deadline:
    """The moment at which attempts must be over. Connections made through it are broken off then.

    A time-out of the socket would not do: it begins anew with each byte, so a server that drips could hold an attempt for hours.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._over = False
        self._watched: set[socket.socket] = set()

    def left(self) -> float:
        """Seconds until then.

        Raises:
            TimeoutError: it has passed.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @contextmanager
    def connection(self, host: str, port: int) -> Iterator[socket.socket]:
        """A TCP connection to a host name or an IP address, closed at the end of the block or at the deadline, whatever comes first.

        Raises:
            OSError: unknown host, refused, unreachable; TimeoutError at the deadline.
        """
        with connect(addresses(host, port), self) as sock, self._watching(sock):
            yield sock

    def break_off(self) -> None:
        """Wake whoever still waits for a connection, with an error."""
        with self._lock:
            self._over = True
            for sock in self._watched:
                _shut(sock)

    @contextmanager
    def _watching(self, sock: socket.socket) -> Iterator[None]:
        # A twin, because TLS takes the socket itself away from its Python object. To shut one down shuts the connection down.
        with sock.dup() as twin:
            with self._lock:
                self._watched.add(twin)
                if self._over:
                    _shut(twin)
            try:
                yield
            finally:
                with self._lock:
                    self._watched.discard(twin)
                _shut(twin)


Attempt = Callable[[Deadline], str | None]
"""Returns None or the reason why it failed, or raises OSError."""


def attempt_all(attempts: Sequence[Attempt], seconds: float) -> list[str | None]:
    """Make all attempts at once. One that has no result after `seconds` is broken off and counts as failed."""
    deadline = Deadline(seconds)
    results = [_begin(attempt, deadline) for attempt in attempts]
    try:
        wait(results, timeout=seconds)
        return [result.result() if result.done() else _no_answer(deadline) for result in results]
    finally:
        deadline.break_off()


def failures(attempts: Sequence[tuple[str, Attempt]], seconds: float) -> str | None:
    """Make all of the named attempts at once; return the names and reasons of those that failed, or None if none did."""
    reasons = attempt_all([attempt for _, attempt in attempts], seconds)
    failed = [f"{name}: {reason}" for (name, _), reason in zip(attempts, reasons, strict=True) if reason]
    return "; ".join(failed) or None


def connect(found: Sequence[Address], deadline: Deadline) -> socket.socket:
    """A TCP connection to the first of these addresses that takes one.

    Raises:
        OSError: none does; it is the last one's.
    """
    problem: OSError = TimeoutError()
    for tried, (family, address) in enumerate(found):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Each address gets its share of the time: a dead IPv6 address must not cost us the good IPv4 one.
            sock.settimeout(deadline.left() / (len(found) - tried))
            sock.connect(address)
            sock.settimeout(None)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


def addresses(host: str, port: int = 0) -> list[Address]:
    """The addresses of a host name, or the one that `host` is, best first.

    Raises:
        socket.gaierror: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError as error:  # what Python itself has against some names: too long, empty labels, NUL
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    return [(family, address) for family, _, _, _, address in found]


def in_words(error: OSError) -> str:
    """What went wrong, without numbers: `Connection refused`."""
    if isinstance(error, socket.gaierror):
        return f"unknown host: {error.strerror}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"bad certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"no TLS: {error.reason.replace('_', ' ').lower()}"
    return error.strerror or str(error) or type(error).__name__


def _begin(attempt: Attempt, deadline: Deadline) -> Future[str | None]:
    # Daemon threads rather than a ThreadPoolExecutor: nothing can interrupt the look-up of a name, and the process would wait for
    # an executor's threads before it ends.
    result: Future[str | None] = Future()

    def work() -> None:
        try:
            result.set_result(_outcome(attempt, deadline))
        except Exception as error:  # a fault of ours, for the caller to see
            result.set_exception(error)

    threading.Thread(target=work, name="health check", daemon=True).start()
    return result


def _outcome(attempt: Attempt, deadline: Deadline) -> str | None:
    try:
        return attempt(deadline)
    except TimeoutError:
        return _no_answer(deadline)
    except OSError as error:
        return in_words(error)


def _no_answer(deadline: Deadline) -> str:
    return f"no answer within {deadline.seconds:g} s"


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        sock.shutdown(socket.SHUT_RDWR)

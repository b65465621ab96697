"""Connections to a Redis that may be away for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from redis import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from occopus.store.redis_address import RedisAddress
from occopus.store.redis_failures import away, may_pass, refusal

CONNECTIONS = 16
"""How many one store opens at most. The server carries out one command at a time, so that more would not make it faster."""

CONNECT_SECONDS = 3.0
REPLY_SECONDS = 5.0
"""How long the server may leave a connection or a command unanswered."""

FIRST_PATIENCE = 3.0
"""Seconds to try for where the server never answered: then the address is wrong, more likely than the server is away."""

T = TypeVar("T")


class PatientRedis:
    """Gives commands to a Redis, again where it was away. They must bear that: a reply may be lost after the command was carried out.

    Threads that want more connections than there are wait for one another. `tell` hears of each outage twice, when it is
    noticed and when it is over.
    """

    def __init__(self, address: RedisAddress, patience: float, tell: Callable[[str], None]) -> None:
        self.address = address
        self._patience = patience
        self._outages = _Outages(address.name, patience, tell)
        self._reached = False
        self._redis = Redis(connection_pool=_pool(address))

    def script(self, text: str) -> Callable[..., Any]:
        """A script as a function of its arguments. The server is sent its text when it does not know it (any more)."""
        registered = self._redis.register_script(text)
        return lambda *arguments: self.call(lambda redis: registered(args=arguments, client=redis))

    def call(self, work: Callable[[Redis], T]) -> T:
        """What `work` gives.

        Raises:
            StoreError: the server refuses it, or was away for too long.
        """
        patience = self._patience if self._reached else min(self._patience, FIRST_PATIENCE)
        retrying = Retrying(
            retry=retry_if_exception(may_pass),
            stop=stop_after_delay(patience),
            wait=wait_exponential(multiplier=0.05, max=1),
            reraise=True,
        )
        try:
            result: T = retrying(self._attempt, work)
            return result
        except (exceptions.RedisError, OSError) as error:
            failure = error
        # Raised outside, so that no traceback shows the library's error: its words may repeat a password.
        if may_pass(failure):
            raise away(failure, self.address, patience if self._reached else None)
        raise refusal(failure, self.address)

    def close(self) -> None:
        """Let go of all connections; the next command opens one again."""
        self._redis.connection_pool.disconnect()

    def _attempt(self, work: Callable[[Redis], T]) -> T:
        began = monotonic()
        try:
            result = work(self._redis)
        except (exceptions.RedisError, OSError) as error:
            if self._reached and may_pass(error):
                self._outages.failed(began)
            raise
        self._reached = True
        self._outages.worked(began)
        return result


class _Outages:
    """Tells once when the server goes and once when it comes back, however many threads notice."""

    def __init__(self, name: str, patience: float, tell: Callable[[str], None]) -> None:
        self._gone = f"the store {name} can't be reached; trying again for up to {patience:.0f} s"
        self._back = f"the store {name} can be reached again"
        self._tell = tell
        self._lock = threading.Lock()
        self._away = False
        self._turned = 0.0

    def failed(self, began: float) -> None:
        self._turn(True, began)

    def worked(self, began: float) -> None:
        if self._away:
            self._turn(False, began)

    def _turn(self, gone: bool, began: float) -> None:
        """Note what an attempt found. One that began before the last turn shows how it was before that."""
        with self._lock:
            if gone is not self._away and began > self._turned:
                self._away, self._turned = gone, monotonic()
                self._tell(self._gone if gone else self._back)


def _pool(address: RedisAddress) -> BlockingConnectionPool:
    options: dict[str, Any] = dict(address.connection)
    kind: type[Connection | UnixDomainSocketConnection] = UnixDomainSocketConnection
    if "path" not in options:
        options["socket_keepalive"] = True
        kind = Connection
    if address.tls:
        # Not the default in all versions of the library.
        options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
        kind = SSLConnection
    return BlockingConnectionPool(  # type: ignore[no-untyped-call]
        max_connections=CONNECTIONS,
        timeout=None,
        connection_class=kind,
        protocol=2,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=REPLY_SECONDS,
        # A connection that broke while nobody used it is no outage: the library opens it anew at once, and nobody is told.
        retry=Retry(NoBackoff(), 1, (exceptions.ConnectionError,)),
        retry_on_error=[exceptions.ConnectionError],
        **options,
    )

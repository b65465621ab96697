"""Keeps pages in somebody's browser from driving a service that the browser can reach, and that may ask for no token."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from falcon.asgi import Request, Response

from occopus.rest.problems import Problem

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Browsers:
    """Refuses requests in another's name (`Host`), and those that a page of another origin makes.

    A name that leads here although it is not ours is how a page makes a browser believe that we are of its own origin (DNS rebinding). An
    address can't be borrowed in this way. `hosts` are further names that are ours, `origins` those whose pages may ask.
    """

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        own = {socket.gethostname(), socket.getfqdn(), "localhost"}
        self._hosts = {name.lower().rstrip(".") for name in (*own, *hosts)}
        self._origins = frozenset(origin.lower() for origin in origins)

    async def process_request(self, req: Request, resp: Response) -> None:
        """Raises:
        Problem: it is not for us (421), or not from whom it should be (403).
        """
        host = req.get_header("Host") or ""
        if not self._is_ours(host):
            raise Problem(421, "this service has another name; whoever runs it can add names: rest.hosts")
        origin = req.get_header("Origin")
        if origin is not None and origin.lower() in self._origins:
            return
        if origin is not None and not _same(origin, host):
            raise Problem(403, "pages of other origins may not ask this service; whoever runs it can allow some: rest.cors")
        site = req.get_header("Sec-Fetch-Site")
        visits = req.method == "GET" and req.get_header("Sec-Fetch-Mode") == "navigate"
        if site not in (None, "same-origin", "none") and not visits:
            raise Problem(403, "pages of other origins may not ask this service")

    async def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        for name, value in HEADERS.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)

    def _is_ours(self, host: str) -> bool:
        name = _name(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts or name.endswith(".localhost")
        return True


def _name(host: str) -> str | None:
    """The name in a `Host` header, without its port; None where it is not right."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.netloc != host or parts.username is not None:
        return None
    return (parts.hostname or "").rstrip(".") or None


def _same(origin: str, host: str) -> bool:
    """Whether an origin is that of a host. A proxy before us may have spoken TLS, so the scheme is not compared."""
    try:
        parts = urlsplit(origin)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        asked = urlsplit(f"//{host}")
        return parts.hostname == asked.hostname and (asked.port or port) == port and parts.hostname is not None
    except ValueError:
        return False

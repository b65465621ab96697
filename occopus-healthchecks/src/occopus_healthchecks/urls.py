"""Do URLs answer with success?

Built on `http.client` rather than `urllib.request`. It uses no proxy from the environment, which is what a check wants: a proxy's error
page would say nothing of the node, its cache could say that a dead node is well, and private addresses mean nothing to it. It lets us own
the connection and so its deadline. And it follows no redirect to another kind of URL.
"""

from __future__ import annotations

import re
import ssl
import string
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection, responses
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from occopus.plugins import Target
from occopus_healthchecks import __version__, limits
from occopus_healthchecks.attempts import Deadline, failures

REDIRECTS = 10
"""How many are followed."""

PORT_OF = {"http": 80, "https": 443}

REDIRECTING = {301, 302, 303, 307, 308}

HEAD_UNKNOWN = {405, 501}


def check(target: Target, settings: Sequence[str]) -> str | None:
    """Return None if every URL answers with success (2xx or 3xx, after redirects), else those that don't, each with the reason.

    A user name and password in a URL are sent to its server and to no other, and kept out of the reason.
    """
    return failures([(without_credentials(url), partial(_ask, url)) for url in settings], limits.URLS)


def without_credentials(url: str) -> str:
    """The URL without `user:password@`."""
    try:
        parts = _parsed(url)
    except ValueError:  # what stands before an @ in something that is no URL may still be a password
        return re.sub(r"^([a-z]+://)?.*@", r"\1", url, flags=re.IGNORECASE | re.DOTALL)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _ask(url: str, deadline: Deadline) -> str | None:
    try:
        parts = _parsed(url)
        for _ in range(1 + REDIRECTS):
            status, location = _answer(parts, deadline)
            if status not in REDIRECTING or location is None:
                return None if 200 <= status < 400 else f"answers {status} {responses.get(status, '')}".rstrip()
            parts = _redirected(parts, location)
    except OSError:
        raise  # some are an HTTPException or a ValueError too: a server that hangs up, a bad certificate
    except HTTPException as error:
        return f"the answer is not HTTP ({type(error).__name__})"
    except ValueError as error:
        return str(error)
    return f"more than {REDIRECTS} redirects"


def _parsed(url: str) -> SplitResult:
    """The parts of a URL that can be asked.

    Raises:
        ValueError: it can't; the message does not quote it.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORT_OF and parts.hostname and parts.port != 0
    except ValueError as error:  # its message may quote a part of the password
        raise ValueError("not a URL") from error
    if not usable:
        raise ValueError("only http and https URLs, with a host, can be checked")
    return parts


def _answer(parts: SplitResult, deadline: Deadline) -> tuple[int, str | None]:
    status, location = _request("HEAD", parts, deadline)
    return _request("GET", parts, deadline) if status in HEAD_UNKNOWN else (status, location)


def _request(method: str, parts: SplitResult, deadline: Deadline) -> tuple[int, str | None]:
    """The status and where it redirects to. The body is not read."""
    host, port = parts.hostname or "", parts.port or PORT_OF[parts.scheme]
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=string.punctuation)
    headers = {"User-Agent": f"occopus-healthchecks/{__version__}", "Accept": "*/*", "Connection": "close", **_authorization(parts)}
    with deadline.connection(host, port) as sock:
        if parts.scheme == "https":
            http: HTTPConnection = HTTPSConnection(host, port, context=_tls())
            http.sock = _tls().wrap_socket(sock, server_hostname=host)
        else:
            http = HTTPConnection(host, port)
            http.sock = sock
        with closing(http):
            http.request(method, target, headers=headers)
            with http.getresponse() as response:
                return response.status, response.getheader("Location")


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _redirected(parts: SplitResult, location: str) -> SplitResult:
    new = _parsed(urljoin(parts.geturl(), quote(location, safe=string.punctuation, encoding="latin-1")))
    same_server = (new.scheme, new.hostname, new.port) == (parts.scheme, parts.hostname, parts.port)
    return new._replace(netloc=parts.netloc) if same_server else new


@cache
def _tls() -> ssl.SSLContext:
    """Checks certificates and host names. Kept, because it takes some 10 ms to read the authorities."""
    return ssl.create_default_context()

"""OpenStack's errors in the words of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk
from requests import Response

from occopus.plugins import ErrorKind, ResourceError

KINDS = {
    400: ErrorKind.INVALID,
    401: ErrorKind.CREDENTIALS,
    403: ErrorKind.CREDENTIALS,
    404: ErrorKind.INVALID,
    406: ErrorKind.INVALID,
    408: ErrorKind.TRANSIENT,
    409: ErrorKind.TRANSIENT,  # a port that is not ready, a server that is busy: it passes
    412: ErrorKind.TRANSIENT,
    413: ErrorKind.THROTTLED,
    429: ErrorKind.THROTTLED,
}

WORDS = {
    "no valid host": ErrorKind.NO_CAPACITY,
    "exceeded maximum number of retries": ErrorKind.NO_CAPACITY,  # Nova has tried several hosts in vain
    "no more ip addresses": ErrorKind.NO_CAPACITY,
    "unable to find any ip address": ErrorKind.NO_CAPACITY,
    "quota": ErrorKind.QUOTA,
    "maximum number of": ErrorKind.QUOTA,  # ports, volumes
    "multiple possible networks": ErrorKind.INVALID,
    "could not find application credential": ErrorKind.CREDENTIALS,
    "marker [": ErrorKind.TRANSIENT,  # the server at which a page ended is gone
}
"""One status stands for several things; these words of the services, in the order in which they are looked for, tell them apart."""

TOO_OLD = "; Occopus needs Nova's API 2.85, which OpenStack has since the release Ussuri (2020)"

ENCODED = re.compile(r"[A-Za-z0-9+/=]{40,}")
"""User data in base64: Nova repeats what it refuses, and a secret in there would not be recognised."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into a ResourceError that says what was being done."""
    try:
        yield
    except (keystone.ClientException, sdk.SDKException) as error:
        raise ResourceError(_kind_of(error), f"{doing} failed: {_words(error)}") from error


def refused(response: Response, doing: str) -> ResourceError:
    """What an answer means that is an error."""
    message = ENCODED.sub("...", _message(response))
    old = TOO_OLD if response.status_code == 406 else ""
    return ResourceError(_kind(response.status_code, message), f"{doing} failed: {message}{old}", _retry_after(response))


def kind_by_words(message: str) -> ErrorKind | None:
    """What a service means, where its words tell."""
    low = message.lower()
    return next((kind for words, kind in WORDS.items() if words in low), None)


def invalid(message: str) -> ResourceError:
    """The description must change."""
    return ResourceError(ErrorKind.INVALID, message)


def _kind(status: int, message: str) -> ErrorKind:
    told = kind_by_words(message) if status in (400, 403, 404, 409) else None
    return told or (ErrorKind.TRANSIENT if status >= 500 else KINDS.get(status, ErrorKind.UNKNOWN))


def _kind_of(error: Exception) -> ErrorKind:
    status = getattr(error, "http_status", None) or getattr(error, "status_code", None)
    if status:
        return _kind(int(status), str(error))
    if isinstance(error, keystone.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ErrorKind.INVALID
    if isinstance(error, keystone.ConnectionError | keystone.DiscoveryFailure | sdk.ServiceDiscoveryException):
        return ErrorKind.TRANSIENT
    if isinstance(error, keystone.CatalogException | sdk.EndpointNotFound | sdk.ConfigException):
        return ErrorKind.INVALID  # the region or the endpoint is wrong
    return ErrorKind.UNKNOWN


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _message(response: Response) -> str:
    """What a service says: each wraps it in a mapping of its own, and some answer with a page."""
    found: Any = None
    with suppress(ValueError):
        body = response.json()
        found = next((value for value in body.values() if isinstance(value, dict)), {}).get("message") if isinstance(body, dict) else None
    return " ".join(str(found or f"{response.status_code} {response.reason}").split())


def _retry_after(response: Response) -> float | None:
    """Seconds; a date, which is the other form of this header, no service of OpenStack sends."""
    with suppress(ValueError):
        return float(response.headers.get("Retry-After", ""))
    return None

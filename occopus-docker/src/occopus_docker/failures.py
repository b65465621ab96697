"""What goes wrong with an engine, in the words of the contract."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException, TLSParameterError
from requests import RequestException
from urllib3.exceptions import HTTPError

from occopus.plugins import ErrorKind, ResourceError

WORDS = {
    ErrorKind.THROTTLED: ("toomanyrequests", "too many requests", "rate limit"),
    ErrorKind.NO_CAPACITY: (
        "no space left on device",
        "cannot allocate memory",
        "no available ipv4 addresses",
        "no available ipv6 addresses",
        "port is already allocated",
        "address already in use",
    ),
    ErrorKind.INVALID: (
        "does not exist or",  # a registry does not tell what is not there from what may not be seen
        "manifest unknown",
        "no matching manifest",
        "invalid reference format",
        "oci runtime create failed",
        "executable file not found",
        "error while mounting volume",
        "invalid mount config",
        "to an https server",
        "archive/tar",
        "unsupported protocol",
        "server gave http response to https client",
    ),
    ErrorKind.CREDENTIALS: (
        "unauthorized",
        "no basic auth credentials",
        "incorrect username or password",
        "access denied",
        "access to the",
    ),
}
"""One status stands for several things; these words of the engine, in the order in which they are looked for, tell them apart."""

STATUSES = {
    400: ErrorKind.INVALID,
    401: ErrorKind.CREDENTIALS,
    403: ErrorKind.CREDENTIALS,
    404: ErrorKind.INVALID,
    406: ErrorKind.INVALID,
    413: ErrorKind.INVALID,
    429: ErrorKind.THROTTLED,
    501: ErrorKind.INVALID,
}
"""Of all others, 409 among them, it is assumed that they pass."""

ALERTS = ("certificate required", "bad certificate", "unknown ca", "handshake failure", "certificate unknown", "access denied")
"""With which a server refuses a client's certificate."""

HINTS = {
    PermissionError: "; this user may not use it",
    ssl.SSLEOFError: "; it may be that it does not accept this client's certificate",  # the reason is often lost on the way
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into a ResourceError that says what was being done."""
    try:
        yield
    except ResourceError:
        raise
    except APIError as error:
        raise refused(doing, error.explanation or str(error), error.status_code) from error
    except (DockerException, RequestException, HTTPError, OSError, ValueError) as error:
        raise ResourceError(_kind(error), f"{doing} failed: {_words(error)}") from error
    except Exception as error:
        if not type(error).__module__.startswith("paramiko"):
            raise
        raise _refused_by_ssh(doing, error) from error


def refused(doing: str, words: str, status: int | None = None) -> ResourceError:
    """What an engine answers that does not do what it is asked; without a status, it said so while it was at it."""
    return ResourceError(kind_by_words(words) or STATUSES.get(status or 500, ErrorKind.TRANSIENT), f"{doing} failed: {_on_one_line(words)}")


def _refused_by_ssh(doing: str, error: Exception) -> ResourceError:
    """paramiko tries all keys in all ways, and tells of the last one only."""
    message = f"{doing} failed: {_on_one_line(str(error))}"
    if "known_hosts" in message:
        return ResourceError(ErrorKind.INVALID, f"{message}; log in with ssh once, to get to know the host")
    if "Authentication" in type(error).__name__ or re.search(r"\bkey\b", str(error)):
        return ResourceError(ErrorKind.CREDENTIALS, f"{message}; the host does not accept this user with any of the keys that there are")
    return ResourceError(ErrorKind.TRANSIENT, message)


def invalid(message: str) -> ResourceError:
    """The description must change."""
    return ResourceError(ErrorKind.INVALID, message)


def kind_by_words(message: str) -> ErrorKind | None:
    low = message.lower()
    return next((kind for kind, phrases in WORDS.items() if any(phrase in low for phrase in phrases)), None)


def _kind(error: BaseException) -> ErrorKind:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, APIError):
            return refused("", cause.explanation or str(cause), cause.status_code).kind
        if isinstance(cause, PermissionError | TLSParameterError):
            return ErrorKind.CREDENTIALS
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ErrorKind.INVALID
        if isinstance(cause, ssl.SSLError) and any(alert in str(cause).lower().replace("_", " ") for alert in ALERTS):
            return ErrorKind.CREDENTIALS
    if any(isinstance(cause, RequestException | HTTPError | OSError) for cause in causes):
        return ErrorKind.TRANSIENT
    return ErrorKind.INVALID  # the SDK refuses what it was given


def _words(error: BaseException) -> str:
    """The innermost cause: what is around it names objects of the SDK."""
    causes = list(_causes(error))
    told = next((cause for cause in causes if isinstance(cause, APIError) and cause.explanation), None)
    if told:
        return _on_one_line(str(told.explanation))
    system = [cause for cause in causes if isinstance(cause, OSError) and cause.strerror]
    text = (system[-1].strerror if system else "") or str(causes[-1]) or type(error).__name__
    hint = next((hint for kind, hint in HINTS.items() if system and isinstance(system[-1], kind)), "")
    return f"{_on_one_line(text)}{hint}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it follows from; requests and urllib3 put them into their arguments."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        each = left.pop(0)
        if each in seen:
            continue
        seen.append(each)
        yield each
        inner = [getattr(each, "reason", None), *each.args, each.__cause__, each.__context__]
        left += [cause for cause in inner if isinstance(cause, BaseException)]


def _on_one_line(text: str) -> str:
    return " ".join(text.split())

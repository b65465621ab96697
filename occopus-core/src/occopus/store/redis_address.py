"""The address of a store in Redis, as settings have it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from occopus.errors import UsageError

FORMS: Mapping[str, str] = {"redis": "redis://host:6379/0", "rediss": "rediss://host:6379/0", "unix": "unix:///path/of/socket?db=0"}
"""By scheme, what an address looks like. A user and a password may stand before the host or path: `user:password@`."""

OPTIONS: Mapping[str, tuple[str, ...]] = {"redis": (), "rediss": ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), "unix": ("db",)}
"""By scheme, what may follow a question mark. No option makes a connection less safe, or repeats commands behind our back."""

DEFAULT_PORT = 6379
_SPECIAL = "in a user or password, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A and % as %25"


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is. `name` is how messages call the store: without user, password and options."""

    name: str
    tls: bool
    connection: Mapping[str, Any] = field(repr=False)
    """The arguments of redis-py's connections; a `path` where they go through a socket in the file system."""

    def tells(self, text: str) -> bool:
        """Whether a text has the user or the password in it."""
        return any(secret in text for key in ("username", "password") if (secret := self.connection.get(key)))


def read_address(url: str) -> RedisAddress:
    """What a URL says.

    Raises:
        UsageError: it is no address of a Redis. Messages repeat no part of it, since any part may belong to a password.
    """
    parts, port = _split(url)
    scheme = parts.scheme
    if parts.fragment:
        raise _refusal(scheme, "has a '#' in it", _SPECIAL)
    options = _options(scheme, parts.query)
    user = {key: unquote(value) for key, value in (("username", parts.username), ("password", parts.password)) if value}
    if scheme == "unix":
        if parts.hostname or len(parts.path) < 2:
            raise _refusal(scheme, "needs the absolute path of a socket")
        number, path = _number(scheme, options.pop("db", "0")), unquote(parts.path)
        name = f"unix://{path}" + (f"?db={number}" if number else "")
        return RedisAddress(name, False, {"path": path, "db": number, **user})
    if not parts.hostname:
        raise _refusal(scheme, "needs a host")
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise _refusal(scheme, "has a key without a certificate", "give both, ssl_certfile and ssl_keyfile")
    for option, path in options.items():
        if not os.access(path, os.R_OK):
            raise _refusal(scheme, f"has an option {option} that names no file which can be read", "write the absolute path of a file")
    number = _number(scheme, parts.path.removeprefix("/") or "0")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return RedisAddress(
        f"{scheme}://{host}:{port}/{number}",
        scheme == "rediss",
        {"host": parts.hostname, "port": port, "db": number, **user, **options},
    )


def _split(url: str) -> tuple[SplitResult, int]:
    """The parts of a URL, and its port."""
    try:
        parts = urlsplit(url)
        return parts, parts.port or DEFAULT_PORT
    except ValueError:
        pass  # raised outside, as this error repeats what stands in the place of the port: perhaps half of a password
    raise _refusal(url.partition(":")[0].lower(), "has no port number behind the host's colon", _SPECIAL)


def _options(scheme: str, query: str) -> dict[str, str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    allowed = OPTIONS[scheme]
    if bool(query) > bool(given) or not set(given) <= set(allowed):
        hint = f"it may have {' and '.join(allowed)}; {_SPECIAL}" if allowed else f"it may have none; {_SPECIAL}"
        raise _refusal(scheme, "has an option that is not known behind its '?'", hint)
    if not all(given.values()):
        raise _refusal(scheme, "has an option without a value")
    return given


def _number(scheme: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _refusal(scheme, "names a database by something that is no number", f"write {FORMS[scheme]}; {_SPECIAL}")
    return int(text)


def _refusal(scheme: str, what: str, hint: str = "") -> UsageError:
    return UsageError(f"the address of a store in Redis {what}", hint or f"write {FORMS[scheme]}")

"""A check that most backends need."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from occopus.model.node import Section
from occopus.plugins.schema import Check, Problem


def http_url(key: str, example: str) -> Check:
    """That a key, where it is given, holds a URL of HTTP to which paths can be added. A template is checked when it is rendered."""

    def check(section: Section) -> Iterator[Problem]:
        if key not in section:
            return
        try:
            url = urlsplit(section[key])
            usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
        except ValueError:
            usable = False
        if not usable:
            yield Problem((key,), f"'{key}' must be a URL that begins with http:// or https://", f"{example} for example")
        elif "@" in url.netloc:
            yield Problem((key,), f"'{key}' holds a user name or password", "credentials belong in the authentication file")
        elif url.query or url.fragment:
            yield Problem((key,), f"'{key}' must end with its path, without '?' or '#'")

    return check

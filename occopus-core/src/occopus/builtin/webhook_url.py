"""Which URLs a webhook may have."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from occopus.model.node import Section
from occopus.model.secret import is_secret_key
from occopus.plugins.schema import Problem

EXAMPLE = "https://hooks.example.org/occopus for example"


def url_is_fit(section: Section) -> Iterator[Problem]:
    """That `url` is one of HTTP, and holds nothing that should not be seen."""
    try:
        url = urlsplit(section["url"])
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable or not section["url"].isascii() or any(letter <= " " for letter in section["url"]):
        yield Problem(("url",), "'url' must be a URL that begins with http:// or https://", EXAMPLE)
        return
    if "@" in url.netloc:
        yield Problem(
            ("url",), "'url' holds a user name or password", "requests are signed instead: see 'secret' in the authentication file"
        )
    if url.fragment:
        yield Problem(("url",), "'url' must not have a '#'", EXAMPLE)
    for key, _ in parse_qsl(url.query, keep_blank_values=True):
        if is_secret_key(key):
            yield Problem(("url",), f"'url' holds a secret under '{key}', and is kept in the open", "requests are signed instead")

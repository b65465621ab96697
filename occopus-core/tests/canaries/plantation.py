"""Canaries: secrets made up for the tests, each unlike all others, and the search for them in whatever form they take."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil

PIECE = 12
"""Characters of a canary that nothing may show, not even where it was cut off."""


def canary(name: str) -> str:
    """A secret that must be quoted or escaped nearly everywhere."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    groups = [digest[start : start + 6] for start in range(0, 54, 6)]
    return "".join(f"{group}{special}" for group, special in zip(groups, [*"/\"\\é '&+", ""], strict=True))


CREDENTIALS = {name: canary(name) for name in ("password of the credentials", "key in a list of the credentials")}
"""A: in the authentication file."""
REFERENCES = {name: canary(name) for name in ("env", "file", "keyring")}
"""B: what `!secret` refers to."""
KEYS = ("password", "db-passwd", "clientSecret", "token", "api_key", "private_key")
PEM_LINE = hashlib.sha512(b"pem").hexdigest()
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_LINE}\n-----END RSA PRIVATE KEY-----\n"
PLAIN = {name: canary(name) for name in (*KEYS, "in a list", "in a mapping", "in env", "in text")} | {"pem": PEM_LINE}
"""C: in descriptions, under keys that look like secrets."""

STORED_NOWHERE = CREDENTIALS | REFERENCES
EVERYTHING = STORED_NOWHERE | PLAIN


def forms(secret: str) -> Iterator[str]:
    """Worked out here by itself: what the program masks must not decide what is looked for."""
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret))
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1])
    yield from (encode(secret.encode()).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode))


def found_in(text: str, canaries: dict[str, str] = EVERYTHING) -> list[str]:
    """The names of the canaries of which a text shows a piece, in any form."""
    shown = {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}
    return [name for name, secret in canaries.items() if not shown.isdisjoint(_pieces(secret))]


def found_in_files(folder: Path, canaries: dict[str, str]) -> dict[str, list[str]]:
    """By the path of a file below the folder: the canaries in it."""
    texts = {
        str(path.relative_to(folder)): path.read_bytes().decode(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {name: found for name, text in texts.items() if (found := found_in(text, canaries))}


def found_in_process_listing() -> list[str]:
    """The canaries in the command lines of this machine's processes."""
    lines = []
    for process in psutil.process_iter():
        try:
            lines.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found_in("\n".join(lines))


@cache
def _pieces(secret: str) -> frozenset[str]:
    """Of all of its forms."""
    return frozenset(form[start : start + PIECE] for form in forms(secret) for start in range(0, len(form) - PIECE + 1, 3))

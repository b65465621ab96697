"""What a configuration file says of the service's users and of who else may ask it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PREFIX = "occ_"
"""How tokens begin, so that those who look for leaked secrets know them."""

_HASH = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://[^/\s*]+")


@dataclass(frozen=True)
class Token:
    """A user's token, of which only the SHA-256 is known. A token has 256 random bits: nothing slower is needed to keep it from being
    guessed. An admin sees the infrastructures of all users.
    """

    user: str
    sha256: str
    admin: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """From a checked entry of the configuration file."""
        return cls(entry["user"], entry["sha256"].lower(), entry.get("admin", False))

    @classmethod
    def new(cls, user: str, admin: bool) -> tuple[str, Self]:
        """A new token, which is to be shown once, and what is to be kept of it."""
        import secrets  # noqa: PLC0415 - tokens are made once in a while

        token = PREFIX + secrets.token_urlsafe(32)
        return token, cls(user, hash_of(token), admin)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def is_tokens(value: Any) -> str | None:
    fits = isinstance(value, list) and all(map(_is_token, value))
    return None if fits else "a list of entries such as {user: ann, sha256: HASH, admin: false}; 'occopus token new' prints one"


def _is_token(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and {"user", "sha256"} <= entry.keys() <= {"user", "sha256", "admin"}
        and isinstance(entry["user"], str)
        and bool(entry["user"])
        and isinstance(entry["sha256"], str)
        and _HASH.fullmatch(entry["sha256"]) is not None
        and isinstance(entry.get("admin", False), bool)
    )


def is_texts(value: Any) -> str | None:
    return None if isinstance(value, list) and all(isinstance(each, str) and each for each in value) else "a list of texts"


def is_origins(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(each, str) and _ORIGIN.fullmatch(each) for each in value)
    return None if fits else "a list of origins such as https://panel.example.org"

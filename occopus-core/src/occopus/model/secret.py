"""References to secrets: where a value is to be found, never the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from occopus.errors import UsageError

KINDS = ("env", "file", "keyring")
"""Where a secret may be: an environment variable, a file, the system's keyring (`service/name`)."""

KEY = "!secret"


@dataclass(frozen=True)
class SecretReference:
    """What `!secret {env: NAME}`, `{file: path}` or `{keyring: service/name}` stands for in data."""

    kind: str
    name: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not isinstance(self.name, str) or not self.name:
            raise UsageError("a reference to a secret names one of env, file and keyring", "for example !secret {env: NAME}")

    def __str__(self) -> str:
        return f"{KEY} {self.kind}:{self.name}"

    def as_json(self) -> dict[str, dict[str, str]]:
        return {KEY: {self.kind: self.name}}

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> SecretReference:
        """Raises:
        UsageError: the mapping is not what `as_json` makes.
        """
        place = mapping.get(KEY) if len(mapping) == 1 else None
        if not isinstance(place, Mapping) or len(place) != 1:
            raise UsageError("this is no reference to a secret", 'the form is {"!secret": {"env": "NAME"}}')
        return cls(*next(iter(place.items())))


def to_plain(data: Any) -> Any:
    """The data with every reference in its JSON form. What stands in several places is turned once and stays shared."""
    return _Walk(_plain, lambda key: "!" + key).of(data)


def from_plain(data: Any) -> Any:
    """The data that `to_plain` was given."""
    return _Walk(_reference, lambda key: key[1:]).of(data)


# A key that looks like the JSON form but was the user's own gets one more "!", so that it never comes back as a reference.
_LOOKALIKE = re.compile(r"!+secret")


class _Walk:
    """Rebuilds nested data: `turn` replaces a whole value or returns it as it is, `rename` maps the keys that look like ours."""

    def __init__(self, turn: Callable[[Any], Any], rename: Callable[[str], str]) -> None:
        self._turn = turn
        self._rename = rename
        self._done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        turned = self._turn(value)
        if turned is not value or not isinstance(value, (Mapping, list, tuple)):
            return turned
        if id(value) not in self._done:
            self._done[id(value)] = self._inside(value)
        return self._done[id(value)]

    def _inside(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self._key(key): self.of(item) for key, item in value.items()}
        return [self.of(item) for item in value]

    def _key(self, key: Any) -> Any:
        return self._rename(key) if isinstance(key, str) and _LOOKALIKE.fullmatch(key) else key


def _plain(value: Any) -> Any:
    return value.as_json() if isinstance(value, SecretReference) else value


def _reference(value: Any) -> Any:
    return SecretReference.from_json(value) if isinstance(value, Mapping) and set(value) == {KEY} else value


# Whole words of a key, and endings of a key without its separators.
_WORDS = frozenset({"pass", "pw", "pwd"})
_ENDINGS = re.compile(
    r"(password|passwd|passphrase|passcode|secret|token|authorization|credential"
    r"|(private|secret|access|api|client|account|shared|master|signing|encryption)key)s?$"
)


def is_secret_key(key: object) -> bool:
    """Whether the value under a key is to be taken for a secret: `vnc_password`, `clientSecret`, `db-pass` ..."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(key)).lower())
    return words[-1] in _WORDS or _ENDINGS.search("".join(words)) is not None

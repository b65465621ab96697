"""Keeps secrets out of everything that leaves the program: known values by a search, others by the names of their keys."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from occopus.diagnostics import MASK
from occopus.model.plain_secret import values
from occopus.model.secret import KEY, SecretReference, is_secret_key

SHORTEST = 4
"""Characters below which a value is not searched for: such values ("1", "no") stand everywhere in harmless text, and masking them would
make the output unreadable while the pattern of the masks gave the value away."""

CUT = 12
"""Characters by which the beginning or the end of a secret is known where another text has cut it off. A secret has at least twice as
many, so that what is left of it could not be guessed from them."""

SHORTEST_LINE = 16
"""Characters from which one line of a secret of several lines is a secret of its own."""


class Masker:
    """Replaces the secrets that it was told of. May be used from several threads."""

    def __init__(self, secrets: Iterable[object] = ()) -> None:
        self._words: set[str] = set()
        self._ends: dict[str, set[str]] = {}
        """By the characters with which they begin or end: the words that may be cut off."""
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()
        for secret in secrets:
            self.add(secret)

    def add(self, value: object) -> None:
        """Learns a secret, in the forms it may take in other texts too. Values under `SHORTEST` characters are ignored."""
        text = str(value)
        if len(text) < SHORTEST or not text.strip():
            return
        with self._lock:
            for word in _forms(text):
                if len(word) >= SHORTEST and word not in self._words:
                    self._words.add(word)
                    self._pattern = None
                    if len(word) >= 2 * CUT and "\n" not in word and not word.startswith("-----"):
                        for end in (word[:CUT], word[-CUT:]):
                            self._ends.setdefault(end, set()).add(word)

    def learn(self, data: object) -> None:
        """Learns the secrets that stand in the open in what a user wrote."""
        for value in values(data):
            self.add(value)

    def mask(self, text: str) -> str:
        """The text with every known secret replaced, also where two of them overlap."""
        pattern = self._compiled()
        if pattern is None:
            return text
        kept: list[str] = []
        end = 0
        for start, stop in sorted(self._reach(text, *match.span(1)) for match in pattern.finditer(text)):
            if start >= end:
                kept.append(text[end:start] + MASK)
            end = max(end, stop)
        return "".join([*kept, text[end:]])

    def _reach(self, text: str, start: int, stop: int) -> tuple[int, int]:
        """From where to where a secret stands of which this much was found: all of it, or what was left when it was cut off."""
        before, after = 0, 0
        for word in self._ends.get(text[start:stop], ()):
            if word.startswith(text[start:stop]):
                after = max(after, _in_common(word, text[start : start + len(word)]) - CUT)
            if word.endswith(text[start:stop]):
                ending = text[max(0, stop - len(word)) : stop]
                before = max(before, _in_common(word[::-1], ending[::-1]) - CUT)
        return start - before, stop + after

    def mask_data(self, data: Any) -> Any:
        """A copy of nested data that may be shown. References to secrets are shown as such: they hold no value."""
        return _DataMask(self).of(data)

    def _compiled(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._pattern is None and self._words:
                # Looking ahead finds the longest secret at each place, whether or not another one covers that place.
                self._pattern = re.compile(f"(?=({_any_of(sorted(self._words | self._ends.keys(), key=len, reverse=True))}))")
            return self._pattern


class _DataMask:
    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, SecretReference):
            return str(value)
        if isinstance(value, str):
            return self._masker.mask(value)
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = self._inside(value)
        return self._done[id(value)]

    def _inside(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return [self.of(item) for item in value]
        if set(value) == {KEY} and isinstance(value[KEY], Mapping):
            return {KEY: self.of(value[KEY])}  # the JSON form of a reference
        return {self._key(key): self._under(key, item) for key, item in value.items()}

    def _key(self, key: Any) -> Any:
        return self._masker.mask(key) if isinstance(key, str) else key

    def _under(self, key: object, value: Any) -> Any:
        shows_nothing = value is None or isinstance(value, (bool, SecretReference)) or value in ("", [], {})
        is_reference = isinstance(value, Mapping) and set(value) == {KEY}
        return MASK if is_secret_key(key) and not shows_nothing and not is_reference else self.of(value)


def _in_common(one: str, other: str) -> int:
    """With how many characters both begin."""
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def _forms(text: str) -> Iterator[str]:
    """A secret as other texts may hold it: escaped, quoted, encoded, line by line."""
    yield text
    yield text.strip()
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield quote(text, errors="replace")
    yield quote(text, safe="", errors="replace")
    yield quote_plus(text, errors="replace")
    yield repr(text.encode(errors="replace"))[2:-1]
    yield re.sub("%..", lambda code: code.group().lower(), quote(text, safe="", errors="replace"))
    yield html.escape(text, quote=False)
    yield html.escape(text)
    yield from _in_base64(text.encode(errors="replace"))
    for line in text.splitlines() if "\n" in text else ():
        if len(line.strip()) >= SHORTEST_LINE and not line.strip().startswith("-----"):
            yield line.strip()


def _in_base64(content: bytes) -> Iterator[str]:
    """A secret in base64, by itself and within a longer text, where it begins at any of three places of a group."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(content).decode()
        yield whole
        yield whole.rstrip("=")
        for before in range(3):
            # Of the first and last group, only the characters that no neighbour changes.
            encoded = encode(b"\0" * before + content).decode().rstrip("=")
            end = len(encoded) if (before + len(content)) % 3 == 0 else len(encoded) - 1
            inner = encoded[(0, 2, 3)[before] : end]
            if len(inner) >= 2 * SHORTEST:
                yield inner


def _any_of(words: list[str], depth: int = 0) -> str:
    """A pattern for the first of the words that fits. Words are grouped by their first characters, so that a place where none begins costs
    the same however many there are."""
    if len(words) <= 4 or depth == 8:
        return "|".join(re.escape(word) for word in words)
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[:1], []).append(word[1:])
    ends_here = groups.pop("", None)
    branches = [f"{re.escape(first)}(?:{_any_of(rest, depth + 1)})" for first, rest in groups.items()]
    return "|".join([*branches, ""] if ends_here else branches)

"""Secrets that stand in the open: where they are in a text, and which they are in data.

Texts are searched by their looks and not parsed, so that a file which breaks the rules of YAML keeps its secrets too. Where it is not
clear how far a value reaches, it reaches further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from occopus.model.secret import SecretReference, is_secret_key

Span = tuple[int, int]

# A name of up to four words, perhaps in quotes, before a colon or an equals sign. After '?', the colon stands on the next line.
_NAME = re.compile(r"""(?<![\w.-])(["']?)([A-Za-z_][\w.-]{0,99}(?: [\w.-]{1,99}){0,3})\1(?:[ \t]*(:)|[ \t]*(=)(?!=)|[ \t]*\n[ \t]*(:)\s)""")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]+)*")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[^\n-]*-----(.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY|\Z)", re.DOTALL)
_IN_URL = re.compile(r"""://[^/\s:@"']{0,200}:([^\s"']{1,1000})@""")
_BAD_REFERENCE = re.compile(r"""!secret(?=\s)(?!\s*\{?\s*["']?(?:env|file|keyring)["']?\s*:)[ \t]*(\S[^\n]*)""")
_ELSEWHERE = re.compile(
    r"""(?:!secret\s*\{?\s*(?:env|file|keyring)\s*:[^,}\n]*\}?|!(?:text|yaml)_import\s*(?:\{?\s*url\s*:\s*)?["']?file://[^,}\n]*\}?)[\s,}\]]*"""
)
_BLANKS = re.compile(r"[ \t]*")
_TO_DELIMITER = re.compile(r"[^,}\]\n]*")
_BRACKETS_AND_QUOTES = re.compile(r"""[\[{]|[\]}]|"(?:[^"\\]|\\.)*"|'[^']*'""", re.DOTALL)
_MOST_UNCLOSED = 20
_MAY_HOLD = re.compile(r"[:=]|-----|!secret")
_EXPRESSIONS = re.compile(r"\{\{[^'\"]*?\}\}|\{%[^'\"]*?%\}", re.DOTALL)
_NO_SECRETS = frozenset({"", "true", "false", "null", "~", "yes", "no", "none", "on", "off", "|", ">", "|-", ">-", "|+", ">+", "{", "["})


def spans(text: str) -> list[Span]:
    """Where the secrets of a text stand, in their order and apart from one another."""
    found = [match.span(1) for pattern in (_PEM, _IN_URL, _BAD_REFERENCE) for match in pattern.finditer(text)]
    found += _Search(text).named()
    joined: list[Span] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def values(data: Any) -> Iterator[str]:
    """The secrets in data: all below a key that looks like one's, and those that stand within texts."""
    seen: set[tuple[int, bool]] = set()
    left: list[tuple[Any, bool]] = [(data, False)]
    while left:
        value, is_secret = left.pop()
        if isinstance(value, str):
            yield from ([value] if is_secret and _is_worth_hiding(value) else ())
            yield from _words_in(value)
        elif isinstance(value, Mapping | list | tuple):
            if (id(value), is_secret) in seen:
                continue
            seen.add((id(value), is_secret))
            if isinstance(value, Mapping):
                left += [(item, is_secret or is_secret_key(key)) for key, item in value.items()]
            else:
                left += [(item, is_secret) for item in value]
        elif is_secret and not isinstance(value, bool | SecretReference | None):
            yield str(value)


def _is_worth_hiding(value: str) -> bool:
    """Not where it only says where the value is to be found."""
    bare = value.strip().strip("\"'").strip()
    return bare.lower() not in _NO_SECRETS and not _ELSEWHERE.fullmatch(value.strip()) and bool(_EXPRESSIONS.sub("", bare).strip())


class _Search:
    """Looks through one text for values after names that look like a secret's."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._never_closed = 0
        """How many brackets and quotes were followed to the end of the text in vain; that must not happen for each of very many."""

    def named(self) -> Iterator[Span]:
        text, after = self._text, 0
        while match := _NAME.search(text, after):
            after = match.end()
            if not is_secret_key(match[2]):
                continue
            start = _BLANKS.match(text, after).end()  # type: ignore[union-attr]  # it always matches
            end = self._after_equals(start, match.start(2)) if match[4] else self._after_colon(start, match.start(2))
            if _is_worth_hiding(text[start:end]):
                yield start, end
                after = end

    def _after_equals(self, start: int, name: int) -> int:
        before = self._text[name - 1 : name]
        quoted = self._closing(name - 1) if before in ('"', "'") else None
        return quoted - 1 if quoted else self._end_of_line(start)

    def _after_colon(self, start: int, name: int) -> int:
        """How far the value of a YAML key may reach."""
        text = self._text
        at = _PROPERTIES.match(text, start).end()  # type: ignore[union-attr]  # it always matches
        after = self._closing(at) if text[at : at + 2] not in ("{{", "{%") else None
        if after is None:
            return self._end_of_block(at, name - text.rfind("\n", 0, name) - 1)
        return _TO_DELIMITER.match(text, after).end()  # type: ignore[union-attr]  # it always matches

    def _closing(self, at: int) -> int | None:
        """Behind the end of the quotes or bracket that begin at a place; None where there are none, or nothing closes them."""
        first = self._text[at : at + 1]
        if first not in ('"', "'", "[", "{") or self._never_closed > _MOST_UNCLOSED:
            return None
        depth = 0
        for match in _BRACKETS_AND_QUOTES.finditer(self._text, at):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
            if depth == 0:
                begun = match.start() == at or first in ("[", "{")
                return match.end() if begun else None
        self._never_closed += 1
        return None

    def _end_of_block(self, at: int, indentation: int) -> int:
        """Behind the line and those that belong to it: blank, deeper than the key, or items of its list."""
        text, end = self._text, self._end_of_line(at)
        has_no_value = at == end or text[at] in "#&!"
        while end < len(text):
            line_end = self._end_of_line(end + 1)
            line = text[end + 1 : line_end]
            depth = len(line) - len(line.lstrip(" "))
            is_item = has_no_value and depth == indentation and line.lstrip().startswith("-")
            if line.strip() and depth <= indentation and not is_item:
                break
            end = line_end
        return end

    def _end_of_line(self, at: int) -> int:
        end = self._text.find("\n", at)
        return end if end >= 0 else len(self._text)


def _words_in(text: str) -> Iterator[str]:
    """The secrets within a text, in each reading of how far they reach."""
    if not _MAY_HOLD.search(text):
        return
    for start, end in spans(text):
        whole = text[start:end].strip()
        readings = [whole, *whole.splitlines(), re.split(r"[,}\]]| #", whole, maxsplit=1)[0]]
        if text[:start].rstrip(" \"'").endswith("="):
            readings.append(re.split(r"[\s;&|)]", whole, maxsplit=1)[0])
        for reading in dict.fromkeys(readings):
            bare = reading.strip().removeprefix("- ").strip()
            if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
                bare = bare[1:-1]
            if _is_worth_hiding(bare):
                yield bare

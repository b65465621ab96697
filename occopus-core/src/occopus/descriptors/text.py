"""Texts that are being read, and the way from bytes to them."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from occopus.diagnostics import HIDDEN, Position, Source
from occopus.model.plain_secret import Span, spans

Complain = Callable[["Text", int, str, str | None], None]
"""Reports a fault in a text: at which index, what, and a hint."""

# What YAML does not allow in a file; the same set as the parser's own.
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MOST_CONTROL_FAULTS = 20


class Text:
    """A text, the name it is shown under and the folder that relative paths in it start from.

    Faults show its lines without the secrets in them; with `shown` off they show none, since any may hold one.
    """

    def __init__(self, name: str, content: str, folder: Path, shown: bool = True) -> None:
        self.content = content.removeprefix("\ufeff")
        self.folder = folder
        self._name = name
        self._shown = shown

    @cached_property
    def source(self) -> Source:
        return Source(self._name, self._without_secrets if self._shown else "")

    @cached_property
    def _without_secrets(self) -> str:
        parts, shown = [], 0
        for start, end in self._secrets:
            hidden = re.sub(r"[^\n]", HIDDEN, self.content[start:end])
            parts += [self.content[shown:start], hidden]
            shown = end
        return "".join([*parts, self.content[shown:]])

    @cached_property
    def _secrets(self) -> list[Span]:
        return spans(self.content)

    def hides(self, index: int) -> bool:
        """Whether the character at an index belongs to a secret, or may do so."""
        before = bisect_right(self._secrets, (index, len(self.content)))
        return not self._shown or (before > 0 and index < self._secrets[before - 1][1])

    def unseen(self) -> Text:
        """The same text, of which faults show nothing."""
        return Text(self._name, self.content, self.folder, shown=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.content))]

    def position(self, index: int) -> Position:
        """The line and column of a character. What lies behind the end is shown behind the last thing written."""
        if index >= len(self.content):
            index = len(self.content.rstrip())
        line = bisect_right(self._line_starts, index)
        return Position(self.source, line, index - self._line_starts[line - 1] + 1)

    def where(self, index: int) -> str:
        position = self.position(index)
        return f"line {position.line}, column {position.column}"


def decode(content: bytes, make: Callable[[str], Text], complain: Complain) -> Text | None:
    """The text of a file: UTF-8, or UTF-16 with its mark in front. None, with a fault, for what is neither."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8"))
    content = content[len(mark) :]
    if not encoding.startswith("utf-16") and (zero := content.find(0)) >= 0:
        text = make(content[:zero].decode(errors="replace")).unseen()
        complain(text, len(text.content), "this is not a text file: it has zero bytes", None)
        return None
    try:
        return make(content.decode(encoding))
    except UnicodeDecodeError as error:
        readable = content[: error.start].decode(encoding, errors="replace")
        message = f"this is not {encoding.upper()[:6].rstrip('-')} text: byte 0x{content[error.start]:02X} does not fit"
        text = make(readable + "\ufffd").unseen()
        complain(text, len(text.content) - 1, message, "save the file as UTF-8")
        return None


def has_control_characters(text: Text, complain: Complain) -> bool:
    """Whether a text holds characters that YAML does not allow; each of the first ones is a fault."""
    found = 0
    for match in _CONTROL.finditer(text.content):
        code = ord(match.group())
        name = f"the control character U+{code:04X}" if code < 0xA0 else f"the character U+{code:04X}"
        complain(text, match.start(), f"{name} is not allowed here", 'in double quotes it can be written as "\\x.." or "\\u...."')
        found += 1
        if found == MOST_CONTROL_FAULTS:
            break
    return found > 0

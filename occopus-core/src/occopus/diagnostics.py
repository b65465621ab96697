"""Faults in what users write, each with its place: file, line, column, the line itself and a suggestion.

Checks add to one `Diagnostics`; nothing stops at the first fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from occopus.errors import UsageError

MASK = "********"
"""Stands where a secret is not shown."""

HIDDEN = "\ue000"
"""Stands in a source for each character of a secret: a character that has no meaning, and that nobody types."""

LONGEST_EXCERPT = 100
"""Characters of a source line that are shown; a longer line is cut around the fault."""


MOST_CHOICES = 1000
"""Words among which the nearest is looked for: with more, each of many faults would take long."""


@dataclass(frozen=True)
class Source:
    """A text with the name under which it is shown, usually the path as the user gave it. Its secrets are replaced by `HIDDEN`."""

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; empty where there is no such line."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").split("\n")


@dataclass(frozen=True)
class Position:
    """A place in a source. Lines and columns count from 1."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong (or, as a warning, doubtful) in what a user wrote."""

    message: str
    position: Position | None = None
    hint: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        label = "warning" if self.warning else "error"
        place = f"{self.position}: " if self.position else ""
        lines = [f"{place}{label}: {self.message}"]
        if self.position:
            lines += _excerpt(self.position)
        if self.hint:
            lines.append(f"  = {self.hint}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The fault as programs read it."""
        position = self.position
        return {
            "severity": "warning" if self.warning else "error",
            "message": self.message,
            "file": position.source.name if position else None,
            "line": position.line if position else None,
            "column": position.column if position else None,
            "hint": self.hint,
        }


class DescriptionError(UsageError):
    """Descriptions with faults. `faults` has all of them, warnings included, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Diagnostics:
    """Collects faults; the same fault at the same place is kept once. `mask` hides the secrets that a message or hint may quote."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self._faults: dict[Fault, None] = {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All of them, in the order of their places."""
        return tuple(sorted(self._faults, key=_by_place))

    @property
    def has_errors(self) -> bool:
        """Whether any must be mended."""
        return any(not fault.warning for fault in self._faults)

    def error(self, message: str, position: Position | None = None, hint: str | None = None) -> None:
        """Add a fault that must be mended."""
        self.extend([Fault(message, position, hint)])

    def warning(self, message: str, position: Position | None = None, hint: str | None = None) -> None:
        """Add one that stops nobody."""
        self.extend([Fault(message, position, hint, warning=True)])

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add faults; one that is known already is not added again."""
        for fault in faults:
            self._faults[replace(fault, message=self._mask(fault.message), hint=fault.hint and self._mask(fault.hint))] = None

    def raise_if_errors(self) -> None:
        """Raises:
        DescriptionError: if any fault is an error.
        """
        if self.has_errors:
            raise DescriptionError(self.faults)


def did_you_mean(word: object, choices: Iterable[str]) -> str | None:
    """A sentence that offers the nearest right word, or lists the choices where none is near."""
    import difflib  # noqa: PLC0415 - only those who err wait for it

    choices = sorted(str(choice) for choice in choices)
    if len(choices) > MOST_CHOICES:
        return None
    near = difflib.get_close_matches(str(word)[:LONGEST_EXCERPT], choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if choices:
        shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
        return f"expected one of: {shown}"
    return None


def _by_place(fault: Fault) -> tuple[str, int, int]:
    position = fault.position
    return (position.source.name, position.line, position.column) if position else ("", 0, 0)


def _excerpt(position: Position) -> list[str]:
    line = position.source.line(position.line).replace("\t", " ")
    before = _masked(line[: position.column - 1])
    text = _masked(line)
    column = min(len(before) + 1, len(text) + 1)
    start = max(0, column - 1 - LONGEST_EXCERPT // 2) if len(text) > LONGEST_EXCERPT else 0
    shown = "".join(c if c.isprintable() else "·" for c in text[start : start + LONGEST_EXCERPT])
    if not shown.strip():
        return []
    number = str(position.line)
    return [f"  {number} | {shown}", f"  {' ' * len(number)} | {' ' * (column - 1 - start)}^"]


def _masked(text: str) -> str:
    """With one mask for each secret, however long it is."""
    return re.sub(f"{HIDDEN}+", MASK, text)

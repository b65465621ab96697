"""Values of many lines in the form that Occopus 1 needed: with a blank line after each line.

Occopus 1 wrote a cloud-config as YAML, in which texts of many lines stand in quotes, and put values into that. Between quotes YAML folds
lines: a line break becomes a blank, and one that a blank line follows stays. So those who published a private key doubled its line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_LINE = r"[^\n]*\S[^\n]*"
_DOUBLED = re.compile(rf"{_LINE}(?:\n[ \t]*\n{_LINE}){{2,}}\n?")
"""Three lines or more, with one blank line between each two: with two it may as well be a text of two paragraphs."""


def is_doubled(value: object) -> bool:
    """Whether each line break of a text is doubled."""
    return isinstance(value, str) and "\n" in value and bool(_DOUBLED.fullmatch(value))


def folded(value: Any) -> Any:
    """A doubled text as YAML's folding leaves it; any other value as it is."""
    if not is_doubled(value):
        return value
    *lines, end = re.split(r"[ \t]*\n[ \t]*\n[ \t]*", value)
    return "\n".join([*lines, re.sub(r"[ \t]*\n", " ", end)])


def doubled_in(data: Any, name: str) -> Iterator[str]:
    """The names of doubled texts in the data that templates know by `name`."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from doubled_in(value, f"{name}.{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from doubled_in(value, f"{name}[{index}]")
    elif is_doubled(data):
        yield name

"""What one description and all that it imports share while they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from occopus.descriptors import limits
from occopus.descriptors.nodes import Node
from occopus.descriptors.text import Text
from occopus.diagnostics import Diagnostics
from occopus.errors import UsageError

Reader = Callable[[Path], bytes]
"""Reads a file; raises OSError where it cannot, UsageError where it will not."""


class Stopped(Exception):
    """Reading the file goes no further; the fault is already reported."""


def read_file(path: Path) -> bytes:
    """The content of a file, cut where it is too large anyway."""
    with path.open("rb") as file:
        return file.read(limits.BYTES + 1)


@dataclass
class Loading:
    """Settings and counts of one load.

    `lenient` takes unknown tags for none. Without `secrets`, `!secret` is refused. `confidential` keeps the text out of the faults.
    """

    diagnostics: Diagnostics
    reader: Reader = read_file
    lenient: bool = False
    secrets: bool = True
    confidential: bool = False
    chain: list[Path] = field(default_factory=list)
    """The files that are being imported, each by the one before it."""
    imported: dict[tuple[str, Path], Node | None] = field(default_factory=dict)
    _nodes: int = 0
    _faults: int = 0

    def text(self, name: str, content: str, folder: Path) -> Text:
        return Text(name, content, folder, shown=not self.confidential)

    def fault(self, text: Text, at: int, message: str, hint: str | None = None) -> None:
        """Reports a fault.

        Raises:
            Stopped: there have been enough of them.
        """
        self._faults += 1
        if self._faults > limits.FAULTS:
            self.diagnostics.error(f"{text.source.name} has more than {limits.FAULTS} faults; the others are not shown")
            raise Stopped
        self.diagnostics.error(message, text.position(at), hint)

    def stop(self, text: Text, at: int, message: str, hint: str | None = None) -> Stopped:
        """Reports a fault after which nothing more of the file can be read."""
        self.fault(text, at, message, hint)
        return Stopped()

    def spend(self, nodes: int, text: Text, at: int) -> None:
        """Counts nodes.

        Raises:
            Stopped: there are too many.
        """
        self._nodes += nodes
        if self._nodes > limits.NODES:
            raise self.stop(text, at, f"the description has more than {limits.NODES:,} keys and values: that is too large")

    def quote(self, words: object, text: Text, at: int) -> str:
        """Words of the user's that stand at a place, for a message."""
        if text.hides(at):
            return "'...'"
        shown = "".join(c if c.isprintable() else "·" for c in str(words)[:60])
        return f"'{shown}{'...' if len(str(words)) > 60 else ''}'"


def why_unreadable(error: Exception, name: str) -> str:
    """What keeps a file from being read, in a sentence."""
    if isinstance(error, UsageError):
        return error.message
    if isinstance(error, FileNotFoundError):
        return f"there is no file {name}"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a folder, not a file"
    if isinstance(error, PermissionError):
        return f"the file {name} may not be read"
    detail = error.strerror if isinstance(error, OSError) else None
    return f"the file {name} cannot be read" + (f": {detail}" if detail else "")

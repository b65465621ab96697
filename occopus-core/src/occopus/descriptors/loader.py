"""Loads descriptions: plain data, the place of everything in it, and all faults at once."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from occopus.descriptors import limits
from occopus.descriptors.composer import Composer
from occopus.descriptors.loading import Loading, Reader, read_file, why_unreadable
from occopus.descriptors.nodes import Node, find
from occopus.descriptors.tags import Tags
from occopus.descriptors.text import Text, decode
from occopus.diagnostics import Diagnostics, Position
from occopus.errors import UsageError


@dataclass(frozen=True)
class Document:
    """What a file holds. `data` is plain save for references to secrets; what aliases and imports repeat is shared, so do not change it."""

    root: Node

    @property
    def data(self) -> Any:
        return self.root.data

    def position(self, path: Sequence[str | int] = (), of_key: bool = False) -> Position:
        """Where a value (or its key) stands, in whatever file it came from; the nearest value around it where there is none."""
        return find(self.root, path, of_key).position


def load_file(
    path: Path | str,
    diagnostics: Diagnostics,
    reader: Reader = read_file,
    *,
    lenient: bool = False,
    secrets: bool = True,
    confidential: bool = False,
) -> Document | None:
    """Loads a file; None where it cannot be read to its end. Faults are added to `diagnostics`.

    `reader` reads the imported files too. With `lenient`, unknown tags are passed over. Without `secrets`, `!secret` is refused.
    With `confidential`, faults show nothing of the file but its keys' places.
    """
    loading = Loading(diagnostics, reader, lenient, secrets, confidential)
    try:
        content = reader(Path(path))
    except (OSError, ValueError, UsageError) as error:
        diagnostics.error(why_unreadable(error, f"'{path}'"), None, getattr(error, "hint", None))
        return None
    return _load(content, str(path), Path(path).parent, loading, [Path(os.path.realpath(path))])


def load_text(
    text: str | bytes,
    name: str,
    diagnostics: Diagnostics,
    base: Path | None = None,
    reader: Reader = read_file,
    *,
    lenient: bool = False,
    secrets: bool = True,
    confidential: bool = False,
) -> Document | None:
    """Loads a text that is shown as `name`; relative paths in it start from the folder `base`."""
    loading = Loading(diagnostics, reader, lenient, secrets, confidential)
    return _load(text, name, base or Path(), loading, [])


def _load(content: str | bytes, name: str, folder: Path, loading: Loading, chain: list[Path]) -> Document | None:
    if len(content) > limits.BYTES:
        loading.diagnostics.error(f"'{name}' is larger than {limits.BYTES // 1024**2} MB")
        return None

    def make(words: str) -> Text:
        return loading.text(name, words, folder)

    loading.chain.extend(chain)
    text = make(content) if isinstance(content, str) else decode(content, make, loading.fault)
    root = _compose(text, loading) if text else None
    return Document(root) if root else None


def _compose(text: Text, loading: Loading) -> Node | None:
    return Composer(text, loading, Tags(text, loading, _compose).apply).compose()

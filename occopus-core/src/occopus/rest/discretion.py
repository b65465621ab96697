"""Keeps from users where things are on the service's machine."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from occopus.settings import Settings

SHORTEST = 5
"""Characters of a folder's name below which it tells nothing (`/`, `/usr`)."""


class Discretion:
    """Takes the names of folders out of texts."""

    def __init__(self, folders: Iterable[str | Path]) -> None:
        names = {str(folder).rstrip("/") for folder in folders}
        self._names = sorted((name for name in names if len(name) >= SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(f"{re.escape(name)}(?![\\w.-])" for name in self._names))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """For a service with these settings."""
        files = (settings.auth_data_path, settings.log_file)
        folders: list[str | Path] = [settings.data_dir, *(path.parent for path in files if path), Path.home(), tempfile.gettempdir()]
        return cls([*folders, sys.prefix, sys.base_prefix, *Path(__file__).parents[1:3]])

    def of_text(self, text: str) -> str:
        if not any(name in text for name in self._names):  # as always, and much quicker than the pattern finds out
            return text
        return self._pattern.sub("…", text)

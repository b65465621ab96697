"""The published tutorials, by path: they are no part of the project."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

TUTORIALS = Path(__file__).parents[4] / "shared" / "tutorials"


def filled(name: str, folder: Path, values: Mapping[str, str]) -> Path:
    """The infrastructure description of a copy of a tutorial, with a value in each place that is to be replaced: the one whose key, the
    longest if several, is in the place's text.
    """
    copy = folder / name
    shutil.copytree(TUTORIALS / name, copy)

    def value(place: re.Match[str]) -> str:
        return values[max((key for key in values if key in place.group()), key=len)]

    for path in copy.rglob("*.yaml"):
        path.write_text(re.sub(r"\b(?:replace_with|add_yes_if)_\w+", value, path.read_text()))
    return next(copy.glob("infra*.yaml"))

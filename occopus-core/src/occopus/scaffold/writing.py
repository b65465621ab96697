"""Renders the templates of a kind, and writes them as one new folder: whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from occopus.errors import UsageError
from occopus.plugins.versions import CONTRACT_VERSION
from occopus.scaffold.kinds import KINDS
from occopus.scaffold.names import Names

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".jinja"
COMMON = "common"


def write(names: Names, kind: str, into: Path) -> Path:
    """Write a new package into a folder; where it is.

    Raises:
        UsageError: there is something of its name already, or the folder can't be written to. Everything is as it was.
    """
    target = into / names.package
    if os.path.lexists(target):
        raise UsageError(f"'{target}' is there already", "give the plugin another name, or its folder another place: --into FOLDER")
    texts = dict(rendered(names, kind))
    try:
        # Beside the place where it will be, so that it takes that place in one step.
        with TemporaryDirectory(prefix=f".{names.package}-", dir=into) as workshop:
            made = Path(workshop) / names.package
            for path, text in texts.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_text(text, encoding="utf-8")
            made.rename(target)
    except OSError as error:
        raise UsageError(f"'{target}' can't be written: {error.strerror}", "--into FOLDER says where else") from error
    return target


def rendered(names: Names, kind: str) -> Iterator[tuple[str, str]]:
    """The files of a new package: each path with its text."""
    environment = Environment(  # noqa: S701 - nothing of it is HTML
        loader=FileSystemLoader([TEMPLATES / kind, TEMPLATES / COMMON]), undefined=StrictUndefined, keep_trailing_newline=True
    )
    chosen = KINDS[kind]
    known = {
        "names": names,
        "contract": CONTRACT_VERSION,
        "noun": chosen.noun,
        "summary": chosen.summary.format(names.name),
        "topic": chosen.topic,
    }
    for name in environment.list_templates():
        if name.endswith(SUFFIX):  # what else is there is included by these
            path = name.removesuffix(SUFFIX).replace("MODULE", names.module)
            yield path, environment.get_template(name).render(known)

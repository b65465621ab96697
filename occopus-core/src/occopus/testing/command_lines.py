"""Calls of Occopus in texts, help and READMEs for example: whether the commands really have what is shown of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from occopus.cli.main import load, occopus

PROGRAMS = {
    "occopus-build": "build",
    "occopus-destroy": "destroy",
    "occopus-import": "import",
    "occopus-maintain": "maintain",
    "occopus-rest-service": "serve",
    "occopus-scale": "scale",
}
"""The old names, with the command that each is."""


def calls(line: str) -> Iterator[list[str]]:
    """The calls of Occopus in a line of a shell: within $(...), before and after a pipe, without redirections and remarks."""
    inner = re.sub(r'^(\w+=|eval )"?\$\((.*)\)"?$', r"\2", re.split(r"\s+#", line)[0].strip())
    for part in re.split(r"\s[|]\s|\s&&\s|;\s", inner):
        words = shlex.split(re.sub(r"\s>+\s*\S+", "", part))
        if words and (words[0] == "occopus" or words[0] in PROGRAMS):
            yield words


def parse(words: list[str]) -> None:
    """Parse a call with the options that its command really has.

    Raises:
        click.UsageError: it can't be called so.
    """
    command = load(PROGRAMS[words[0]]) if words[0] in PROGRAMS else occopus
    rest = words[1:]
    while isinstance(command, click.Group):
        with click.Context(command) as context:
            name, below, rest = command.resolve_command(context, rest)
        assert below, name
        command = below
    command.make_context(" ".join(words), rest)

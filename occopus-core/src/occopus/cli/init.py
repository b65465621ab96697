"""occopus init"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import click

from occopus.cli.app import App, door
from occopus.cli.completing import backends
from occopus.cli.first_files import FirstFiles
from occopus.cli.formats import table
from occopus.errors import UsageError
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.workspace import Workspace

PRIVATE = 0o600
OPEN = 0o666
"""Modes of files; the second less what the user's umask takes away."""


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".", metavar="[FOLDER]")
@click.option("--backend", metavar="TYPE", shell_complete=backends, help="What nodes run on; asked for if it is left out.")
@door
def command(app: App, folder: Path, backend: str | None) -> None:
    """Write the files of a first infrastructure into FOLDER: a description, a node definition for one of the installed backends, and what
    to fill credentials into. Each key has a comment. Files that are there already stay as they are. Editors that use the YAML language
    server (VS Code and many others) then complete and check these files.

    \b
    Examples:
      occopus init
      occopus init first --backend local
    """
    workspace = app.open(Workspace)
    spec = _backend(app, workspace, backend)
    first = FirstFiles(workspace.composition, spec)
    files = first.texts(_name(folder), workspace.user)
    for_editors = {name: text for name, text in first.for_editors().items() if not os.path.lexists(folder / name)}
    _write(folder, files | for_editors)
    for name in files:
        app.say(f"written: {folder / name}")
    if for_editors:
        app.say("and what editors complete and check them with: .schemas, .vscode")
    app.say("next:")
    where = "" if folder == Path() else f"cd {folder}\n  "
    fill_in = "" if spec.local else "fill in what is yours, above all where it says 'change-me'\n  "
    app.say(f"  {where}{fill_in}occopus validate infra.yaml nodes/node_definitions.yaml")
    app.say("  occopus build infra.yaml --nodes nodes/node_definitions.yaml")


def _backend(app: App, workspace: Workspace, wanted: str | None) -> ResourceHandlerSpec:
    specs = {type: workspace.registry.resource_handler(type) for type in workspace.composition.types("resource")}
    if wanted is None and not sys.stdin.isatty():
        raise UsageError("which backend?", f"give --backend with one of: {', '.join(specs)}")
    if wanted is None:
        app.say(table([(type, spec.summary) for type, spec in specs.items()], ["type", "what nodes run on"]))
        wanted = click.prompt("backend", type=click.Choice(list(specs)), default="local", show_choices=False, err=True)
    return workspace.registry.resource_handler(str(wanted))


def _name(folder: Path) -> str:
    """A name for the infrastructure, from the folder's own."""
    return re.sub("[^A-Za-z0-9]+", "-", folder.resolve().name).strip("-")[:63] or "first"


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write all files or none.

    Raises:
        UsageError: one of them is there already, or can't be written.
    """
    there = [str(folder / name) for name in files if os.path.lexists(folder / name)]
    if there:
        raise UsageError(f"already there: {', '.join(there)}", "nothing was written; give another folder")
    made: list[Path] = []
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = PRIVATE if name == "auth_data.yaml" else OPEN
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            with suppress(OSError):
                path.unlink()
        raise UsageError(f"'{error.filename or folder}' can't be written: {error.strerror}", "nothing was written") from None

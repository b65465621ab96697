"""occopus plugin"""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from occopus.cli.app import App, door
from occopus.plugins.loading import load_plugins
from occopus.scaffold.kinds import KINDS
from occopus.scaffold.names import Names
from occopus.scaffold.taken import refuse_taken
from occopus.scaffold.writing import write


@click.group("plugin")
def command() -> None:
    """Write plugins: backends for clouds, contextualisers, config managers, health checks, notifiers.

    \b
    Example:
      occopus plugin new mycloud
    """


@command.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), default="resource", show_default=True, help="What it will be.")
@click.option("--into", metavar="FOLDER", default=".", help="Where its folder is made; here if not given.")
@door
def new(app: App, name: str, kind: str, into: str) -> None:
    """Write a package with a plugin that works: it installs, and passes the checks of its kind with a stand-in of its own.

    NAME is what users will write, as the type or the key of a section. The package is called occopus-NAME.

    \b
    Examples:
      occopus plugin new mycloud
      occopus plugin new redis-ping --kind health-check --into ~/src
    """
    names = Names.of(name)
    refuse_taken(names, kind, load_plugins())
    folder = write(names, kind, Path(into))
    app.say(f"made {folder}: a {KINDS[kind].noun} that works, for you to make it yours")
    app.say(f"  cd {shlex.quote(str(folder))} && pip install -e '.[test]'")
    app.say("  pytest && ruff check && ruff format --check && mypy     # all well, before you change anything")
    app.say("  occopus plugins                                         # it is there")
    app.say("  grep -rn REPLACE .                                      # where to begin")

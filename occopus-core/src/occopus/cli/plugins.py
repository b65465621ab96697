"""occopus plugins"""

from __future__ import annotations

import click

from occopus.cli.app import App, door
from occopus.cli.formats import plugin_rows, table
from occopus.workspace import Workspace


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@door
def command(app: App, as_json: bool) -> None:
    """Show the installed plugins: name, kind, package, version, status, and the reason where one can't be used.

    \b
    Example:
      occopus plugins
    """
    rows = plugin_rows(app.open(Workspace).registry)
    if as_json:
        return app.give_json(rows)
    app.give(table([list(row.values()) for row in rows], ["name", "kind", "package", "version", "status", "reason"]))
    return None

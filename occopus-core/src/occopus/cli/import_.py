"""occopus import"""

from __future__ import annotations

import click

from occopus.cli.app import FILE, App, door
from occopus.workspace import Workspace


@click.command("import")
@click.argument("datafile", type=FILE, metavar="FILE")
@door
def command(app: App, datafile: str) -> None:
    """Check the node definitions in FILE and load them into the store; a later import of the same name replaces an earlier one.

    \b
    Example:
      occopus-import nodes/node_definitions.yaml
    """
    workspace = app.open(Workspace)
    description = workspace.read([datafile], definitions_only=True)
    app.show_faults(description.warnings)
    for name in workspace.import_definitions(description):
        app.say(f"imported: {name}")

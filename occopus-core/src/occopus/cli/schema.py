"""occopus schema"""

from __future__ import annotations

import click

from occopus.cli.app import App, door
from occopus.schema.json_schema import infrastructure_schema, node_definitions_schema
from occopus.workspace import Workspace


@click.command("schema")
@click.argument("kind", type=click.Choice(["infrastructure", "node-definitions"]), default="node-definitions")
@door
def command(app: App, kind: str) -> None:
    """Print what an infrastructure description or a file of node definitions may contain, as JSON Schema for editors.

    The schema of node definitions is composed from the installed plugins.

    \b
    Example:
      occopus schema node-definitions > node-definitions.schema.json
    """
    schema = infrastructure_schema() if kind == "infrastructure" else node_definitions_schema(app.open(Workspace).composition)
    app.give_json(schema, exact=True)

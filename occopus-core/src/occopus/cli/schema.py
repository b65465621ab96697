"""occopus schema"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from occopus.cli.app import App, door
from occopus.schema.composition import Composition
from occopus.schema.json_schema import credentials_schema, infrastructure_schema, node_definitions_schema
from occopus.workspace import Workspace

SCHEMAS: Mapping[str, Callable[[Composition], dict[str, Any]]] = {
    "infrastructure": lambda composition: infrastructure_schema(),
    "node-definitions": node_definitions_schema,
    "credentials": credentials_schema,
}


@click.command("schema")
@click.argument("kind", type=click.Choice(list(SCHEMAS)), default="node-definitions")
@door
def command(app: App, kind: str) -> None:
    """Print what an infrastructure description, a file of node definitions or an authentication file may contain, as JSON Schema.

    Editors complete and check files with it. Those of node definitions and of credentials are composed from the installed plugins;
    'occopus init' writes all three, and what makes editors use them.

    \b
    Examples:
      occopus schema node-definitions > node-definitions.schema.json
      occopus schema credentials > credentials.schema.json
    """
    app.give_json(SCHEMAS[kind](app.open(Workspace).composition), exact=True)

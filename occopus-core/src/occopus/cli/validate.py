"""occopus validate"""

from __future__ import annotations

import sys
from collections.abc import Sized

import click

from occopus.cli.app import BAD_INPUT, FILE, App, door, nodes_option
from occopus.diagnostics import DescriptionError
from occopus.workspace import Workspace


@click.command("validate")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@nodes_option
@click.option("--json", "as_json", is_flag=True, help="Print the faults as JSON.")
@door
def command(app: App, files: tuple[str, ...], nodes: tuple[str, ...], as_json: bool) -> None:
    """Check an infrastructure description, files of node definitions, or both together.

    Every fault of all files is shown with its place. Nothing is contacted and nothing is changed.

    \b
    Example:
      occopus validate infra.yaml nodes/node_definitions.yaml
    """
    try:
        description = app.open(Workspace).read([*files, *nodes])
        faults = description.warnings
    except DescriptionError as error:
        if not as_json:
            raise
        app.give_json([fault.as_json() for fault in error.faults])
        sys.exit(BAD_INPUT)
    if as_json:
        return app.give_json([fault.as_json() for fault in faults])
    app.show_faults(faults)
    infrastructure = description.infrastructure
    parts = []
    if infrastructure:
        parts.append(f"{infrastructure.name}: {_count(infrastructure.nodes, 'node', 'nodes')}")
        parts.append(_count(infrastructure.dependencies, "dependency", "dependencies"))
    if description.definitions:
        parts.append(_count(description.definitions, "node definition", "node definitions"))
    app.say(f"valid: {', '.join(parts)}")
    return None


def _count(things: Sized, one: str, many: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else many}"

"""occopus render"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click
import yaml

from occopus.cli.app import FILE, App, door, nodes_option
from occopus.plugins.contextualiser import UserData
from occopus.rendering.rehearsal import Rehearsed
from occopus.workspace import Workspace


@click.command("render")
@click.argument("infra_def", type=FILE, metavar="INFRA")
@nodes_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of instances as JSON.")
@door
def command(app: App, infra_def: str, nodes: tuple[str, ...], as_json: bool) -> None:
    """Show what each instance would get, before anything exists.

    Ids and addresses are made up (the addresses are from 198.18.0.0/15); what `!secret` refers to is not looked up and local commands
    are not run. Everything else is shown exactly as the instance would get it, passwords in the description too.

    \b
    Example:
      occopus render infra.yaml --nodes nodes/node_definitions.yaml
    """
    workspace = app.open(Workspace)
    infrastructure, _ = app.read(workspace, infra_def, nodes)
    rows = [_row(rehearsed) for rehearsed in workspace.render(infrastructure)]
    if as_json:
        return app.give_exactly(json.dumps(rows, indent=2, default=str))
    for row in rows:
        app.give_exactly(f"--- {row.pop('node')} {row.pop('index')}")
        text = row.pop("user_data")
        app.give_exactly(yaml.safe_dump({key: value for key, value in row.items() if value is not None}, sort_keys=False).rstrip())
        if text:
            app.give_exactly("user_data:\n" + "\n".join(f"  {line}" for line in text.splitlines()))
    return None


def _row(rehearsed: Rehearsed) -> dict[str, Any]:
    context = rehearsed.inputs.context
    container = asdict(context) if context and not isinstance(context, UserData) else None
    if container:
        container = {key: list(value) if isinstance(value, tuple) else value for key, value in container.items()}
    return {
        "node": rehearsed.node_name,
        "index": rehearsed.index,
        "infra_id": rehearsed.infra_id,
        "node_id": rehearsed.node_id,
        "address": rehearsed.address,
        "resource": dict(rehearsed.inputs.resource),
        "user_data": context.text if isinstance(context, UserData) else None,
        "container": container,
        "attributes": dict(rehearsed.inputs.attributes),
    }

"""occopus graph"""

from __future__ import annotations

import click

from occopus.cli.app import App, door, infra_id_option, nodes_option
from occopus.cli.drawing import DRAWINGS
from occopus.errors import UsageError
from occopus.workspace import Workspace


@click.command("graph")
@click.argument("infra_def", metavar="[INFRA]", required=False)
@infra_id_option(required=False)
@nodes_option
@click.option("--format", "form", type=click.Choice(["text", "dot", "mermaid"]), default="text", show_default=True)
@door
def command(app: App, infra_def: str | None, infra_id: str | None, nodes: tuple[str, ...], form: str) -> None:
    """Draw the nodes of INFRA, or of a built infrastructure, and what each depends on.

    \b
    Examples:
      occopus graph infra.yaml
      occopus graph -i ID --format dot | dot -Tsvg > infra.svg
    """
    if bool(infra_def) == bool(infra_id):
        wrong = "there are two things to draw" if infra_def else "there is nothing to draw"
        raise UsageError(wrong, "give either an infrastructure description or -i ID")
    workspace = app.open(Workspace)
    infrastructure = app.read(workspace, infra_def, nodes)[0] if infra_def else workspace.described(str(infra_id))
    app.give(DRAWINGS[form](infrastructure))

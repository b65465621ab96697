"""occopus graph"""

from __future__ import annotations

import click

from occopus.cli.app import App, door, infra_id_option, nodes_option
from occopus.errors import UsageError


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
    from occopus.cli.drawing import DRAWINGS

    if bool(infra_def) == bool(infra_id):
        raise UsageError("nothing to draw", "give either an infrastructure description or -i ID")
    infrastructure = app.read(infra_def, nodes).infrastructure if infra_def else app.manager.described(str(infra_id))
    assert infrastructure  # noqa: S101 - App.read sees to it
    app.give(DRAWINGS[form](infrastructure))

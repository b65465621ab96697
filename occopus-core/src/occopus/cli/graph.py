"""occopus graph"""

from __future__ import annotations

from pathlib import Path

import click

from occopus.cli.app import FILE, App, door, infra_id_option, nodes_option
from occopus.cli.drawing import DRAWINGS, FORMS
from occopus.errors import UsageError
from occopus.workspace import Workspace


@click.command("graph")
@click.argument("infra_def", type=FILE, metavar="[INFRA]", required=False)
@infra_id_option(required=False)
@nodes_option
@click.option("--format", "form", type=click.Choice(list(DRAWINGS)), help="text is what is drawn if neither this nor FILE says another.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE; its ending says in which form.")
@door
def command(app: App, infra_def: str | None, infra_id: str | None, nodes: tuple[str, ...], form: str | None, output: str | None) -> None:
    """Draw the nodes of INFRA, or of a built infrastructure, and what each depends on.

    \b
    Examples:
      occopus graph infra.yaml
      occopus graph infra.yaml -o infra.svg
      occopus graph -i ID --format mermaid
    """
    if bool(infra_def) == bool(infra_id):
        wrong = "there are two things to draw" if infra_def else "there is nothing to draw"
        raise UsageError(wrong, "give either an infrastructure description or -i ID")
    form = form or (_form_of(output) if output else "text")
    workspace = app.open(Workspace)
    infrastructure = app.read(workspace, infra_def, nodes)[0] if infra_def else workspace.described(str(infra_id))
    app.give_to(output, DRAWINGS[form](infrastructure))


def _form_of(output: str) -> str:
    ending = Path(output).suffix.lower()
    if ending not in FORMS:
        raise UsageError(f"what is to be drawn into '{output}'?", f"give --format, or a name that ends in {', '.join(FORMS)}")
    return FORMS[ending]

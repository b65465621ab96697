"""occopus list"""

from __future__ import annotations

import click

from occopus.as_json import status_of
from occopus.cli.app import App, door
from occopus.cli.formats import age
from occopus.workspace import Workspace


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@door
def command(app: App, as_json: bool) -> None:
    """List the infrastructures in the store, the oldest first.

    \b
    Example:
      occopus list --json
    """
    show_list(app, as_json)


def show_list(app: App, as_json: bool = False) -> None:
    """Show all infrastructures in the form asked for."""
    infras = app.open(Workspace).list()
    if as_json:
        fields = [
            {"infra_id": i.infra_id, "name": i.name, "user_id": i.user_id, "created_at": i.created_at, "status": status_of(i)}
            for i in infras
        ]
        return app.give_json(fields)
    for infra in infras:
        app.give(f"{infra.infra_id}  {infra.name}  {status_of(infra)}, {age(infra.created_at)} old")
    if not infras:
        app.say("there are no infrastructures")
    return None

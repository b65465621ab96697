"""occopus events"""

from __future__ import annotations

import json

import click

from occopus.cli.app import App, door, infra_id_option
from occopus.cli.formats import event_as_text
from occopus.workspace import Workspace


@click.command("events")
@infra_id_option(required=True)
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON.")
@door
def command(app: App, infra_id: str, as_json: bool) -> None:
    """Show what happened to an infrastructure, the oldest first; also to one that is gone.

    \b
    Example:
      occopus events -i ID
    """
    for name, event in app.open(Workspace).events(infra_id):
        if as_json:
            app.give(json.dumps({"id": name, **vars(event)}))
        else:
            app.give(event_as_text(event))

"""occopus events"""

from __future__ import annotations

import json
import time

import click

from occopus.as_json import event_as_json
from occopus.cli.app import App, door, infra_id_option
from occopus.cli.formats import event_as_text
from occopus.workspace import Workspace

LOOK_AGAIN = 0.5
"""Seconds between two looks for new events."""


@click.command("events")
@infra_id_option(required=True)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on, until Ctrl-C or until it is destroyed.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON.")
@door
def command(app: App, infra_id: str, follow: bool, as_json: bool) -> None:
    """Show what happened to an infrastructure, the oldest first; also to one that is gone.

    \b
    Examples:
      occopus events -i ID
      occopus events -i ID --follow --json
    """
    workspace = app.open(Workspace)
    last, ended = "", False
    while True:
        for name, event in workspace.events(infra_id, last):
            app.give(json.dumps(event_as_json(name, event)) if as_json else event_as_text(event))
            last, ended = name, event.kind == "destroyed"
        if ended or not follow:
            return
        time.sleep(LOOK_AGAIN)

"""occopus destroy"""

from __future__ import annotations

import click

from occopus.cli.app import App, door, infra_id_option
from occopus.cli.progress import watching
from occopus.manager import InfrastructureManager


@click.command("destroy")
@infra_id_option(required=True)
@click.option("--parallelize", is_flag=True, help="Remove independent nodes at the same time.")
@door
def command(app: App, infra_id: str, parallelize: bool) -> None:
    """Remove an infrastructure with all of its instances. It stays in the store until everything is gone; run it again if it fails.

    \b
    Example:
      occopus-destroy -i 14032858-d628-40a2-b611-71381bd463fa
    """
    manager = app.open(InfrastructureManager, parallelize=parallelize)
    with watching(app, "destroying", infra_id, f"'occopus destroy -i {infra_id}' goes on where it ended") as watcher:
        manager.destroy(infra_id, watcher)
    app.say(f"destroyed: {infra_id}")

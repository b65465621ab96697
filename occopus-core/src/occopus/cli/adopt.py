"""occopus adopt"""

from __future__ import annotations

import click

from occopus.cli.app import FILE, App, door, nodes_option
from occopus.cli.formats import addresses_as_text
from occopus.cli.progress import watching
from occopus.manager import InfrastructureManager


@click.command("adopt")
@click.argument("infra_def", type=FILE, metavar="INFRA")
@click.option("-i", "--infra-id", "--infra", "infra_id", metavar="ID", required=True, help="The identifier that everything of it bears.")
@nodes_option
@door
def command(app: App, infra_def: str, infra_id: str, nodes: tuple[str, ...]) -> None:
    """Take over the infrastructure of an identifier that the store does not know (any more).

    What bears its mark is looked for at the endpoints that INFRA names and is written into the store. Nothing is made and nothing is
    removed; 'occopus plan -i ID' then shows what the next pass would do.

    \b
    Example:
      occopus adopt --infra 14032858-d628-40a2-b611-71381bd463fa infra.yaml
    """
    manager = app.open(InfrastructureManager)
    infrastructure, description = app.read(manager, infra_def, nodes)
    if nodes:
        manager.import_definitions(description)
    with watching(app, "adopting", infra_id, "nothing was changed") as watcher:
        outcome = manager.adopt(infrastructure, infra_id, watcher)
    app.say(addresses_as_text(infrastructure, outcome.instances))
    app.give(infra_id)

"""occopus build"""

from __future__ import annotations

from dataclasses import replace

import click

from occopus.cli.app import App, door, infra_id_option, nodes_option
from occopus.cli.formats import addresses_as_text
from occopus.cli.progress import watching
from occopus.manager import InfrastructureManager


@click.command("build")
@click.argument("infra_def", metavar="INFRA")
@infra_id_option(required=False)
@nodes_option
@click.option("--parallelize", is_flag=True, help="Work on independent nodes at the same time.")
@click.option("--parallelism", type=click.IntRange(min=1), metavar="N", help="How many calls may run at once; implies --parallelize.")
@door
def command(app: App, infra_def: str, infra_id: str | None, nodes: tuple[str, ...], parallelize: bool, parallelism: int | None) -> None:
    """Build the infrastructure that INFRA describes and print its identifier.

    Files given with --nodes are imported first. On any error and on Ctrl-C, everything this command made is removed again.
    With -i, the existing infrastructure of that identifier is made what INFRA says.

    \b
    Examples:
      occopus build infra.yaml --nodes nodes/node_definitions.yaml
      ID=$(occopus-build --parallelize infra.yaml)
    """
    manager = app.open(InfrastructureManager)
    infrastructure, description = app.read(manager, infra_def, nodes)
    if parallelize or parallelism:
        manager.settings = replace(manager.settings, parallelize=True, parallelism=parallelism or manager.settings.parallelism)
    if nodes:
        manager.import_definitions(description)
    with watching(app, "building", infrastructure.name) as watcher:
        instances = manager.build(infrastructure, infra_id, watcher)
    app.say(addresses_as_text(infrastructure, instances))
    app.give(instances[0].infra_id)

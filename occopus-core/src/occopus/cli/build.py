"""occopus build"""

from __future__ import annotations

import click

from occopus.cli.app import FILE, App, door, infra_id_option, nodes_option
from occopus.cli.formats import addresses_as_text
from occopus.cli.progress import watching
from occopus.errors import UsageError
from occopus.manager import InfrastructureManager


@click.command("build")
@click.argument("infra_def", type=FILE, metavar="INFRA")
@infra_id_option(required=False)
@nodes_option
@click.option("--parallelize", is_flag=True, help="Work on independent nodes at the same time.")
@click.option("--parallelism", type=click.IntRange(min=1), metavar="N", help="How many calls may run at once; implies --parallelize.")
@click.option("--plan", metavar="TOKEN", help="Carry out just the plan that 'occopus plan -i ID INFRA' printed this for, or nothing.")
@door
def command(
    app: App,
    infra_def: str,
    infra_id: str | None,
    nodes: tuple[str, ...],
    parallelize: bool,
    parallelism: int | None,
    plan: str | None,
) -> None:
    """Build the infrastructure that INFRA describes and print its identifier.

    Files given with --nodes are imported first. On any error and on Ctrl-C, everything this command made is removed again.
    With -i, the existing infrastructure of that identifier is made what INFRA says: what changed is replaced one after the other.

    \b
    Examples:
      occopus build infra.yaml --nodes nodes/node_definitions.yaml
      ID=$(occopus-build --parallelize infra.yaml)
    """
    if plan and not infra_id:
        raise UsageError("a plan belongs to an infrastructure that exists", "give its identifier with -i")
    manager = app.open(InfrastructureManager, parallelize=parallelize, parallelism=parallelism)
    infrastructure, description = app.read(manager, infra_def, nodes)
    if nodes:
        manager.import_definitions(description)
    afterwards = f"'occopus maintain -i {infra_id}' finishes it" if infra_id else ""
    with watching(app, "building", infrastructure.name, afterwards) as watcher:
        outcome = manager.build(infrastructure, infra_id, watcher, plan=plan)
    app.say(addresses_as_text(infrastructure, outcome.instances))
    app.give(outcome.instances[0].infra_id)

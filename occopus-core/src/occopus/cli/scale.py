"""occopus scale"""

from __future__ import annotations

import click

from occopus.cli.app import App, door, infra_id_option
from occopus.cli.completing import node_names
from occopus.errors import UsageError
from occopus.workspace import Workspace


@click.command("scale")
@infra_id_option(required=True)
@click.option(
    "-n", "--node", required=True, metavar="NODE", shell_complete=node_names, help="The node whose instances become more or fewer."
)
@click.option("-c", "--changescale", "change", type=int, metavar="N", help="So many more; fewer where N is negative.")
@click.option("-s", "--setscale", "target", type=click.IntRange(min=0), metavar="N", help="Exactly so many.")
@click.option("-f", "--filter", "leaving", metavar="INSTANCE", help="One fewer: the one with this id or address.")
@door
def command(app: App, infra_id: str, node: str, change: int | None, target: int | None, leaving: str | None) -> None:
    """Ask for more or fewer instances of a node. The next pass of 'occopus maintain' carries it out, within the node's limits.

    Requests add up in their order. Where no instance is named, the youngest go.

    \b
    Examples:
      occopus-scale -i ID -n worker -c +2
      occopus-scale -i ID -n worker -s 5
      occopus-scale -i ID -n worker -f 10.0.0.17
    """
    if sum(option is not None for option in (change, target, leaving)) != 1:
        raise UsageError("one of -c, -s and -f is needed, and only one")
    if change == 0:
        raise UsageError("-c 0 changes nothing", "give the number of instances to add, or a negative one")
    told = app.open(Workspace).scale(infra_id, node, change=change, target=target, leaving=leaving)
    app.say(f"{told}; the next pass of 'occopus maintain -i {infra_id}' does it")

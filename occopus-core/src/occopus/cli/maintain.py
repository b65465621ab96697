"""occopus maintain"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from occopus.cli.app import FILE, App, door, infra_id_option
from occopus.cli.completing import node_names
from occopus.cli.list_ import show_list
from occopus.cli.report import show_report, write_addresses
from occopus.errors import UsageError

if TYPE_CHECKING:
    from occopus.engine.converging import Outcome


@click.command("maintain")
@click.option("-l", "--list", "list_all", is_flag=True, help="List the infrastructures.")
@click.option("-r", "--report", is_flag=True, help="Report an infrastructure, and change nothing.")
@infra_id_option(required=False)
@click.option("-c", "--cyclic", is_flag=True, help="Make one pass after the other until Ctrl-C.")
@click.option("-t", "--interval", type=click.FloatRange(min=0), default=10.0, metavar="SECONDS", help="Time between two passes (10).")
@click.option("--parallelize", is_flag=True, help="Work on independent nodes at the same time.")
@click.option("--force-replace", is_flag=True, help="Replace failed instances even where most of them fail only our health checks at once.")
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="FILE",
    help="Write a line of addresses for each instance to FILE, after each pass or as the report.",
)
@click.option(
    "-f", "--filter", "wanted", metavar="NODE", shell_complete=node_names, help="Only nodes whose name contains this are reported."
)
@door
def command(
    app: App,
    list_all: bool,
    report: bool,
    infra_id: str | None,
    cyclic: bool,
    interval: float,
    parallelize: bool,
    force_replace: bool,
    output: str | None,
    wanted: str | None,
) -> None:
    """Keep an infrastructure as it should be: one pass, or, with -c, one after the other until Ctrl-C.

    A pass replaces instances that are gone or have failed, carries out what 'occopus scale' asked for, and ends what an earlier command
    left half done. With -l or -r it only shows.

    \b
    Examples:
      occopus-maintain -i ID
      occopus-maintain -i ID -c -t 10
      occopus-maintain -l
      occopus-maintain -r -i ID
    """
    if list_all:
        return show_list(app)
    if not infra_id:
        raise UsageError("nothing to do", "give -l, or -i ID")
    if report:
        return show_report(app, infra_id, wanted, output, as_json=False)
    from occopus.cli.upkeep import Upkeep  # noqa: PLC0415 - who only looks does not wait for it

    upkeep = Upkeep(app, infra_id, force_replace, parallelize)

    def after(outcome: Outcome) -> None:
        if output:
            write_addresses(output, outcome.instances, wanted)

    if cyclic:
        return upkeep.again_and_again(interval, after)
    return after(upkeep.once())

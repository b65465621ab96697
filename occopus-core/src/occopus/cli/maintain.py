"""occopus maintain"""

from __future__ import annotations

import click

from occopus.cli.app import App, door, infra_id_option
from occopus.cli.list_ import show_list
from occopus.cli.report import show_report
from occopus.errors import UsageError


@click.command("maintain")
@click.option("-l", "--list", "list_all", is_flag=True, help="List the infrastructures.")
@click.option("-r", "--report", is_flag=True, help="Report an infrastructure.")
@infra_id_option(required=False)
@click.option("-o", "--output", metavar="FILE", help="Write the report to FILE, one line of addresses for each instance.")
@click.option("-f", "--filter", "wanted", metavar="NODE", help="Report only nodes whose name contains this.")
@door
def command(app: App, list_all: bool, report: bool, infra_id: str | None, output: str | None, wanted: str | None) -> None:
    """List the infrastructures, or report one of them.

    \b
    Examples:
      occopus-maintain -l
      occopus-maintain -r -i ID
    """
    if list_all:
        return show_list(app)
    if not report or not infra_id:
        raise UsageError("nothing to do", "give -l, or -r with -i ID")
    return show_report(app, infra_id, wanted, output, as_json=False)

"""occopus report"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from occopus.as_json import report_as_json
from occopus.cli.app import FILE, App, door, infra_id_option
from occopus.cli.completing import node_names
from occopus.cli.formats import report_as_lines, report_as_text
from occopus.errors import UsageError
from occopus.manager import InfrastructureManager
from occopus.model.instance import Instance


@click.command("report")
@infra_id_option(required=True)
@click.option("-f", "--filter", "wanted", metavar="NODE", shell_complete=node_names, help="Only nodes whose name contains this.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write one line of addresses for each instance to FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print nodes, instances and scaling as JSON.")
@click.option("--costs", "with_costs", is_flag=True, help="Also ask what each instance has cost so far; not every backend tells.")
@door
def command(app: App, infra_id: str, wanted: str | None, output: str | None, as_json: bool, with_costs: bool) -> None:
    """Show the nodes of an infrastructure with their instances, states and addresses as they are now.

    \b
    Example:
      occopus report -i ID
    """
    show_report(app, infra_id, wanted, output, as_json, with_costs)


def show_report(app: App, infra_id: str, wanted: str | None, output: str | None, as_json: bool, with_costs: bool = False) -> None:
    """Look at an infrastructure and show it in the form asked for."""
    manager = app.open(InfrastructureManager)
    record, instances = manager.report(infra_id)
    costs = manager.costs(infra_id) if with_costs else None
    kept = _of_nodes(wanted, instances)
    if output:
        write_addresses(output, instances, wanted)
        app.say(f"written: {output}")
    elif as_json:
        app.give_json(report_as_json(record, kept, wanted, costs))
    else:
        app.give(report_as_text(record, instances, kept, costs))


def write_addresses(path: str, instances: Sequence[Instance], wanted: str | None) -> None:
    """Write one line of addresses for each instance, in place of what the file had before.

    Raises:
        UsageError: the file can't be written.
    """
    try:
        Path(path).write_text(report_as_lines(_of_nodes(wanted, instances)))
    except OSError as error:
        raise UsageError(f"the report can't be written to '{path}': {error.strerror}") from None


def _of_nodes(wanted: str | None, instances: Sequence[Instance]) -> list[Instance]:
    """The instances of nodes whose name contains what is wanted."""
    return [instance for instance in instances if wanted is None or wanted in instance.node_name]

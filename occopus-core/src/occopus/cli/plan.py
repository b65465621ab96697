"""occopus plan"""

from __future__ import annotations

import sys

import click

from occopus.as_json import plan_as_json
from occopus.cli.app import FILE, App, door, infra_id_option, nodes_option
from occopus.cli.formats import plan_as_text
from occopus.errors import UsageError
from occopus.manager import InfrastructureManager

CHANGES = 2
"""The exit code of --detailed-exitcode where the plan is not empty."""


@click.command("plan")
@click.argument("infra_def", type=FILE, metavar="[INFRA]", required=False)
@infra_id_option(required=False)
@nodes_option
@click.option("--force-replace", is_flag=True, help="As for 'occopus maintain'.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 0 where nothing is to be done, 1 on errors, 2 where there are steps.")
@door
def command(
    app: App,
    infra_def: str | None,
    infra_id: str | None,
    nodes: tuple[str, ...],
    force_replace: bool,
    as_json: bool,
    detailed_exitcode: bool,
) -> None:
    """Show what building INFRA would do, or, with -i and without INFRA, what the next pass would do. Nothing is changed.

    \b
    Examples:
      occopus plan infra.yaml
      occopus plan -i ID
    """
    manager = app.open(InfrastructureManager)
    infrastructure = app.read(manager, infra_def, nodes)[0] if infra_def else None
    if infra_id:
        plan = manager.plan(infrastructure, infra_id, force_replace=force_replace)
    elif infrastructure:
        plan = manager.plan_from_nothing(infrastructure)
    else:
        raise UsageError("nothing to plan", "give an infrastructure description, -i ID, or both")
    if as_json:
        app.give_json(plan_as_json(plan), exact=True)  # a plan has a token, which is no secret
    else:
        app.give(plan_as_text(plan))
    if detailed_exitcode and not plan.is_empty:
        sys.exit(CHANGES)

"""occopus doctor"""

from __future__ import annotations

import json
import os
import sys

import click

from occopus.cli.app import FAILED, FILE, App, door
from occopus.doctor.examination import examine


@click.command("doctor")
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")
@click.option("--json", "as_json", is_flag=True, help="Print the findings, and what is well, as JSON.")
@door
def command(app: App, files: tuple[str, ...], as_json: bool) -> None:
    """Explain what in your files is wrong, deprecated or in vain, and what to write instead.

    Looks at the configuration, the authentication file, the installed plugins, the store, and at the descriptions and node definitions in
    FILEs; without any, at the node definitions that were imported. No cloud is contacted and nothing is changed.

    The exit code is 1 where something must be changed before it works, else 0, also where something is deprecated.

    \b
    Example:
      occopus doctor infra.yaml nodes/node_definitions.yaml
    """
    report = examine(files, app.cfg, app.auth_data_path, os.environ, app.masker)
    app.give_exactly(json.dumps(report.as_json(), indent=2) if as_json else report.as_text())
    if report.errors:
        sys.exit(FAILED)

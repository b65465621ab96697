"""occopus notify"""

from __future__ import annotations

from typing import Any

import click

from occopus.cli.app import FILE, App, door, infra_id_option
from occopus.descriptors.loader import load_file
from occopus.diagnostics import Diagnostics
from occopus.errors import UsageError
from occopus.workspace import Workspace


@click.command("notify")
@infra_id_option(required=True)
@click.option("--webhook", "urls", multiple=True, metavar="URL", help="Send events there as signed POSTs of JSON; may be repeated.")
@click.option("--file", "path", type=FILE, metavar="FILE", help="Send events to the targets that a YAML file lists.")
@click.option("--clear", is_flag=True, help="Send events nowhere.")
@click.option("--json", "as_json", is_flag=True, help="Print the targets as JSON.")
@door
def command(app: App, infra_id: str, urls: tuple[str, ...], path: str | None, clear: bool, as_json: bool) -> None:
    """Set where the events of an infrastructure go from now on, or show where they go.

    'occopus serve' and 'occopus-maintain -c' deliver them, those of other commands too. Secrets are in the authentication file, under
    'notifier': that with which webhooks are signed, for example.

    \b
    Examples:
      occopus notify -i ID --webhook https://hooks.example.org/occopus
      occopus notify -i ID --file targets.yaml
      occopus notify -i ID --json
    """
    if sum(map(bool, (urls, path, clear))) > 1:
        raise UsageError("only one of --webhook, --file and --clear can be given", "a file may list webhooks, too")
    workspace = app.open(Workspace)
    if path:
        targets = _from_file(workspace, infra_id, path)
    elif urls or clear:
        targets = workspace.set_notifications(infra_id, [{"type": "webhook", "url": url} for url in urls])
    else:
        targets = workspace.notifications(infra_id)
    if as_json:
        return app.give_json([dict(target) for target in targets])
    for target in targets:
        app.give(_as_text(target))
    if not targets:
        app.say("events go nowhere")
    return None


def _from_file(workspace: Workspace, infra_id: str, path: str) -> Any:
    diagnostics = Diagnostics(workspace.masker.mask)
    document = load_file(path, diagnostics, secrets=False)
    if document is None:
        diagnostics.raise_if_errors()
        raise UsageError(f"{path} can't be read")
    return workspace.set_notifications(infra_id, document.data, document.position)


def _as_text(target: Any) -> str:
    others = {key: value for key, value in target.items() if key not in ("type", "kinds")}
    kinds = f"({', '.join(target['kinds'])})" if "kinds" in target else "(all events)"
    return "  ".join([target["type"], *map(str, others.values()), kinds])

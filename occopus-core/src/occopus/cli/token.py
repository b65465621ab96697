"""occopus token"""

from __future__ import annotations

import click

from occopus.cli.app import App, door
from occopus.settings_rest import Token


@click.group("token")
def command() -> None:
    """Make tokens for users of the service.

    \b
    Example:
      occopus token new --user ann
    """


@command.command("new")
@click.option("--user", required=True, metavar="NAME", help="Whose it will be.")
@click.option("--admin", is_flag=True, help="The user sees the infrastructures of all users.")
@door
def new(app: App, user: str, admin: bool) -> None:
    """Print a new token, and the entry for it in the configuration file, which holds only its hash.

    \b
    Example:
      occopus token new --user ann
    """
    token, kept = Token.new(user, admin)
    app.say("add to the configuration of the service, below 'rest:' and 'tokens:', and start it anew:")
    app.say(f"  - {{user: {user!r}, sha256: {kept.sha256}{', admin: true' if admin else ''}}}")
    app.say("the token, which is not kept anywhere:")
    app.give_exactly(token)

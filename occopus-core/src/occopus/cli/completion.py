"""occopus completion"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from occopus.cli.app import App, door

PROGRAMS = (
    "occopus",
    "occopus-build",
    "occopus-destroy",
    "occopus-import",
    "occopus-maintain",
    "occopus-rest-service",
    "occopus-scale",
)


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@door
def command(app: App, shell: str) -> None:
    """Print what makes a shell complete commands, options, infrastructures, nodes, types and files when Tab is pressed.

    \b
    Examples:
      eval "$(occopus completion bash)"      # in ~/.bashrc
      eval "$(occopus completion zsh)"       # in ~/.zshrc, after compinit
      occopus completion fish | source       # in ~/.config/fish/config.fish
    """
    completion = get_completion_class(shell)
    assert completion, f"click completes in {shell}"  # noqa: S101
    for program in PROGRAMS:
        variable = f"_{program}_COMPLETE".replace("-", "_").upper()
        app.give_exactly(completion(click.Command(program), {}, program, variable).source())

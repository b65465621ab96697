"""The `occopus` command and its old names. A command's module is imported only when it is called."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Write the files of a first infrastructure.",
    "validate": "Check descriptions and node definitions.",
    "render": "Show what each instance would get, before anything exists.",
    "plan": "Show what building, or the next pass, would do.",
    "import": "Load node definitions into the store.",
    "build": "Build an infrastructure, or reconfigure one.",
    "maintain": "Keep an infrastructure as it should be: heal, scale, finish.",
    "scale": "Ask for more or fewer instances of a node.",
    "adopt": "Take over what exists, after the store was lost.",
    "destroy": "Remove an infrastructure and everything made for it.",
    "report": "Show an infrastructure as it is now.",
    "list": "List the infrastructures.",
    "events": "Show what happened to an infrastructure.",
    "notify": "Set where events go.",
    "graph": "Draw what depends on what.",
    "serve": "Run the service that keeps many infrastructures.",
    "token": "Make tokens for users of the service.",
    "doctor": "Explain what in your files is deprecated, in vain or wrong.",
    "plugins": "Show what is installed, and what does not load.",
    "plugin": "Write a plugin of your own.",
    "schema": "Print what descriptions may contain, as JSON Schema.",
    "completion": "Print what makes a shell complete commands.",
}
"""The commands in the order of their use, with what `--help` says of each."""

COLLECTOR = (50_000, 20, 20)
"""Thresholds of the garbage collector. Nearly all that a command makes lives as long as it does: looking through it often is in vain."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Commands(click.Group):
    """Knows its commands by name and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name) if cmd_name in COMMANDS else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only shells ask

        commands = [CompletionItem(name, help=help) for name, help in COMMANDS.items() if name.startswith(incomplete)]
        return commands or click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from occopus.diagnostics import did_you_mean  # noqa: PLC0415 - only those who err wait for it

            raise click.UsageError(f"there is no command '{args[0]}'; {did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings=CONTEXT, epilog="'occopus COMMAND --help' explains a command.")
@click.version_option(package_name="occopus-core", prog_name="occopus")
def occopus() -> None:
    """Describe machines and containers in YAML; build, watch and remove them on any cloud.

    \b
    Examples:
      occopus init
      occopus build infra.yaml --nodes nodes/node_definitions.yaml
      occopus report -i ID
      occopus destroy -i ID
    """


def load(name: str) -> click.Command:
    """A command by its name."""
    module = import_module(f"occopus.cli.{name}_" if name in ("import", "list") else f"occopus.cli.{name}")
    command: click.Command = module.command
    command.context_settings = CONTEXT
    return command


def main() -> None:
    """The `occopus` command."""
    _run(occopus, "occopus")


def build() -> None:
    """The `occopus-build` command."""
    _run("build", "occopus-build")


def destroy() -> None:
    """The `occopus-destroy` command."""
    _run("destroy", "occopus-destroy")


def import_() -> None:
    """The `occopus-import` command."""
    _run("import", "occopus-import")


def maintain() -> None:
    """The `occopus-maintain` command."""
    _run("maintain", "occopus-maintain")


def rest_service() -> None:
    """The `occopus-rest-service` command."""
    _run("serve", "occopus-rest-service")


def scale() -> None:
    """The `occopus-scale` command."""
    _run("scale", "occopus-scale")


def _call(command: click.Command | str, name: str) -> Any:
    chosen = load(command) if isinstance(command, str) else command
    return chosen.main(prog_name=name, standalone_mode=False)


def _run(command: click.Command | str, name: str) -> None:
    gc.set_threshold(*COLLECTOR)
    try:
        if f"_{name}_COMPLETE".replace("-", "_").upper() in os.environ:
            from occopus.cli.completing import answer  # noqa: PLC0415

            answer(lambda: _call(command, name))
        sys.exit(_call(command, name))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)

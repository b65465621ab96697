"""What all commands share: where settings are found, how things are said, what errors look like."""

from __future__ import annotations

import functools
import json
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from occopus.cli.completing import infra_ids
from occopus.diagnostics import DescriptionError, Diagnostics, Fault
from occopus.errors import OccopusError, UsageError
from occopus.masking import Masker
from occopus.model.infrastructure import Infrastructure
from occopus.workspace import Description, Workspace

FAILED, BAD_INPUT = 1, 2

FILE = click.Path(readable=False)
"""The type of what names a file: shells complete it; whether it is there is seen when it is used."""

W = TypeVar("W", bound=Workspace)


@dataclass
class App:
    """One call of a command."""

    cfg: str | None
    auth_data_path: str | None
    debug: bool
    masker: Masker = field(default_factory=Masker)

    def open(self, kind: type[W], *, parallelize: bool = False, parallelism: int | None = None) -> W:
        """The workspace, or the manager, with the settings that the user chose; those on the command line go first."""
        opened = kind.open(self.cfg, self.auth_data_path, warn=self.warn, masker=self.masker)
        click.get_current_context().call_on_close(opened.close)
        from occopus.logs import set_up_logging  # noqa: PLC0415 - help and usage errors need no log

        diagnostics = Diagnostics()
        set_up_logging(opened.settings.log_file, opened.settings.log_level, self.masker, diagnostics)
        self.show_faults(diagnostics.faults)
        if parallelize or parallelism:
            opened.settings = replace(opened.settings, parallelize=True, parallelism=parallelism or opened.settings.parallelism)
        return opened

    def log(self, error: Exception) -> None:
        """Keep where an unexpected error arose, where a log is kept."""
        import logging  # noqa: PLC0415 - only those who need it wait for it

        logging.getLogger("occopus").error("something unexpected went wrong", exc_info=error)

    def say(self, text: str = "") -> None:
        """Tell people something. Where nobody listens any more, the work goes on."""
        with suppress(OSError):
            click.echo(self.masker.mask(text), err=True)

    def warn(self, text: str) -> None:
        self.say(text if text.split(":", 1)[0] == "warning" or ": warning:" in text else f"warning: {text}")

    def give(self, text: str) -> None:
        """Give a program, or whoever reads standard output, the data asked for."""
        click.echo(self.masker.mask(text))

    def give_to(self, path: str | None, text: str) -> None:
        """Give data to a file, in place of what it had before; without a path as any other.

        Raises:
            UsageError: the file can't be written.
        """
        if path is None:
            return self.give(text)
        try:
            Path(path).write_text(self.masker.mask(text) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"'{path}' can't be written: {error.strerror}") from None
        return self.say(f"written: {path}")

    def give_exactly(self, text: str) -> None:
        """Give data in which a user's own secrets are wanted."""
        click.echo(text)

    def give_json(self, data: Any, exact: bool = False) -> None:
        """Give data as JSON; values under keys that look like secrets are masked unless the data is wanted `exact`."""
        shown = data if exact else self.masker.mask_data(data)
        self.give(json.dumps(shown, indent=2, default=str))

    def read(self, workspace: Workspace, infra_def: str, nodes: Iterable[str]) -> tuple[Infrastructure, Description]:
        """Read an infrastructure with its node definitions; its warnings are shown."""
        description = workspace.read([infra_def, *nodes])
        self.show_faults(description.warnings)
        if description.infrastructure is None:
            raise UsageError(f"{infra_def} holds node definitions, not an infrastructure", "give the infrastructure's file first")
        return description.infrastructure, description

    def show_faults(self, faults: tuple[Fault, ...]) -> None:
        for fault in faults:
            self.say(str(fault))


def door(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that all have, an `App`, and the common way to end."""

    @click.option("--cfg", type=FILE, metavar="PATH", help="Configuration file; looked for in the usual places if not given.")
    @click.option("--auth_data_path", type=FILE, metavar="PATH", help="Authentication file; looked for in the usual places if not given.")
    @click.option("--debug", is_flag=True, help="Show where in the program an error arose.")
    @functools.wraps(function)
    def command(*args: Any, cfg: str | None, auth_data_path: str | None, debug: bool, **options: Any) -> None:
        app = App(cfg, auth_data_path, debug)
        try:
            function(app, *args, **options)
        except DescriptionError as error:
            app.show_faults(error.faults)
            _end(app, BAD_INPUT)
        except OccopusError as error:
            app.say(f"error: {error.message}" + (f"\n  = {error.hint}" if error.hint else ""))
            _end(app, BAD_INPUT if isinstance(error, UsageError) else FAILED)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError, KeyboardInterrupt):
            raise
        except Exception as error:
            app.log(error)
            app.say(f"error: something unexpected went wrong: {type(error).__name__}: {error}\n  = --debug shows where")
            _end(app, FAILED)

    return command


def _end(app: App, code: int) -> None:
    if app.debug:
        app.say(traceback.format_exc())
    sys.exit(code)


def nodes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    about = "Node definitions to use beside those that were imported; may be repeated."
    return click.option("--nodes", "-n", type=FILE, multiple=True, metavar="FILE", help=about)(function)


def infra_id_option(required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    about = "The infrastructure's identifier."
    return click.option("-i", "--infra-id", "infra_id", metavar="ID", required=required, shell_complete=infra_ids, help=about)

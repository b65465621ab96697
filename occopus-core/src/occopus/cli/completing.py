"""What a shell offers when the user presses Tab: quickly, and silently where anything is wrong."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from occopus.model.infrastructure import InfraRecord

PATIENCE = 2.0
"""Seconds after which nothing is offered: who waits for a Tab can type no further."""


def answer(ask: Callable[[], object]) -> NoReturn:
    """Let click print what it offers, or nothing."""

    def give_up(*_: object) -> NoReturn:
        sys.exit(0)  # and no error that whoever is at work may take for one of its own

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    with contextlib.redirect_stderr(None), contextlib.suppress(Exception):
        ask()
    sys.exit(0)


def infra_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The identifiers in the store, explained by the infrastructures' names."""
    return [CompletionItem(infra.infra_id, help=infra.name) for infra in _infras(ctx) if infra.infra_id.startswith(incomplete)]


def node_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The nodes of the infrastructure that was named before, or of all."""
    wanted = ctx.params.get("infra_id")
    found = (name for infra in _infras(ctx) if wanted in (None, infra.infra_id) for name in infra.limits)
    return sorted({name for name in found if name.startswith(incomplete)})


def backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The types of the installed resource handlers."""
    from occopus.plugins.loading import load_plugins  # noqa: PLC0415 - loads every plugin

    registry = load_plugins()
    types = (type for type in registry.names("resource handler") if type.startswith(incomplete))
    return [CompletionItem(type, help=registry.resource_handler(type).summary) for type in types]


def _infras(ctx: click.Context) -> Iterator[InfraRecord]:
    """What is in the store, which is not made for that."""
    from occopus.diagnostics import Diagnostics  # noqa: PLC0415 - options are completed without all that
    from occopus.settings import load_settings  # noqa: PLC0415
    from occopus.store.opening import open_store  # noqa: PLC0415
    from occopus.store.records import load_infras  # noqa: PLC0415

    given: dict[str, Any] = ctx.params
    settings = load_settings(given.get("cfg"), given.get("auth_data_path"), os.environ, Diagnostics())
    file = settings.store_url.removeprefix("sqlite://")
    if file == settings.store_url or Path(file).exists():
        yield from load_infras(open_store(settings.store_url))

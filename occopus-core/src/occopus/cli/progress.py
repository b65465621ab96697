"""Shows what happens while it happens: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from occopus.cli.app import App
from occopus.engine.services import Watcher
from occopus.model.event import Event
from occopus.model.instance import NodeId

ENDED = frozenset({"ready", "dropped"})
"""Kinds of events after which an instance waits for nothing more."""

COLOURS = {"ready": "green", "failed": "red"}
"""By state, for the live table. They add nothing that is not said in words; $NO_COLOR takes them away."""


@contextmanager
def watching(app: App, doing: str, what: str, afterwards: str = "") -> Iterator[Watcher]:
    """Show the progress of a command until it ends. `afterwards` says what finishes the job if it is broken off."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown"):
        with _live_table(app, f"{doing} {what}") as progress:
            yield _watcher(app, progress, afterwards)
    else:
        yield lines(app, doing, what, afterwards)


def lines(app: App, doing: str, what: str, afterwards: str = "") -> Watcher:
    """The same in plain lines, for what goes on without an end."""
    app.say(f"{doing} {what}")
    return _watcher(app, PlainLines(app), afterwards)


def _watcher(app: App, progress: PlainLines | LiveTable, afterwards: str) -> Watcher:
    def stopping() -> None:
        app.say("stopping at a safe point; Ctrl-C again stops at once")

    def abandoned(infra_id: str) -> None:
        progress.close()
        app.say("stopped at once; " + (afterwards or f"'occopus destroy -i {infra_id}' removes what is left"))

    return Watcher(progress.event, progress.waiting, stopping, abandoned)


class PlainLines:
    """One line for each thing that happens; a reason for waiting is said once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._begun = time.monotonic()
        self._names: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._lock = threading.Lock()

    def event(self, event: Event) -> None:
        with self._lock:
            self._names[event.node_id] = event.node_name
            self._say(event.kind, event.node_name, event.node_id or event.infra_id, event.message)
            if event.kind in ENDED:
                self._said.pop(event.node_id, None)
            if event.kind == "dropped":
                del self._names[event.node_id]

    def waiting(self, node_id: NodeId, reason: str) -> None:
        with self._lock:
            if reason and self._said.get(node_id) != reason:
                self._said[node_id] = reason
                self._say("waiting", self._names.get(node_id, ""), node_id, reason)

    def close(self) -> None:
        """Nothing is to be put in order."""

    def _say(self, kind: str, *parts: str) -> None:
        elapsed = f"{time.monotonic() - self._begun:7.1f}s"
        self._app.say("  ".join([elapsed, f"{kind:<14}", *(part for part in parts if part)]))


@dataclass
class _Row:
    node_name: str
    state: str
    since: float
    reason: str = ""


@dataclass
class LiveTable:
    """The nodes that something happens to, by state, with elapsed times and the reason next to whatever waits or failed."""

    app: App
    title: str
    rows: dict[str, _Row] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    most: int = 20
    waits_for: str = ""
    """What everything waits for."""
    close: Callable[[], None] = lambda: None
    """Gives the terminal back as it was; set while the table is shown."""

    def event(self, event: Event) -> None:
        with self.lock:
            self.waits_for = ""
            if not event.node_id:
                return
            reason = "" if event.kind in ENDED else event.message
            self.rows[event.node_id] = _Row(event.node_name, event.kind, time.monotonic(), reason)

    def waiting(self, node_id: NodeId, reason: str) -> None:
        with self.lock:
            if node_id in self.rows:
                self.rows[node_id].reason = reason
            elif not node_id:
                self.waits_for = reason

    def __rich__(self) -> Any:
        with self.lock:
            rows = [(id, _Row(**vars(row))) for id, row in self.rows.items()]
            waits_for = self.waits_for
        counts: dict[str, int] = {}
        for _, row in rows:
            counts[row.state] = counts.get(row.state, 0) + 1
        heading = f"{self.title}: {waits_for or ', '.join(f'{number} {state}' for state, number in sorted(counts.items()))}"
        drawn = Table(title=Text(self.app.masker.mask(heading)), title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in ("node", "instance", "state", "for", "reason"):
            drawn.add_column(column, no_wrap=column != "reason")
        busy = sorted(rows, key=lambda item: item[1].state in ENDED)
        for id, row in busy[: self.most]:
            seconds = f"{time.monotonic() - row.since:.0f}s"
            drawn.add_row(
                row.node_name, id[:8], Text(row.state, COLOURS.get(row.state, "")), seconds, Text(self.app.masker.mask(row.reason))
            )
        if len(busy) > self.most:
            drawn.caption = f"and {len(busy) - self.most} more"
        return drawn


@contextmanager
def _live_table(app: App, title: str) -> Iterator[LiveTable]:
    progress = LiveTable(app, title)
    with Live(progress, console=Console(stderr=True), refresh_per_second=8) as live:
        progress.close = live.stop
        yield progress

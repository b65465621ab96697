"""What the engine works with, gathered by whoever opens a door to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from occopus.credentials import Credentials
from occopus.engine.clock import Clock
from occopus.engine.policy import Policy
from occopus.engine.scope import Outside
from occopus.model.event import Event
from occopus.model.instance import NodeId
from occopus.schema.composition import Composition
from occopus.store.base import Store


def _ignore_event(event: Event) -> None:
    """Nobody watches."""


def _ignore_waiting(node_id: NodeId, reason: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Watcher:
    """Who is told, while it happens, what happens and what is waited for. May be called from several threads."""

    event: Callable[[Event], None] = _ignore_event
    waiting: Callable[[NodeId, str], None] = _ignore_waiting


@dataclass(frozen=True)
class Services:
    """The store, the plugins, the credentials and the world outside."""

    store: Store
    composition: Composition
    credentials: Credentials
    outside: Outside
    data_dir: Path
    clock: Clock = field(default_factory=Clock)
    policy: Policy = Policy()
    watcher: Watcher = Watcher()

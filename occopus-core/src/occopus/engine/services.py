"""What the engine works with, gathered by whoever opens a door to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from occopus.credentials import Credentials
from occopus.engine.clock import Clock
from occopus.engine.policy import Policy
from occopus.engine.scope import Outside
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.schema.composition import Composition
from occopus.store.base import Store


def _ignore(*news: object) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Watcher:
    """Who is told what happens while it happens. May be called from several threads."""

    event: Callable[[Event], None] = _ignore
    waiting: Callable[[NodeId, str], None] = _ignore
    """What an instance waits for; without an id, what all wait for."""
    stopping: Callable[[], None] = _ignore
    """The user asked to stop, and it will end at a safe point."""
    abandoned: Callable[[InfraId], None] = _ignore
    """The user asked again, and it ends at once."""

    def undisturbing(self) -> Watcher:
        """The same, but what goes wrong with telling (nobody reads any more, for example) does not go wrong with the work."""
        return Watcher(*(_undisturbing(tell) for tell in (self.event, self.waiting, self.stopping, self.abandoned)))


def _undisturbing(tell: Callable[..., None]) -> Callable[..., None]:
    def quietly(*news: object) -> None:
        with suppress(Exception):
            tell(*news)

    return quietly


@dataclass(frozen=True)
class Services:
    """The store, the plugins, the credentials and the world outside."""

    store: Store
    composition: Composition
    credentials: Credentials
    outside: Outside
    data_dir: Path
    clock: Clock = field(default_factory=Clock)
    policy: Policy = field(default_factory=Policy)
    watcher: Watcher = field(default_factory=Watcher)
    mask: Callable[[str], str] = str
    """Hides known secrets in a text."""

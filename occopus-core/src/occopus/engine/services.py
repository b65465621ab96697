"""What the engine works with, gathered by whoever opens a door to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from occopus.credentials import Credentials
from occopus.engine.backends import Backends
from occopus.engine.clock import Clock
from occopus.engine.policy import Policy
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import NodeId
from occopus.model.node import Section
from occopus.model.secret import from_plain
from occopus.rendering.scope import Outside
from occopus.schema.composition import Composition
from occopus.schema.infrastructure import compile_source
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

    def masked(self, mask: Callable[[str], str]) -> Watcher:
        """The same, told of no secrets. What events say is masked before they are stored."""
        return replace(self, waiting=lambda node_id, reason: self.waiting(node_id, mask(reason)))


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
    learn: Callable[[Section], None] = _ignore
    """Is told of descriptions, for the secrets that stand in them."""
    _compiled: deque[tuple[Section, Infrastructure]] = field(default_factory=lambda: deque(maxlen=4), repr=False, compare=False)
    """What was compiled last: one pass after the other works on the same."""

    sharing: Callable[[], Backends] | None = None
    """Gives the handlers and managers that passes share, where they do."""

    def backends(self) -> Backends:
        """Handlers and managers for the length of a pass."""
        return self.sharing() if self.sharing else Backends(self.composition.registry, self.credentials, self.data_dir)

    def compiled(self, source: Section | None) -> Infrastructure | None:
        """The infrastructure that the store keeps as plain data; None where there should be none.

        Raises:
            DescriptionError: it can't be used any more.
        """
        if source is None:
            return None
        for known, infrastructure in self._compiled:
            if known == source:
                return infrastructure
        self.learn(from_plain(source))
        return self.known(compile_source(source, self.composition, self.mask))

    def known(self, infrastructure: Infrastructure) -> Infrastructure:
        """One that is compiled already, and need not be again."""
        self._compiled.append((infrastructure.source, infrastructure))
        return infrastructure

"""How long, and how often, it is tried to deliver something to a target that fails."""

from __future__ import annotations

import random
from dataclasses import dataclass

from occopus.plugins.resource import ResourceError


@dataclass(frozen=True)
class Persistence:
    """All in seconds. An event is tried for `limit`, counted from its first attempt, or from when it happened if the target failed already
    then; with pauses from `first` to `longest` that double each time. An attempt takes `attempt` at the most.
    """

    limit: float = 600.0
    first: float = 1.0
    longest: float = 60.0
    attempt: float = 30.0


class Failures:
    """The unbroken row of a target's failures. All times are in seconds since the epoch."""

    def __init__(self, persistence: Persistence, chance: random.Random) -> None:
        self._persistence = persistence
        self._chance = chance
        self.end()

    def end(self) -> None:
        """The target answers."""
        self.not_before = 0.0
        """When it may be tried again."""
        self._since: float | None = None
        self._number = 0

    def add(self, error: ResourceError, now: float, due: float) -> bool:
        """Note a failure to deliver what was `due` since a moment; whether that is to be given up.

        What is due later may then still be tried: perhaps the target only fails at this one.
        """
        self._since = now if self._since is None else self._since
        deadline = max(self._since, due) + self._persistence.limit
        grown = min(self._persistence.longest, self._persistence.first * 2 ** min(self._number, 30))
        pause = max(grown * self._chance.uniform(0.5, 1.0), error.retry_after or 0.0)
        self._number += 1
        self.not_before = now + min(pause, max(deadline - now, self._persistence.longest))
        return now >= deadline

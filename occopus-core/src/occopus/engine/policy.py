"""How patient the engine is. All times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Limits and intervals of a pass.

    `parallelism` bounds the calls that run at once, over all endpoints; 0 means that steps are carried out one after the other.
    """

    parallelism: int = 0
    calls_per_endpoint: int = 64
    create_timeout: float = 3600.0
    drop_timeout: float = 900.0
    retry_attempts: int = 8
    look_attempts: int = 3
    """As `retry_attempts`, for calls that only look: a report rather says `unknown` than lets its user wait."""
    retry_first: float = 0.5
    retry_longest: float = 30.0
    poll_first: float = 0.2
    poll_longest: float = 10.0
    poll_growth: float = 1.08
    """So an instance that is ready is noticed after 8 % more of its time at most, until the longest interval is reached."""
    rounds: int = 5
    """How often a pass plans anew where the world has changed meanwhile."""
    lease_seconds: float = 15.0
    """How long a lease lasts unless it is kept up."""
    lease_patience: float = 60.0
    """How long a command waits for another one to finish with the infrastructure."""

"""What a simulated cloud does to those who use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Weather:
    """Times are in seconds; chances are from 0 to 1, for each call or each machine. The default is a fair day: quick and without faults."""

    latency: float = 0.0
    """Of each call of the API, there and back."""
    boot: float = 0.0
    """Until a machine runs."""
    spread: float = 0.5
    """By which part of themselves these two may be shorter or longer, at random."""
    hidden: float = 0.0
    """For how long reads do not show a new machine."""
    shutting_down: float = 0.0
    """Until a machine that is terminated is gone; it is still shown meanwhile."""
    page: int = 100
    """Machines in one answer to a read."""
    rate: float = 0.0
    """Calls in a second before the API throttles; 0 means that it never does. So many may also come at once."""
    capacity: Mapping[str, int] = field(default_factory=dict)
    """By flavour: for how many machines there is room, where it is limited."""
    refused: float = 0.0
    """Calls that fail before they have an effect."""
    lost_reply: float = 0.0
    """Calls that have their effect and then fail."""
    twice: float = 0.0
    """Requests that reach the cloud twice, the second time when the reply to the first was given."""
    never_up: float = 0.0
    """Machines that never come up."""
    broken: float = 0.0
    """Machines that fail instead of coming up."""
    life: float = 0.0
    """How long machines live on average before they die by themselves; 0 means for ever."""
    outages: tuple[tuple[float, float], ...] = ()
    """From when to when nobody can reach the endpoint, in seconds since the beginning; the machines run on."""
    partitions: tuple[tuple[float, float], ...] = ()
    """From when to when this machine can't reach the cloud's machines, while its API answers."""
    patience: float = 10.0
    """How long a client waits for an endpoint that it can't reach."""

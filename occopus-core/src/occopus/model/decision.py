"""What autoscaling decided last for a node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """`at` is seconds since the epoch; `told` holds when an event has said that another decision has to wait."""

    at: float
    told: bool = False

"""A plan: the difference between what should exist and what does, as a graph of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from occopus.model.instance import Instance, NodeId

NO_NODE = NodeId("")
"""What a gate works on."""


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    """Make a new instance and wait until it is ready."""
    RESUME = "resume"
    """Finish an instance whose creation was begun, and wait until it is ready."""
    DROP = "drop"
    """Remove an instance and all that was made for it."""
    AWAIT = "await"
    """Wait until an instance that does not do well is ready, since others are made that depend on it."""
    GATE = "gate"
    """Nothing: many steps may wait for many others through one gate, so that a plan grows with the steps, not with their square."""


@dataclass(frozen=True)
class Step:
    """One step. It starts when every step in `after` is done.

    `implementation` is the one chosen for a CREATE, and `by` is its label; `instance` is what any other works on.
    """

    id: str
    action: Action
    node_name: str
    reason: str = ""
    after: tuple[str, ...] = ()
    node_id: NodeId = NO_NODE
    implementation: int = 0
    by: str = ""
    instance: Instance | None = None

    @property
    def visible(self) -> bool:
        """Whether it changes anything that a user would see."""
        return self.action is not Action.GATE


@dataclass(frozen=True)
class Plan:
    """Steps by their id, in an order in which they could be carried out one by one.

    `warnings` say what the plan could not do as asked and why. `token` names a plan that can be carried out exactly as it is.
    """

    steps: Mapping[str, Step] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    token: str = ""

    @cached_property
    def visible(self) -> tuple[Step, ...]:
        """The steps without the gates."""
        return tuple(step for step in self.steps.values() if step.visible)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.visible

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        return Counter(step.action for step in self.visible)

"""What the steps of one pass share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from occopus.engine.backends import Backends
from occopus.engine.calls import Calls
from occopus.engine.clock import Clock
from occopus.engine.journal import Journal
from occopus.engine.policy import Policy
from occopus.engine.polling import Poller
from occopus.engine.resolve import Resolver
from occopus.model.instance import Instance, NodeId
from occopus.model.node import Implementation, Node
from occopus.plugins.resource import ResourceError, ResourceHandler

Waiting = Callable[[NodeId, str], None]
"""Told, for people to see, what an instance waits for."""


@dataclass
class Pass:
    """One pass over one infrastructure. `resolver` is None where everything goes and nothing is rendered."""

    journal: Journal
    backends: Backends
    calls: Calls
    clock: Clock
    policy: Policy
    resolver: Resolver | None
    waiting: Waiting
    _pollers: dict[int, Poller] = field(default_factory=dict)

    def poller(self, handler: ResourceHandler) -> Poller:
        """The one poller of a handler."""
        if id(handler) not in self._pollers:
            self._pollers[id(handler)] = Poller(handler, self.clock)
        return self._pollers[id(handler)]

    @property
    def rendering(self) -> Resolver:
        assert self.resolver is not None, "only an infrastructure that should exist is rendered"  # noqa: S101
        return self.resolver

    def node_of(self, instance: Instance) -> tuple[Node, Implementation]:
        """The node that an instance was made from, with its implementation."""
        node = self.rendering.infrastructure.nodes[instance.node_name]
        return node, next(i for i in node.implementations if i.index == instance.implementation)

    def retrying(self, instance: Instance) -> Callable[[ResourceError], None]:
        """Says that a call for an instance is tried again."""

        def tell(error: ResourceError) -> None:
            self.waiting(instance.node_id, f"{error.kind}: {error.message}; trying again")

        return tell

    def close(self) -> None:
        for poller in self._pollers.values():
            poller.close()

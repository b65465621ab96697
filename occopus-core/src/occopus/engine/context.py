"""What looking at an infrastructure needs, and what the steps of a pass over it share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from occopus.engine.backends import Backends
from occopus.engine.calls import Calls
from occopus.engine.clock import Clock
from occopus.engine.health import HealthChecks
from occopus.engine.journal import Journal
from occopus.engine.policy import Policy
from occopus.engine.polling import Poller
from occopus.model.instance import Instance, NodeId
from occopus.model.node import Implementation, Node
from occopus.plugins.resource import ResourceError, ResourceHandler
from occopus.rendering.resolve import Resolver

LOG = logging.getLogger("occopus.engine")

Waiting = Callable[[NodeId, str], None]
"""Told, for people to see, what an instance waits for."""


@dataclass
class View:
    """Looks at one infrastructure. `resolver` is None where everything goes and nothing is rendered."""

    backends: Backends
    calls: Calls
    clock: Clock
    resolver: Resolver | None
    health: HealthChecks
    _makings: dict[str, Mapping[str, Implementation]] = field(default_factory=dict, kw_only=True)

    @property
    def rendering(self) -> Resolver:
        assert self.resolver is not None, "only an infrastructure that should exist is rendered"  # noqa: S101
        return self.resolver

    def node_of(self, instance: Instance) -> tuple[Node, Implementation]:
        """The node that an instance was made from, with its implementation; where the description has changed, what is in its place now.

        Raises:
            KeyError: the description no longer has it.
        """
        node = self.rendering.infrastructure.nodes[instance.node_name]
        if node.name not in self._makings:
            by_index = {str(i.index): i for i in node.implementations}
            self._makings[node.name] = by_index | {self.rendering.infrastructure.fingerprint(node, i): i for i in node.implementations}
        known = self._makings[node.name]
        return node, known.get(instance.fingerprint) or known[str(instance.implementation)]


@dataclass
class Pass(View):
    """Works on one infrastructure."""

    journal: Journal
    policy: Policy
    waiting: Waiting
    begun: dict[str, NodeId] = field(default_factory=dict)
    """By step: the instance that it works on where that is not the plan's, since nothing came of the first."""
    submitted: dict[NodeId, Instance] = field(default_factory=dict)
    """What backends were asked to make in this pass."""
    _pollers: dict[int, Poller] = field(default_factory=dict)

    def poller(self, handler: ResourceHandler) -> Poller:
        """The one poller of a handler."""
        if id(handler) not in self._pollers:
            self._pollers[id(handler)] = Poller(handler, self.clock)
        return self._pollers[id(handler)]

    def appears_within(self, instance: Instance) -> float:
        """Seconds for which the instance's backend may not show what it was just asked to make."""
        return self.backends.registry.resource_handler(instance.resource["type"]).appears_within

    def retrying(self, instance: Instance) -> Callable[[ResourceError], None]:
        """Says that a call for an instance is tried again."""

        def tell(error: ResourceError) -> None:
            LOG.warning("%s %s: %s: %s; trying again", instance.node_name, instance.node_id, error.kind, error.message)
            self.waiting(instance.node_id, f"{error.kind}: {error.message}; trying again")

        return tell

    def close(self) -> None:
        for poller in self._pollers.values():
            poller.close()

"""Where events go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.node import Section, digest

ABOUT_NOTIFICATIONS = "notify-"
"""How the kinds of events begin that nobody is notified of: a failure to notify would lead to another one."""


@dataclass(frozen=True)
class Target:
    """Where events of an infrastructure go, as a checked section of a notifier says it."""

    infra_id: InfraId
    section: Section

    @cached_property
    def name(self) -> str:
        """Tells it from the other targets of the infrastructure; another section is another target."""
        return digest(self.section)

    @property
    def type(self) -> str:
        """The notifier's type, `webhook` for example."""
        return str(self.section["type"])

    def wants(self, event: Event) -> bool:
        """Whether an event is one that it is told of."""
        kinds = self.section.get("kinds")
        return not event.kind.startswith(ABOUT_NOTIFICATIONS) and (kinds is None or event.kind in kinds)

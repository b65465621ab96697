"""Notifiers: where events go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from occopus.model.event import Event
from occopus.model.node import Section
from occopus.plugins.schema import Check, Schema


class Notifier(ABC):
    """Sends events somewhere. Made from its checked settings."""

    def __init__(self, settings: Section) -> None:
        self.settings = settings

    @abstractmethod
    def send(self, event: Event) -> None:
        """Deliver one event; raise any error where it could not be delivered."""


@dataclass(frozen=True)
class NotifierSpec:
    """Declares a notifier. `notifier` is `package.module:Class`; `schema` is for its settings."""

    type: str
    notifier: str
    schema: Schema
    checks: tuple[Check, ...] = ()
    summary: str = ""

"""Notifiers: where events go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from occopus.model.event import Event
from occopus.model.node import Section
from occopus.plugins.reach import Address, anywhere
from occopus.plugins.schema import Check, CredentialsSpec, Schema

if TYPE_CHECKING:  # start-up is felt at every command
    import logging


@dataclass(frozen=True)
class NotifierConfig:
    """All that a notifier is made from: the section of one target, its credentials, a logger.

    `may_reach` says whether an address that users chose, by whatever name, may be connected to: a service lets nobody use it to get at what
    only its own machine can reach. A notifier asks after the name is resolved, and connects to the address that it asked about.
    """

    section: Section
    credentials: Section
    logger: logging.Logger
    may_reach: Callable[[Address], bool] = anywhere


@dataclass(frozen=True)
class Notification:
    """An event on its way. `id` is the same each time it is sent, and greater than those of all events before it in the same store."""

    id: str
    event: Event

    def as_json(self) -> dict[str, str]:
        """What receivers are told. `time` is in UTC, in the form of ISO 8601."""
        event = self.event
        time = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "id": self.id,
            "infra_id": event.infra_id,
            "kind": event.kind,
            "time": time,
            "node": event.node_name,
            "node_id": event.node_id,
            "message": event.message,
        }


class Notifier(ABC):
    """Sends events to one target, one after the other in their order. It is kept from one to the next, and forgotten now and then.

    What a notifier is trusted with, it tells nobody: no secret stands in an event, a log, at any level, or an error.
    """

    def __init__(self, config: NotifierConfig, client: Any = None) -> None:
        """`client` replaces the real client in tests."""
        self.config = config
        self.client = client

    @abstractmethod
    def send(self, notification: Notification) -> None:
        """Deliver one event, in one attempt of some seconds; it is sent again where nobody knows whether it arrived.

        What arrives is what `Notification.as_json` gives, in every letter; a message that is too long is cut. Sent again, by whichever
        notifier, an event is the same, and its id too. Where the section says to which host events go, nothing is sent to an address that
        `may_reach` refuses: that is `invalid`.

        Raises:
            ResourceError: it was not delivered, or nobody knows (`transient`). One that is `invalid` is given up at once, any other is
                tried for some minutes, and not again before its `retry_after`: the time that the receiver asks for.
        """


@dataclass(frozen=True)
class NotifierSpec:
    """Declares a notifier.

    `notifier` is `package.module:Class`, a `Notifier`. That module is imported when its first event is sent, not with the plugin. `schema`
    is for the section of a target, which also has `type` and `kinds`. It holds no secret: those are in the authentication file, in entries
    of `notifier`. `endpoint` names the keys that tell people where events go, none of them a secret. What all specs have in common stands
    in `occopus.plugins.schema`.
    """

    type: str
    notifier: str
    schema: Schema
    credentials: CredentialsSpec | None = None
    endpoint: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    summary: str = ""

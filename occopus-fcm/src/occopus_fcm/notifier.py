"""The notifier `fcm`: each event as a message over the HTTP v1 API of Firebase Cloud Messaging."""

from __future__ import annotations

import json
from typing import Any

from occopus.plugins import ErrorKind, Notification, Notifier, NotifierConfig, ResourceError
from occopus_fcm.access import Access, account_of
from occopus_fcm.api import FcmClient

ENDPOINT = "https://fcm.googleapis.com"

LIMITS = {"token": 4096, "topic": 2048}
"""Bytes that a message may have, with its keys, by who gets it."""
FRAME = 200
"""Bytes left free of those for names, quotes and the like."""
SHOWN = 200
"""Characters of an event's message that a device shows."""

PAUSE = 60.0
"""Seconds to wait where too much is sent and FCM does not say for how long."""


class Fcm(Notifier):
    """Sends to one device, or to the subscribers of a topic. The event is in `data`; `notification` is what devices show by themselves."""

    def __init__(self, config: NotifierConfig, client: Any = None) -> None:
        super().__init__(config, client)
        account = account_of(config.credentials.get("service_account"))
        self._project = config.section.get("project") or account.get("project_id", "")
        self._api = client or FcmClient(config.credentials.get("endpoint", ENDPOINT), Access(account), "occopus-fcm")

    def send(self, notification: Notification) -> None:
        try:
            self._api.call("POST", f"v1/projects/{self._project}/messages:send", "sending", json={"message": self._message(notification)})
        except ResourceError as error:
            if error.kind is ErrorKind.THROTTLED and error.retry_after is None:
                error.retry_after = PAUSE
            raise

    def _message(self, notification: Notification) -> dict[str, Any]:
        receiver = "topic" if "topic" in self.config.section else "token"
        data, event = notification.as_json(), notification.event
        title = " ".join(filter(None, (event.node_name, event.kind)))
        shown = {"title": _cut(title, SHOWN), "body": data["message"][:SHOWN]}
        room = LIMITS[receiver] - FRAME - _size(shown) - _size(data | {"message": ""})
        return {receiver: self.config.section[receiver], "notification": shown, "data": data | {"message": _cut(data["message"], room)}}


def _size(values: dict[str, str]) -> int:
    """In bytes, as JSON."""
    return len(json.dumps(values, ensure_ascii=False).encode())


def _cut(words: str, most: int) -> str:
    """What of a text has at most so many bytes."""
    return words.encode()[: max(0, most)].decode(errors="ignore")

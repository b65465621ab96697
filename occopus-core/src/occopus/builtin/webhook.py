"""The notifier `webhook`: each event as a POST of JSON, signed with a secret that the receiver shares."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from occopus.builtin.http_post import Answer, post
from occopus.plugins.notifier import Notification, Notifier
from occopus.plugins.resource import ErrorKind, ResourceError

LONGEST = 200
"""Characters that are told of what a receiver says."""

STATUSES = {
    401: ErrorKind.CREDENTIALS,
    403: ErrorKind.CREDENTIALS,
    404: ErrorKind.TRANSIENT,  # it may be put in place just now
    408: ErrorKind.TRANSIENT,
    409: ErrorKind.TRANSIENT,
    425: ErrorKind.TRANSIENT,
    429: ErrorKind.THROTTLED,
}
"""What the statuses mean below 500 that do not say that the request itself is wrong."""


class Webhook(Notifier):
    """Signs as Stripe does: `t` is when the request was made, `v1` the HMAC-SHA256 of `t`, a dot and the body."""

    def send(self, notification: Notification) -> None:
        body = json.dumps(notification.as_json()).encode()
        event = notification.event
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "occopus",
            "Occopus-Event-Id": f"{event.infra_id}:{notification.id}",
            "Occopus-Signature": signature(self._secret(), int(time.time()), body),
        }
        answer = post(self.config.section["url"], headers, body, self.config.may_reach)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)

    def _secret(self) -> str:
        secret = self.config.credentials.get("secret")
        if not isinstance(secret, str) or not secret:
            raise ResourceError(ErrorKind.CREDENTIALS, "its entry in the authentication file has no text under 'secret'")
        return secret


def signature(secret: str, now: int, body: bytes) -> str:
    """The value of the header `Occopus-Signature`."""
    code = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={code}"


def _refusal(answer: Answer) -> ResourceError:
    status = answer.status
    kind = STATUSES.get(status) or (ErrorKind.TRANSIENT if status >= 500 else ErrorKind.INVALID)
    said = f"it sends elsewhere, to {answer.headers.get('Location', 'nowhere')}" if 300 <= status < 400 else answer.reason
    words = "".join(letter for letter in said if letter.isprintable())[:LONGEST]
    return ResourceError(kind, f"{words} (HTTP status {status})".strip(), _retry_after(answer.headers.get("Retry-After", "")))


def _retry_after(asked: str) -> float | None:
    """In seconds: the header has those, or a date."""
    if asked.isascii() and asked.isdecimal():
        return float(asked[:10])
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())

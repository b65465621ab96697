"""A strict double of Firebase Cloud Messaging's HTTP v1 API and of the token endpoint of service accounts.

It refuses what the real ones refuse, as far as https://firebase.google.com/docs/reference/fcm/rest/v1 and RFC 7523 say.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request

PROJECT = "my-project-1"
DEVICE = "cJ5fT0kPQbG:APA91bH-registered-device"
GONE = "dK6gU1lQRcH:APA91bI-uninstalled-device"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""For whom assertions are made, wherever they are sent to."""
EMAIL = f"occopus@{PROJECT}.iam.gserviceaccount.com"
KEYS = {"id", "infra_id", "kind", "time", "node", "node_id", "message"}

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def fcm_refusal(status: int, canonical: str, code: str = "", message: str = "no", **headers: str) -> Refusal:
    """An error in the form of the API."""
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    error = {"code": status, "message": message, "status": canonical, "details": details}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(Reply.of_json(status, {"error": error}, named), f"{canonical} {code} {message}")


class StrictFcm(FaultyServer):
    """Requests are `token` and `send`."""

    def calm(self, seed: int = 0) -> None:
        super().calm(seed)
        self.got: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}
        self.lifetime = 3600
        self._numbers = itertools.count(1)

    @property
    def service_account(self) -> dict[str, str]:
        """The JSON key that its owner would download."""
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "0123456789abcdef",
            "private_key": PRIVATE_KEY,
            "client_email": EMAIL,
            "client_id": "1234567890",
            "token_uri": f"{self.url}/token",
        }

    @property
    def data(self) -> list[dict[str, str]]:
        """The events that reached devices."""
        return [message["data"] for message in self.got]

    def action(self, request: Request) -> str:
        return "token" if request.path == "/token" else "send"

    def respond(self, request: Request) -> Reply:
        return self._new_token(request) if request.path == "/token" else self._send(request)

    def _new_token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.method != "POST" or form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise _unauthorised("unsupported_grant_type", "it is no grant of a JWT")
        claims = self._claims(form.get("assertion", ""))
        wanted = {"iss": EMAIL, "scope": SCOPE, "aud": AUDIENCE}
        if {name: claims.get(name) for name in wanted} != wanted:
            raise _unauthorised("invalid_grant", f"Invalid JWT: {claims}")
        if not (claims["iat"] <= time.time() + 60 and time.time() < claims["exp"] <= claims["iat"] + 3600):
            raise _unauthorised("invalid_grant", "Invalid JWT: its times are not right")
        token = f"ya29.access-{next(self._numbers)}"
        self.tokens[token] = time.time() + self.lifetime
        return Reply.of_json(200, {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    def _claims(self, assertion: str) -> dict[str, Any]:
        head, _, signature = assertion.rpartition(".")
        try:
            _KEY.public_key().verify(_decoded(signature), head.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise _unauthorised("invalid_grant", "Invalid JWT Signature.") from None
        claims: dict[str, Any] = json.loads(_decoded(head.partition(".")[2]))
        return claims

    def _send(self, request: Request) -> Reply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "), 0) < time.time():
            raise fcm_refusal(401, "UNAUTHENTICATED", message="Request had invalid authentication credentials.")
        if request.method != "POST" or not headers.get("content-type", "").startswith("application/json"):
            raise fcm_refusal(400, "INVALID_ARGUMENT", message="it is no POST of JSON")
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            raise fcm_refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", message=f"not permitted: {request.path}")
        if request.json.keys() != {"message"}:
            raise _invalid("", f"Unknown names: {list(request.json)}")
        _check(request.json["message"])
        self.got.append(request.json["message"])
        return Reply.of_json(200, {"name": f"projects/{PROJECT}/messages/{len(self.got)}"})


def _check(message: dict[str, Any]) -> None:
    unknown = message.keys() - {"token", "topic", "notification", "data"}
    if unknown or ("token" in message) == ("topic" in message):
        raise _invalid("message", f"Recipient of the message is not set, or there are unknown names: {unknown}")
    if message.get("token") == GONE:
        raise fcm_refusal(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found.")
    if message.get("token", DEVICE) != DEVICE:
        raise _invalid("message.token", "The registration token is not a valid FCM registration token")
    if not re.fullmatch(r"[a-zA-Z0-9_.~%-]+", message.get("topic", "a")):
        raise _invalid("message.topic", "Invalid topic name")
    for key, value in message["data"].items():
        if not isinstance(value, str):
            raise _invalid("message.data[0].value", f"Invalid value at 'message.data[0].value' (TYPE_STRING), {value}")
        if key in ("from", "message_type", "collapse_key") or key.startswith(("google", "gcm")):
            raise _invalid("message.data", f"Invalid data payload key: {key}")
    if message["data"].keys() != KEYS or message["notification"].keys() != {"title", "body"}:
        raise _invalid("message.data", "it is no event")
    texts = [*message["data"].items(), *message["notification"].items()]
    if sum(len(f"{key}{value}".encode()) for key, value in texts) > (2048 if "topic" in message else 4096):
        raise _invalid("message", "Message is too big")


def _invalid(field: str, message: str) -> Refusal:
    refusal = fcm_refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", message)
    return Refusal(refusal.reply, f"{field}: {message}")


def _unauthorised(error: str, description: str) -> Refusal:
    return Refusal(Reply.of_json(400, {"error": error, "error_description": description}), description)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

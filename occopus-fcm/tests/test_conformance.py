"""FCM keeps the contract of a notifier, to a device and to a topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from strict_fcm import DEVICE, PRIVATE_KEY, StrictFcm, fcm_refusal

from occopus.plugins import ErrorKind, Notifier, NotifierSpec
from occopus.plugins.registry import Registry
from occopus.testing.http import Refusal
from occopus.testing.notifier_suite import NotifierSuite
from occopus.testing.notifier_suite.delivery import notification


def another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


class FcmSuite(NotifierSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> NotifierSpec:
        return occopus_registry.notifier("fcm")

    @pytest.fixture
    def make_notifier(self, notifier_for: Callable[..., Notifier], section: dict[str, Any]) -> Callable[..., Notifier]:
        return lambda **options: notifier_for(section, **options)

    @pytest.fixture
    def received(self, fcm: StrictFcm) -> Callable[[], Sequence[Mapping[str, str]]]:
        return lambda: fcm.data

    @pytest.fixture
    def lose_reply(self, fcm: StrictFcm) -> Callable[[], None]:
        return lambda: fcm.lose.update(["send"])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (PRIVATE_KEY, PRIVATE_KEY.replace("\n", "\\n"), "ya29.access")

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("requests", "google", "cryptography")

    @pytest.fixture
    def provoke(
        self, fcm: StrictFcm, notifier_for: Callable[..., Notifier], section: dict[str, Any]
    ) -> Mapping[ErrorKind, Callable[[], object]]:
        def refused(refusal: Refusal) -> None:
            fcm.fail["send"] = [refusal]
            notifier_for(section).send(notification())

        return {
            ErrorKind.TRANSIENT: lambda: refused(fcm_refusal(503, "UNAVAILABLE", "UNAVAILABLE", Retry_After="10")),
            ErrorKind.THROTTLED: lambda: refused(fcm_refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="30")),
            ErrorKind.CREDENTIALS: lambda: notifier_for(section, private_key=another_key()).send(notification()),
            ErrorKind.INVALID: lambda: refused(fcm_refusal(404, "NOT_FOUND", "UNREGISTERED")),
        }

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "nobody": {"type": "fcm"},
            "a device and a topic": {"type": "fcm", "token": DEVICE, "topic": "news"},
            "an empty token": {"type": "fcm", "token": ""},
            "a topic with a blank": {"type": "fcm", "topic": "two words"},
            "a topic with a path": {"type": "fcm", "topic": "/topics/news"},
            "a project that is a path": {**section, "project": "a/../b"},
        }


class TestDevice(FcmSuite):
    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "fcm", "token": DEVICE}

    @pytest.fixture
    def longest_message(self) -> int:
        return 2800


class TestTopic(FcmSuite):
    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "fcm", "project": "my-project-1", "topic": "news"}

"""Every way in which FCM and the token endpoint refuse, and what they are sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from strict_fcm import DEVICE, GONE, PROJECT, StrictFcm, fcm_refusal

from occopus.plugins import ErrorKind, NotifierConfig, ResourceError
from occopus.testing.http import Refusal, Reply
from occopus.testing.notifier_suite.delivery import EVENT, notification
from occopus_fcm.notifier import Fcm

TOPIC = {"type": "fcm", "topic": "news"}


@pytest.fixture(autouse=True)
def nothing_wrong(fcm: StrictFcm) -> Iterator[None]:
    """What is refused without being planned is a fault of ours; tests that are about that clear the list."""
    yield
    assert fcm.refused == []


def failure(notifier: Fcm, **changes: Any) -> ResourceError:
    with pytest.raises(ResourceError) as raised:
        notifier.send(notification(replace(EVENT, **changes)))
    return raised.value


def test_what_a_device_gets(fcm: StrictFcm, notifier_for: Callable[..., Fcm]) -> None:
    notifier_for({"type": "fcm", "token": DEVICE}).send(notification())
    [message] = fcm.got
    assert message["token"] == DEVICE
    assert message["notification"] == {"title": "web failed", "body": EVENT.message}


def test_one_access_token_serves_for_many_messages_and_a_new_one_when_it_expires(fcm: StrictFcm, notifier_for: Callable[..., Fcm]) -> None:
    notifier = notifier_for(TOPIC)
    for _ in range(3):
        notifier.send(notification())
    assert fcm.actions == ["token", "send", "send", "send"]
    fcm.calm()
    fcm.lifetime = 1  # less than the margin that is left for the way
    notifier = notifier_for(TOPIC)
    notifier.send(notification())
    fcm.lifetime = 3600
    notifier.send(notification())
    assert fcm.actions == ["token", "send", "token", "send"]


@pytest.mark.parametrize(
    ("section", "kind", "told"),
    [
        ({"type": "fcm", "token": GONE}, ErrorKind.INVALID, "Requested entity was not found. [UNREGISTERED] (HTTP status 404)"),
        (
            {"type": "fcm", "token": "no-token"},
            ErrorKind.INVALID,
            "The registration token is not a valid FCM registration token [INVALID_ARGUMENT] (HTTP status 400)",
        ),
        ({**TOPIC, "project": "another-project"}, ErrorKind.CREDENTIALS, "[SENDER_ID_MISMATCH] (HTTP status 403)"),
    ],
)
def test_who_can_not_be_reached(fcm: StrictFcm, notifier_for: Callable[..., Fcm], section: Any, kind: ErrorKind, told: str) -> None:
    error = failure(notifier_for(section))
    assert error.kind is kind
    assert error.message.startswith("sending failed: ")
    assert error.message.endswith(told)
    fcm.refused.clear()


@pytest.mark.parametrize(
    ("refusal", "kind", "retry_after"),
    [
        (fcm_refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="7"), ErrorKind.THROTTLED, 7.0),
        (fcm_refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), ErrorKind.THROTTLED, 60.0),
        (fcm_refusal(503, "UNAVAILABLE", "UNAVAILABLE", Retry_After="10"), ErrorKind.TRANSIENT, 10.0),
        (fcm_refusal(500, "INTERNAL", "INTERNAL"), ErrorKind.TRANSIENT, None),
        (fcm_refusal(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), ErrorKind.CREDENTIALS, None),
        (Refusal(Reply(502, b"<!DOCTYPE html><title>Error 502</title>")), ErrorKind.TRANSIENT, None),
        (Refusal(Reply.of_json(400, ["no"])), ErrorKind.INVALID, None),
    ],
)
def test_what_fcm_says(fcm: StrictFcm, notifier_for: Callable[..., Fcm], refusal: Refusal, kind: ErrorKind, retry_after: float) -> None:
    fcm.fail["send"] = [refusal]
    error = failure(notifier_for(TOPIC))
    assert (error.kind, error.retry_after) == (kind, retry_after)


@pytest.mark.parametrize("status", [500, 503])
def test_a_token_endpoint_that_is_away_is_asked_again_later(fcm: StrictFcm, notifier_for: Callable[..., Fcm], status: int) -> None:
    fcm.fail["token"] = [Refusal(Reply.of_json(status, {"error": "internal_failure"})) for _ in range(10)]
    error = failure(notifier_for(TOPIC))
    assert error.kind is ErrorKind.TRANSIENT
    assert error.message.startswith("the service account gets no access: ")


def test_a_token_endpoint_whose_reply_gets_lost_is_asked_again_later(fcm: StrictFcm, notifier_for: Callable[..., Fcm]) -> None:
    fcm.lose["token"] = 10
    assert failure(notifier_for(TOPIC)).kind is ErrorKind.TRANSIENT


def test_an_access_token_that_fcm_does_not_take(fcm: StrictFcm, notifier_for: Callable[..., Fcm]) -> None:
    notifier = notifier_for(TOPIC)
    notifier.send(notification())
    fcm.tokens.clear()
    assert failure(notifier).kind is ErrorKind.CREDENTIALS
    fcm.refused.clear()


@pytest.mark.parametrize("given", [None, "", "{", "[]", "{}", 7, {"type": "authorized_user"}, {"type": "service_account"}])
def test_what_is_no_key_of_a_service_account(given: Any) -> None:
    with pytest.raises(ResourceError) as raised:
        Fcm(NotifierConfig(TOPIC, {"service_account": given}, logging.getLogger("occopus.fcm")))
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert "service account" in raised.value.message


def test_a_private_key_that_is_broken_is_not_told(fcm: StrictFcm) -> None:
    broken = json.dumps(
        {**fcm.service_account, "private_key": "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5\n-----END PRIVATE KEY-----\n"}
    )
    with pytest.raises(ResourceError) as raised:
        Fcm(NotifierConfig(TOPIC, {"service_account": broken}, logging.getLogger("occopus.fcm")))
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert "TUlJRXZR" not in raised.value.message


def test_the_service_account_may_be_a_mapping(fcm: StrictFcm) -> None:
    credentials = {"service_account": fcm.service_account, "endpoint": fcm.url}
    Fcm(NotifierConfig({**TOPIC, "project": PROJECT}, credentials, logging.getLogger("occopus.fcm"))).send(notification())
    assert len(fcm.got) == 1


@pytest.mark.parametrize("section", [TOPIC, {"type": "fcm", "token": DEVICE}])
@pytest.mark.parametrize("letter", ["x", "ü", "🐙", '"'])
def test_a_message_has_room_and_fills_it(fcm: StrictFcm, notifier_for: Callable[..., Fcm], section: Any, letter: str) -> None:
    event = replace(EVENT, message=letter * 5000, node_name="n" * 150)
    notifier_for(section).send(notification(event))
    assert len(fcm.data[0]["message"].encode()) > (400 if "topic" in section else 2000)
    assert set(fcm.data[0]["message"]) == {letter}

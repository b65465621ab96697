"""`send`: what happened reaches the receiver whole, in one attempt, or an error says that it did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.plugins.notifier import Notification, Notifier
from occopus.plugins.resource import ErrorKind
from occopus.testing.contract import error_of, written_in
from occopus.testing.notifier_suite.fixtures import Received

SEND = "occopus.plugins.Notifier.send"

SECONDS = 25.0
"""How long one attempt may take: the courier waits for 30."""

NUMBERS = count(1)

EVENT = Event(InfraId("5a1e-infra"), 1_700_000_000.25, "failed", "web", NodeId("7c02-node"), 'Größe "1" <b> \\ 🐙\nsecond line')


def notification(event: Event = EVENT) -> Notification:
    """One with an id of its own."""
    return Notification(f"{next(NUMBERS):016d}", event)


class DeliveryChecks:
    @written_in(SEND, "What arrives is what `Notification.as_json` gives, in every letter")
    @pytest.mark.parametrize(
        "event", [EVENT, Event(InfraId("i"), 0.0, "destroyed"), replace(EVENT, message="")], ids=["whole", "without a node", "wordless"]
    )
    def test_event_arrives_whole(self, make_notifier: Callable[..., Notifier], received: Received, event: Event) -> None:
        sent = notification(event)
        make_notifier().send(sent)
        assert dict(received()[-1]) == sent.as_json(), "what arrives must be what happened, in every letter"

    @written_in("occopus.plugins.Notifier", "Sends events to one target, one after the other in their order.")
    def test_events_arrive_in_their_order(self, make_notifier: Callable[..., Notifier], received: Received) -> None:
        notifier, sent = make_notifier(), [notification() for _ in range(5)]
        for each in sent:
            notifier.send(each)
        assert [each["id"] for each in received()][-5:] == [each.id for each in sent], "a notifier must send as many events as it is given"

    @written_in(SEND, "Sent again, by whichever notifier, an event is the same, and its id too.")
    def test_fresh_notifier_sends_the_same_event_again(self, make_notifier: Callable[..., Notifier], received: Received) -> None:
        sent = notification()
        make_notifier().send(sent)
        make_notifier().send(sent)
        first, second = received()[-2:]
        assert first == second == sent.as_json(), (
            "sent again after a crash, an event must be the same, its id too: so receivers know it again"
        )

    @written_in(SEND, "a message that is too long is cut")
    def test_long_message_arrives(self, make_notifier: Callable[..., Notifier], received: Received, longest_message: int) -> None:
        words = "x" * longest_message
        make_notifier().send(notification(replace(EVENT, message=words)))
        assert received()[-1]["message"] == words, "a message of this length must arrive whole"
        make_notifier().send(notification(replace(EVENT, message="ü" * 20_000)))
        assert received()[-1]["message"].startswith("ü" * 100), "a message that is too long must be cut: better a part of it than no event"

    @written_in(SEND, "it was not delivered, or nobody knows (`transient`)")
    def test_lost_reply_is_an_error(
        self, make_notifier: Callable[..., Notifier], received: Received, lose_reply: Callable[[], None] | None
    ) -> None:
        if lose_reply is None:
            pytest.skip("needs the fixture 'lose_reply'")
        notifier, sent, begun = make_notifier(), notification(), time.monotonic()
        lose_reply()
        error = error_of(lambda: notifier.send(sent), "a lost reply must be told")
        assert error.kind is ErrorKind.TRANSIENT, "nobody knows whether it arrived, so it must be sent again"
        assert time.monotonic() - begun < SECONDS, "one call is one attempt: when to try again is for the core to say"
        notifier.send(sent)
        assert received()[-1] == sent.as_json(), "after a lost reply the same notifier must be of use"

    @written_in(SEND, "not again before its `retry_after`: the time that the receiver asks for")
    def test_throttled_says_when_to_come_again(self, provoke: dict[ErrorKind, Callable[[], object]]) -> None:
        if ErrorKind.THROTTLED not in provoke:
            pytest.skip("needs a cause of 'throttled' in the fixture 'provoke'")
        error = error_of(provoke[ErrorKind.THROTTLED], "too many requests must be told")
        assert error.retry_after, "the cause must ask for a time (Retry-After, for example), which the error must pass on"

    @written_in(SEND, "nothing is sent to an address that `may_reach` refuses: that is `invalid`")
    def test_users_reach_only_what_they_may(self, make_notifier: Callable[..., Notifier], received: Received, is_confined: bool) -> None:
        if not is_confined:
            pytest.skip("needs the fixture 'is_confined' where the section says to which host events go")
        before = len(received())
        notifier = make_notifier(may_reach=lambda address: False)
        error = error_of(lambda: notifier.send(notification()), "an address that 'may_reach' refuses must be told")
        assert error.kind is ErrorKind.INVALID, "where events may not go, trying again does not help"
        assert len(received()) == before, "nothing may be sent to an address that 'may_reach' refuses"

"""The conformance suite of notifiers does its work: faulty ones fail the check for it. Webhooks pass it in `builtin/test_webhook.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from occopus.plugins import CredentialsSpec, ErrorKind, Notification, Notifier, NotifierConfig, NotifierSpec, ResourceError, text
from occopus.testing.contract import checks_of, unwritten
from occopus.testing.documentation_checks import DocumentationChecks
from occopus.testing.notifier_suite import NotifierSuite
from occopus.testing.notifier_suite.delivery import EVENT, notification
from occopus.testing.resource_suite.failures import FailureChecks
from occopus.testing.secrecy import FailureSecrecyChecks
from occopus.testing.section_checks import EndpointChecks

SECRET = "what-only-the-pigeon-knows"
SECRET_TEXT = text("What is shown at the gate.", required=True, meta={"secret": True})
SPEC = NotifierSpec(
    type="pigeon",
    notifier=f"{__name__}:Pigeon",
    schema={"loft": text("Where it flies to.")},
    credentials=CredentialsSpec({"word": SECRET_TEXT}),
    endpoint=("loft",),
    summary="By air",
)


@dataclass
class Loft:
    """Where pigeons arrive."""

    arrived: list[dict[str, str]] = field(default_factory=list)
    loses = False
    refuses: ErrorKind | None = None


class Pigeon(Notifier):
    """Keeps the contract."""

    def send(self, note: Notification) -> None:
        loft = self.loft
        if loft.refuses:
            raise ResourceError(loft.refuses, "the gate is closed", 5.0)
        if not self.config.may_reach(None):  # type: ignore[arg-type]
            raise ResourceError(ErrorKind.INVALID, "there it may not fly")
        loft.arrived.append(self.carried(note))
        if loft.loses:
            loft.loses = False
            self.got_lost(note)

    @property
    def loft(self) -> Loft:
        loft: Loft = self.client
        return loft

    def carried(self, note: Notification) -> dict[str, str]:
        return note.as_json()

    def got_lost(self, note: Notification) -> None:
        raise ResourceError(ErrorKind.TRANSIENT, "it did not come back")


class Ascii(Pigeon):
    def carried(self, note: Notification) -> dict[str, str]:
        return {key: value.encode("ascii", "replace").decode() for key, value in super().carried(note).items()}


class Once(Pigeon):
    """Sends what it was given first."""

    def carried(self, note: Notification) -> dict[str, str]:
        self.first = getattr(self, "first", note)
        return super().carried(self.first)


class Renumbering(Pigeon):
    def carried(self, note: Notification) -> dict[str, str]:
        return {**super().carried(note), "id": str(len(self.loft.arrived))}


class Cutting(Pigeon):
    def carried(self, note: Notification) -> dict[str, str]:
        return {**super().carried(note), "message": super().carried(note)["message"][:99]}


class Sure(Pigeon):
    """Takes silence for success."""

    def got_lost(self, note: Notification) -> None:
        pass


class Resigned(Pigeon):
    def got_lost(self, note: Notification) -> None:
        raise ResourceError(ErrorKind.INVALID, "it did not come back")


class Broken(Pigeon):
    """After a failure it carries only that again."""

    def carried(self, note: Notification) -> dict[str, str]:
        return getattr(self, "kept", None) or super().carried(note)

    def got_lost(self, note: Notification) -> None:
        self.kept = {**note.as_json(), "message": ""}
        super().got_lost(note)


class Wild(Pigeon):
    """Flies anywhere."""

    def send(self, note: Notification) -> None:
        self.config = replace(self.config, may_reach=lambda address: True)
        super().send(note)


class Pushing(Pigeon):
    """Says nothing of when to come again."""

    def send(self, note: Notification) -> None:
        try:
            super().send(note)
        except ResourceError as error:
            raise ResourceError(error.kind, error.message) from None


class Vague(Pigeon):
    def send(self, note: Notification) -> None:
        try:
            super().send(note)
        except ResourceError as error:
            raise ResourceError(ErrorKind.UNKNOWN, error.message, 1.0) from None


class Talkative(Pigeon):
    def carried(self, note: Notification) -> dict[str, str]:
        self.config.logger.debug("the word is %s", self.config.credentials["word"])
        return super().carried(note)


class Open(Pigeon):
    """Tells those who should not know."""

    def carried(self, note: Notification) -> dict[str, str]:
        return {**super().carried(note), "word": self.config.credentials["word"]}


class Indiscreet(Pigeon):
    def send(self, note: Notification) -> None:
        try:
            super().send(note)
        except ResourceError as error:
            raise ResourceError(error.kind, f"{error.message} to {self.config.credentials['word']}") from None


SUITE = NotifierSuite()

FAULTS: list[tuple[type[Pigeon], str, str]] = [
    (Ascii, "event_arrives_whole", "in every letter"),
    (Once, "events_arrive_in_their_order", "as many events as it is given"),
    (Renumbering, "fresh_notifier_sends_the_same_event_again", "receivers know it again"),
    (Cutting, "long_message_arrives", "must arrive whole"),
    (Sure, "lost_reply_is_an_error", "a lost reply must be told"),
    (Resigned, "lost_reply_is_an_error", "must be sent again"),
    (Broken, "lost_reply_is_an_error", "must be of use"),
    (Wild, "users_reach_only_what_they_may", "must be told"),
    (Pushing, "throttled_says_when_to_come_again", "ask for a time"),
    (Vague, "errors_have_their_kind", "must be transient"),
    (Vague, "errors_that_decide_are_told_apart", "must be invalid"),
    (Talkative, "events_and_logs_tell_no_secret", "however talkative"),
    (Open, "events_and_logs_tell_no_secret", "no event may tell"),
    (Indiscreet, "errors_tell_no_secret", "must not tell a secret"),
]


def known(kind: type[Pigeon], caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """By its name, whatever a check may ask for, with a notifier of this kind."""
    loft = Loft()

    def make(**options: Any) -> Pigeon:
        config = NotifierConfig({"type": "pigeon", "loft": "home"}, {"word": SECRET}, logging.getLogger("occopus.pigeon"), **options)
        return kind(config, loft)

    def closed(error: ErrorKind) -> None:
        loft.refuses = error
        try:
            make().send(notification())
        finally:
            loft.refuses = None

    def lose() -> None:
        loft.loses = True

    provoke: Mapping[ErrorKind, Callable[[], object]] = {
        error: lambda error=error: closed(error)  # type: ignore[misc]
        for error in (ErrorKind.TRANSIENT, ErrorKind.THROTTLED, ErrorKind.INVALID)
    }
    return {
        "make_notifier": make,
        "received": lambda: loft.arrived,
        "lose_reply": lose,
        "provoke": provoke,
        "secrets": (SECRET,),
        "is_confined": True,
        "longest_message": 500,
        "event": EVENT,
        "kind": ErrorKind.INVALID,
        "caplog": caplog,
    }


def check(kind: type[Pigeon], name: str, caplog: pytest.LogCaptureFixture) -> None:
    function, given = getattr(SUITE, f"test_{name}"), known(kind, caplog)
    function(**{asked: given[asked] for asked in function.__code__.co_varnames[1 : function.__code__.co_argcount]})


@pytest.mark.parametrize(("kind", "name", "words"), FAULTS)
def test_fault_is_noticed(kind: type[Pigeon], name: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=words):
        check(kind, name, caplog)


@pytest.mark.parametrize("name", sorted({name for _, name, _ in FAULTS}))
def test_one_that_keeps_the_contract_passes(name: str, caplog: pytest.LogCaptureFixture) -> None:
    check(Pigeon, name, caplog)


SPEC_FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("common_keys_are_left_to_the_core", {"schema": {"kinds": text("Which.")}}, "must not define them anew"),
    ("section_holds_no_secret", {"schema": {"word": SECRET_TEXT}}, "belong to 'credentials'"),
    ("endpoint_can_be_shown", {"endpoint": ()}, "where events go"),
    ("endpoint_can_be_shown", {"endpoint": ("api_token",)}, "do not belong there"),
    ("endpoint_is_made_of_keys", {"endpoint": ("lift",)}, "unknown"),
    ("credentials_are_marked", {"credentials": CredentialsSpec({"word": text("It.")})}, "must be marked"),
    ("every_key_is_documented", {"schema": {"loft": {"type": "string"}}}, "must say what it is for"),
]


@pytest.mark.parametrize(("name", "changes", "words"), SPEC_FAULTS)
def test_fault_of_a_spec_is_noticed(name: str, changes: dict[str, Any], words: str) -> None:
    function = getattr(SUITE, f"test_{name}")
    function(SPEC)
    with pytest.raises(AssertionError, match=words):
        function(replace(SPEC, **changes))


def test_a_class_that_is_no_notifier_is_noticed() -> None:
    SUITE.test_notifier_can_be_loaded(replace(SPEC, notifier="occopus.builtin.webhook:Webhook"))
    with pytest.raises(AssertionError, match="must be a Notifier"):
        SUITE.test_notifier_can_be_loaded(replace(SPEC, notifier="occopus.model.event:Event"))


def test_what_is_loaded_too_early_is_noticed() -> None:
    with pytest.raises(AssertionError, match="must not import these"):
        SUITE.test_plugin_loads_without_its_notifier(replace(SPEC, notifier="occopus.plugins.loading:x"), ())


SHARED = {*checks_of(EndpointChecks), *checks_of(DocumentationChecks), *checks_of(FailureChecks), *checks_of(FailureSecrecyChecks)}
"""Those of all suites: `test_resource_suite` has what breaks each of them."""


def test_every_check_has_a_faulty_notifier() -> None:
    broken = {"notifier_can_be_loaded", "plugin_loads_without_its_notifier"}
    broken |= {name for _, name, _ in FAULTS} | {name for name, _, _ in SPEC_FAULTS}
    assert checks_of(NotifierSuite).keys() - SHARED == {f"test_{name}" for name in broken} - SHARED


def test_every_check_says_where_it_is_written() -> None:
    assert list(unwritten(NotifierSuite)) == []

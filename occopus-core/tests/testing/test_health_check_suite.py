"""The conformance suite of health checks does its work: faulty ones fail the check for it. Real ones pass it in occopus-healthchecks."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from occopus.plugins import HealthCheckSpec, Target
from occopus.plugins.registry import Registry
from occopus.testing.contract import checks_of, unwritten
from occopus.testing.health_check_suite import Asked, HealthCheckSuite
from occopus.testing.health_check_suite.fixtures import CheckFunction

PULSE = {"type": "integer", "min": 1, "meta": {"description": "Beats in a minute, at the least."}}
RULE = {
    "type": "dict",
    "schema": {"pulse": PULSE, "word": {"type": "string", "meta": {"description": "What opens the door.", "secret": True}}},
    "meta": {"description": "That the heart beats."},
}
SPEC = HealthCheckSpec(key="heart", check="doctor:well", rule=RULE, timeout=1.0, summary="the heart beats", aliases=("hearts",))
WORD = "what-opens-the-door"
HEALTHY = Asked.at("patient", {"pulse": 60, "word": WORD})
SICK = Asked.at("invalid", {"pulse": 60, "word": WORD})


def well(target: Target, settings: dict[str, Any]) -> str | None:
    """Keeps the contract."""
    return None if target.address == "patient" else f"no {settings['pulse']} beats at {target.address}"


def pessimistic(target: Target, settings: dict[str, Any]) -> str | None:
    return "nobody is healthy"


def optimistic(target: Target, settings: dict[str, Any]) -> str | None:
    return None


def raising(target: Target, settings: dict[str, Any]) -> str | None:
    if reason := well(target, settings):
        raise OSError(reason)
    return None


def boolean(target: Target, settings: dict[str, Any]) -> Any:
    return None if well(target, settings) is None else False


def wordless(target: Target, settings: dict[str, Any]) -> str | None:
    return None if well(target, settings) is None else ""


def long_winded(target: Target, settings: dict[str, Any]) -> str | None:
    reason = well(target, settings)
    return reason and f"{reason}\nTraceback (most recent call last)"


def slow(target: Target, settings: dict[str, Any]) -> str | None:
    threading.Event().wait(1.1)
    return well(target, settings)


class Forgetting:
    """Two who are asked at once, and remember only who was asked last."""

    def __init__(self) -> None:
        self.meeting = threading.Barrier(6)

    def __call__(self, target: Target, settings: dict[str, Any]) -> str | None:
        self.target = target
        self.meeting.wait(30)
        return well(self.target, settings)


class Remembering:
    """Asks a node once."""

    def __init__(self) -> None:
        self.answers: list[str | None] = []

    def __call__(self, target: Target, settings: dict[str, Any]) -> str | None:
        self.answers.append(well(target, settings))
        return self.answers[0]


def changing(target: Target, settings: dict[str, Any]) -> str | None:
    settings["pulse"] += 1
    return well(target, settings)


class Lingering:
    """Goes on listening, until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __call__(self, target: Target, settings: dict[str, Any]) -> str | None:
        threading.Thread(target=self.over.wait, args=(30,), name="lingering", daemon=True).start()
        return well(target, settings)


def telling(target: Target, settings: dict[str, Any]) -> str | None:
    reason = well(target, settings)
    return reason and f"{reason} with {settings['word']}"


def logging_all(target: Target, settings: dict[str, Any]) -> str | None:
    logging.getLogger("doctor").debug("asking %s with %s", target, settings)
    return well(target, settings)


SUITE = HealthCheckSuite()

FAULTS: list[tuple[Callable[[], CheckFunction], str, str]] = [
    (lambda: pessimistic, "healthy_node_is_healthy", "must be healthy"),
    (lambda: optimistic, "sick_node_has_a_reason", "a reason must be told"),
    (lambda: boolean, "sick_node_has_a_reason", "not False"),
    (lambda: raising, "sick_node_has_a_reason", "OSError left it"),
    (lambda: wordless, "reason_is_one_line", "must say what is wrong"),
    (lambda: long_winded, "reason_is_one_line", "must be one"),
    (lambda: slow, "sick_node_is_known_in_time", "within its timeout"),
    (lambda: slow, "silent_node_is_known_in_time", "within its timeout"),
    (lambda: optimistic, "silent_node_is_known_in_time", "must not be healthy"),
    (Forgetting, "threads_do_not_mix", "for its own node"),
    (lambda: changing, "settings_stay_as_they_are", "must stay as they are"),
    (Remembering, "answers_do_not_stick", "whatever the last answer was"),
    (lambda: telling, "reasons_and_logs_tell_no_secret", "a reason must not tell"),
    (lambda: logging_all, "reasons_and_logs_tell_no_secret", "however talkative"),
]

SPEC_FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("names_itself", {"key": ""}, "must name its key"),
    ("names_itself", {"key": "Heart"}, "lower case"),
    ("names_itself", {"summary": ""}, "in a few words"),
    ("keys_are_its_own", {"key": "timeout"}, "the core's own keys"),
    ("keys_are_its_own", {"aliases": ("heart",)}, "must be others"),
    ("rule_is_understood", {"rule": {"type": "hart"}}, "Cerberus understands"),
    ("value_is_documented", {"rule": {"type": "integer"}}, r"\['heart'\]"),
    ("value_is_documented", {"rule": {**RULE, "schema": {"pulse": {"type": "integer"}}}}, r"\['heart.pulse'\]"),
    (
        "value_is_documented",
        {"rule": {**RULE, "type": "list", "schema": {"type": "dict", "schema": {"pulse": {"type": "integer"}}}}},
        r"\['heart.pulse'\]",
    ),
    ("settings_are_accepted", {"rule": {**RULE, "type": "list"}}, "'healthy' must fit the rule"),
    ("invalid_settings_are_refused", {"rule": {**RULE, "schema": {}, "allow_unknown": True}}, "must be refused: no pulse"),
    ("default_is_accepted", {"default": 60}, "default must fit"),
    ("timeout_makes_sense", {"timeout": 0}, "above 0"),
    ("check_can_be_loaded", {"check": "doctor:WORD"}, "must name a function"),
]


@pytest.fixture
def known(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """By its name, whatever a check may ask for."""
    return {
        "spec": SPEC,
        "check": well,
        "healthy": Asked(HEALTHY.target, dict(HEALTHY.settings)),
        "sick": {"nobody is there": Asked(SICK.target, dict(SICK.settings))},
        "silent": SICK,
        "invalid_settings": {"no pulse": {"pulse": 0}},
        "secrets": (WORD,),
        "ends_within": 20.0,
        "caplog": caplog,
    }


@pytest.fixture(autouse=True)
def doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """This module under a name by which specs can name it."""
    monkeypatch.setitem(sys.modules, "doctor", sys.modules[__name__])


@pytest.fixture
def lingering() -> Iterator[Lingering]:
    made = Lingering()
    yield made
    made.over.set()


def run(name: str, given: dict[str, Any]) -> None:
    check = getattr(SUITE, f"test_{name}")
    check(**{asked: given[asked] for asked in check.__code__.co_varnames[1 : check.__code__.co_argcount]})


@pytest.mark.parametrize(("make", "name", "words"), FAULTS)
def test_fault_is_noticed(known: dict[str, Any], make: Callable[[], CheckFunction], name: str, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        run(name, {**known, "check": make()})


@pytest.mark.parametrize("name", sorted({name for _, name, _ in FAULTS} | {"nothing_is_left_running"}))
def test_one_that_keeps_the_contract_passes(known: dict[str, Any], name: str) -> None:
    run(name, known)


@pytest.mark.parametrize(("name", "changes", "words"), SPEC_FAULTS)
def test_fault_of_a_spec_is_noticed(known: dict[str, Any], name: str, changes: dict[str, Any], words: str) -> None:
    run(name, known)
    with pytest.raises(AssertionError, match=words):
        run(name, {**known, "spec": replace(SPEC, **changes)})


def test_what_is_left_running_is_noticed(known: dict[str, Any], lingering: Lingering) -> None:
    with pytest.raises(AssertionError, match=r"no thread running: .*lingering"):
        run("nothing_is_left_running", {**known, "check": lingering, "ends_within": 0.2})


def test_what_is_loaded_too_early_is_noticed() -> None:
    with pytest.raises(AssertionError, match="must not import these"):
        SUITE.test_plugin_loads_without_its_check(replace(SPEC, check="occopus.plugins.loading:x"), ())


def test_a_readme_without_a_key_is_noticed(occopus_registry: Registry) -> None:
    ping = occopus_registry.health_check("ping")
    SUITE.test_readme_names_the_keys(ping, occopus_registry)
    more = {"type": "dict", "schema": {"heartbeat": PULSE}}
    with pytest.raises(AssertionError, match=r"says nothing of \['heartbeat'\]"):
        SUITE.test_readme_names_the_keys(replace(ping, rule=more), occopus_registry)


def test_a_suite_without_a_sick_node_is_noticed(known: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="a check that never fails"):
        run("sick_node_has_a_reason", {**known, "sick": {}})


OTHERS = {"test_nothing_is_left_running", "test_plugin_loads_without_its_check", "test_readme_names_the_keys"}
"""Checks whose failing is tested by itself."""


def test_every_check_is_seen_to_fail() -> None:
    seen = {f"test_{name}" for _, name, _ in FAULTS} | {f"test_{name}" for name, _, _ in SPEC_FAULTS}
    assert seen | OTHERS == checks_of(HealthCheckSuite).keys()


def test_every_check_quotes_the_contract() -> None:
    assert list(unwritten(HealthCheckSuite)) == []

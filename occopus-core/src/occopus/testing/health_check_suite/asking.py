"""Asking: a node that does its work is healthy, and of any other a reason says why not, in time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from occopus.plugins.health import HealthCheckSpec
from occopus.testing.contract import written_in
from occopus.testing.health_check_suite.fixtures import Asked, CheckFunction

SPEC = "occopus.plugins.HealthCheckSpec"
TIMES = 6


class AskingChecks:
    @written_in(SPEC, "It returns None where the node is healthy")
    def test_healthy_node_is_healthy(self, check: CheckFunction, healthy: Asked) -> None:
        reason = check(*healthy)
        assert reason is None, f"a node that does its work must be healthy: None is to be returned, not {reason!r}"

    @written_in(SPEC, "else the reason why not")
    def test_sick_node_has_a_reason(self, check: CheckFunction, sick: Mapping[str, Asked]) -> None:
        assert sick, "the fixture 'sick' must name one node at the least: a check that never fails checks nothing"
        for description, asked in sick.items():
            reason = reason_of(check, asked)
            assert isinstance(reason, str), f"of a node that does not do its work a reason must be told, not {reason!r}: {description}"

    @written_in(SPEC, "A reason is one line for people")
    def test_reason_is_one_line(self, check: CheckFunction, sick: Mapping[str, Asked]) -> None:
        for description, asked in sick.items():
            reason = reason_of(check, asked) or ""
            assert reason.strip(), f"a reason must say what is wrong: {description}"
            assert "\n" not in reason, f"a reason stands in a line of reports, so it must be one: {reason!r}"

    @written_in(SPEC, "within `timeout` seconds")
    def test_sick_node_is_known_in_time(self, spec: HealthCheckSpec, check: CheckFunction, sick: Mapping[str, Asked]) -> None:
        for description, asked in sick.items():
            assert_in_time(spec, check, asked, description)

    @written_in(SPEC, "within `timeout` seconds")
    def test_silent_node_is_known_in_time(self, spec: HealthCheckSpec, check: CheckFunction, silent: Asked | None) -> None:
        if silent is None:
            pytest.skip("needs the fixture 'silent'")
        reason = assert_in_time(spec, check, silent, "takes connections and never answers")
        assert reason, "a node that never answers must not be healthy"

    @written_in(SPEC, "Many nodes are asked at once, each in a thread")
    def test_threads_do_not_mix(self, check: CheckFunction, healthy: Asked, sick: Mapping[str, Asked]) -> None:
        asked, start = [healthy, next(iter(sick.values()))] * (TIMES // 2), Barrier(TIMES)

        def ask(each: Asked) -> bool:
            start.wait()
            return reason_of(check, each) is None

        with ThreadPoolExecutor(TIMES) as pool:
            found = list(pool.map(ask, asked))
        assert found == [True, False] * (TIMES // 2), "asked from several threads, each must get the answer for its own node"


def assert_in_time(spec: HealthCheckSpec, check: CheckFunction, asked: Asked, description: str) -> str | None:
    """The reason, which must be there in time."""
    begun = time.monotonic()
    reason = reason_of(check, asked)
    taken = time.monotonic() - begun
    assert taken < spec.timeout, f"a check must end within its timeout of {spec.timeout:g} s; it took {taken:.1f} s: {description}"
    return reason


def reason_of(check: CheckFunction, asked: Asked) -> str | None:
    try:
        return check(*asked)
    except Exception as error:
        raise AssertionError(f"a check must return what is wrong with a node; {type(error).__name__} left it: {error}") from error

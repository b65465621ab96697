"""A check is called again and again for as long as a node lives: it leaves nothing behind, changes nothing, and tells no secret."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from occopus.testing.contract import written_in
from occopus.testing.health_check_suite.asking import reason_of
from occopus.testing.health_check_suite.fixtures import Asked, CheckFunction
from occopus.testing.secrecy import told

SPEC = "occopus.plugins.HealthCheckSpec"


class RestraintChecks:
    @written_in(SPEC, "lets the settings stay as they are")
    def test_settings_stay_as_they_are(self, check: CheckFunction, healthy: Asked, sick: Mapping[str, Asked]) -> None:
        for asked in (healthy, *sick.values()):
            before = copy.deepcopy(asked.settings)
            reason_of(check, asked)
            assert asked.settings == before, "settings are used for each node and each time, so they must stay as they are"

    @written_in(SPEC, "remembers nothing")
    def test_answers_do_not_stick(self, check: CheckFunction, healthy: Asked, sick: Mapping[str, Asked]) -> None:
        nodes = [next(iter(sick.values())), healthy] * 2
        found = [reason_of(check, asked) is None for asked in nodes]
        assert found == [False, True] * 2, "a node must be looked at each time, whatever the last answer was"

    @written_in(SPEC, "a check leaves nothing running")
    def test_nothing_is_left_running(self, check: CheckFunction, healthy: Asked, sick: Mapping[str, Asked], ends_within: float) -> None:
        before = set(threading.enumerate())
        for asked in (healthy, *sick.values()):
            reason_of(check, asked)
        deadline = time.monotonic() + ends_within
        while left := set(threading.enumerate()) - before:
            names = [thread.name for thread in left]
            assert time.monotonic() < deadline, f"checks run for months, so they must leave no thread running: {names}"
            time.sleep(0.02)

    @written_in(SPEC, "tells no secret of the settings")
    def test_reasons_and_logs_tell_no_secret(
        self,
        check: CheckFunction,
        healthy: Asked,
        sick: Mapping[str, Asked],
        secrets: Sequence[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        if not secrets:
            pytest.skip("the settings hold no secret")
        with caplog.at_level(logging.DEBUG):
            for description, asked in {"healthy": healthy, **sick}.items():
                assert not told(secrets, reason_of(check, asked) or ""), f"a reason must not tell a secret: {description}"
        assert not told(secrets, caplog.text), "no log may tell a secret, however talkative it is"

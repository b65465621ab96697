"""What a notifier is trusted with, it tells nobody; and it has a kind for each error that decides what the core does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence

import pytest

from occopus.plugins.notifier import Notifier
from occopus.plugins.resource import ErrorKind
from occopus.testing.contract import error_of, written_in
from occopus.testing.notifier_suite.delivery import notification
from occopus.testing.notifier_suite.fixtures import Received
from occopus.testing.secrecy import FailureSecrecyChecks, told

DECISIVE = [ErrorKind.TRANSIENT, ErrorKind.THROTTLED, ErrorKind.CREDENTIALS, ErrorKind.INVALID]


class SecrecyChecks(FailureSecrecyChecks):
    @written_in("occopus.plugins.ResourceError", "`kind` decides what the engine does.")
    @pytest.mark.parametrize("kind", DECISIVE)
    def test_errors_that_decide_are_told_apart(self, kind: ErrorKind, provoke: Mapping[ErrorKind, Callable[[], object]]) -> None:
        if kind not in provoke:
            pytest.skip(f"needs a cause of '{kind}' in the fixture 'provoke'")
        error = error_of(provoke[kind], f"this must be told as {kind}")
        assert error.kind is kind, f"this error must be {kind}, for that decides what becomes of the event: {error.message}"

    @written_in("occopus.plugins.Notifier", "no secret stands in an event, a log, at any level, or an error")
    def test_events_and_logs_tell_no_secret(
        self, make_notifier: Callable[..., Notifier], received: Received, secrets: Sequence[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        if not secrets:
            pytest.skip("needs the fixture 'secrets'")
        with caplog.at_level(logging.DEBUG):
            make_notifier().send(notification())
        assert not told(secrets, caplog.text), "no log may tell a secret, however talkative it is"
        assert not told(secrets, json.dumps(list(map(dict, received())))), "no event may tell a secret"

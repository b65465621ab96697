"""What a manager is trusted with, it tells nobody; and it has a kind for each error that decides what the engine does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import pytest

from occopus.plugins.resource import ErrorKind
from occopus.testing.config_manager_suite.tools import Bench, Report
from occopus.testing.contract import error_of, written_in
from occopus.testing.secrecy import FailureSecrecyChecks, told

MANAGER = "occopus.plugins.ConfigManager"


class SecrecyChecks(FailureSecrecyChecks):
    @written_in("occopus.plugins.ResourceError", "`kind` decides what the engine does.")
    @pytest.mark.parametrize("kind", [ErrorKind.TRANSIENT, ErrorKind.THROTTLED, ErrorKind.CREDENTIALS])
    def test_errors_that_decide_are_told_apart(self, kind: ErrorKind, provoke: Mapping[ErrorKind, Callable[[], object]]) -> None:
        if kind not in provoke:
            pytest.skip(f"needs a cause of '{kind}' in the fixture 'provoke'")
        error = error_of(provoke[kind], f"this must be told as {kind}")
        assert error.kind is kind, f"this error must be {kind}, for that decides what the engine does: {error.message}"

    @written_in(MANAGER, "What a manager is trusted with, it tells nobody: no secret stands in a log, at any level")
    def test_logs_tell_no_secret(self, bench: Bench, report: Report, secrets: Sequence[str], caplog: pytest.LogCaptureFixture) -> None:
        if not secrets:
            pytest.skip("needs the fixture 'secrets'")
        with caplog.at_level(logging.DEBUG):
            node = bench.registered()
            report(node.node_id, {})
            bench.state(node)
            bench.remove_everything()
        assert not told(secrets, caplog.text), "no log may tell a secret, however talkative it is"

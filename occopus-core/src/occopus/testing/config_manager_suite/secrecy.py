"""What a manager is trusted with, it tells nobody; and it has a kind for each error that decides what the engine does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import pytest

from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.testing.config_manager_suite.tools import Bench, Report
from occopus.testing.secrecy import FailureSecrecyChecks, told


class SecrecyChecks(FailureSecrecyChecks):
    @pytest.mark.parametrize("kind", [ErrorKind.TRANSIENT, ErrorKind.THROTTLED, ErrorKind.CREDENTIALS])
    def test_errors_that_decide_are_told_apart(self, kind: ErrorKind, provoke: Mapping[ErrorKind, Callable[[], object]]) -> None:
        if kind not in provoke:
            pytest.skip(f"needs a cause of '{kind}' in the fixture 'provoke'")
        with pytest.raises(ResourceError) as raised:
            provoke[kind]()
        assert raised.value.kind is kind, f"this error must be {kind}, for that decides what the engine does: {raised.value.message}"

    def test_logs_tell_no_secret(self, bench: Bench, report: Report, secrets: Sequence[str], caplog: pytest.LogCaptureFixture) -> None:
        if not secrets:
            pytest.skip("needs the fixture 'secrets'")
        with caplog.at_level(logging.DEBUG):
            node = bench.registered()
            report(node.node_id, {})
            bench.state(node)
            bench.remove_everything()
        assert not told(secrets, caplog.text), "no log may tell a secret, however talkative it is"

"""Faults: each kind of error for which the engine does something of its own, one by one."""

from __future__ import annotations

import pytest

from occopus.plugins.resource import ErrorKind
from occopus.testing.contract import error_of, written_in
from occopus.testing.resource_suite.failures import Causes, provoked
from occopus.testing.resource_suite.tools import Bench

KINDS = "occopus.plugins.ErrorKind"


class FaultChecks:
    @written_in(KINDS, "It tries again after `transient`")
    def test_transient_errors_are_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.TRANSIENT, provoke, "what may go well next time must be transient, so that the engine tries again")

    @written_in(KINDS, "and, more slowly, after `throttled`")
    def test_throttling_is_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.THROTTLED, provoke, "too many requests must be throttled, so that the engine becomes slower")

    @written_in(KINDS, "After `no_capacity` it tries the node's next implementation.")
    def test_lack_of_capacity_is_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.NO_CAPACITY, provoke, "a backend without room must be no_capacity, so that the engine goes elsewhere")

    @written_in(KINDS, "It gives up at once after `quota`, `credentials`, `invalid` and `unknown`.")
    def test_used_up_quota_is_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.QUOTA, provoke, "a used up allowance must be quota: repeating what can't succeed helps nobody")

    @written_in(KINDS, "It gives up at once after `quota`, `credentials`, `invalid` and `unknown`.")
    def test_refused_credentials_are_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.CREDENTIALS, provoke, "refused credentials must be credentials: asking on with them may lock an account")

    @written_in(KINDS, "It gives up at once after `quota`, `credentials`, `invalid` and `unknown`.")
    def test_invalid_requests_are_told(self, provoke: Causes) -> None:
        assert_told(ErrorKind.INVALID, provoke, "what the backend refuses for good must be invalid: the description must change")

    @written_in("occopus.plugins.ResourceHandler.drop", "Succeeds on what is already gone and on what was never made")
    def test_drop_after_a_refused_create(self, bench: Bench, provoke: Causes) -> None:
        for _ in provoked(provoke):
            pass
        bench.remove_everything()
        left = [handle.node_id for handle in bench.make_handler().find(bench.infra_id)]
        assert not left, "drop must remove what a create left that was refused"


def assert_told(kind: ErrorKind, provoke: Causes, wanted: str) -> None:
    if kind not in provoke:
        pytest.skip(f"needs a cause of '{kind}' in the fixture 'provoke'")
    error = error_of(provoke[kind], wanted)
    assert error.kind is kind, f"{wanted}; it is {error.kind}: {error.message}"

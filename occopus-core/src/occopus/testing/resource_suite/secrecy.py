"""What a handler is trusted with, it tells nobody: neither in what is stored and shown, nor in what is logged."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from occopus.testing.contract import written_in
from occopus.testing.resource_suite.tools import Bench, Journal
from occopus.testing.secrecy import FailureSecrecyChecks, told

HANDLER = "occopus.plugins.ResourceHandler"


class SecrecyChecks(FailureSecrecyChecks):
    @written_in(HANDLER, "What a handler is trusted with, it tells nobody: no secret stands in a handle")
    def test_handles_tell_no_secret(self, bench: Bench, secrets: Sequence[str]) -> None:
        needs(secrets)
        journal = Journal()
        bench.until_ready(bench.make_handler(), bench.request(), journal)
        handles = [*journal.stored, *bench.make_handler().find(bench.infra_id)]
        assert not told(secrets, repr(handles)), "handles are stored as they are, so they must hold no secret"

    @written_in(HANDLER, "no secret stands in a handle, a status")
    def test_statuses_tell_no_secret(self, bench: Bench, secrets: Sequence[str]) -> None:
        needs(secrets)
        handle, ready = bench.until_ready(bench.make_handler(), bench.request())
        early = bench.make_handler().describe([bench.created()])
        bench.make_handler().drop(handle)
        late = bench.make_handler().describe([handle])
        assert not told(secrets, repr([ready, early, late])), "statuses are shown to everybody, so they must hold no secret"

    @written_in(HANDLER, "a log (its SDK's is one of them, at any level)")
    def test_logs_tell_no_secret(self, bench: Bench, secrets: Sequence[str], caplog: pytest.LogCaptureFixture) -> None:
        needs(secrets)
        with caplog.at_level(logging.DEBUG):
            handler = bench.make_handler()
            handle, _ = bench.until_ready(handler, bench.request())
            list(handler.find(bench.infra_id))
            bench.until_gone(handler, handle)
        assert not told(secrets, caplog.text), "no log may tell a secret, however talkative it is, nor that of an SDK"


def needs(secrets: Sequence[str]) -> None:
    if not secrets:
        pytest.skip("needs the fixture 'secrets'")

"""What a plugin is trusted with, it tells nobody, also not where something goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import pytest

from occopus.plugins.resource import ErrorKind
from occopus.testing.contract import error_of, written_in

SHORTEST = 12
"""Characters from which a line of a secret gives it away."""


class FailureSecrecyChecks:
    @written_in("occopus.plugins.ResourceError", "it says what happened, and holds neither a traceback nor a secret")
    def test_errors_tell_no_secret(
        self, provoke: Mapping[ErrorKind, Callable[[], object]], secrets: Sequence[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        if not (secrets and provoke):
            pytest.skip("needs the fixtures 'secrets' and 'provoke'")
        with caplog.at_level(logging.DEBUG):
            for kind, cause in provoke.items():
                error = error_of(cause, f"this must be told as {kind}")
                assert not told(secrets, error.message), f"an error of kind {kind} must not tell a secret"
        assert not told(secrets, caplog.text), "no log may tell a secret, not that of an error either"


def told(secrets: Sequence[str], text: str) -> bool:
    """Whether a text has a secret in it, or a line of one."""
    lines = [line for secret in secrets for line in secret.splitlines()]
    return any(part in text for part in (*secrets, *(line for line in lines if len(line) >= SHORTEST and "-----" not in line)))

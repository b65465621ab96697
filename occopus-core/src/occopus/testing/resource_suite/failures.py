"""Errors: the backend's own are translated, so that the engine knows what it may do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import pytest

from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.testing.contract import error_of, written_in

ERROR = "occopus.plugins.ResourceError"

Causes = Mapping[ErrorKind, Callable[[], object]]


class FailureChecks:
    @written_in(ERROR, "`kind` decides what the engine does.")
    def test_errors_have_their_kind(self, provoke: Causes) -> None:
        for kind, error in provoked(provoke):
            assert error.kind is kind, f"this error must be {kind}, for that decides what the engine does: {error.message}"

    @written_in(ERROR, "it says what happened, and holds neither a traceback nor a secret")
    def test_errors_say_what_happened(self, provoke: Causes) -> None:
        for kind, error in provoked(provoke):
            assert error.message.strip(), f"an error of kind {kind} must say what happened"
            assert "Traceback" not in error.message, "a message is for users: it must not hold a traceback"

    @written_in(ERROR, "`retry_after` is in seconds, 0 or more, where the backend says so.")
    def test_errors_say_in_seconds_when_to_come_again(self, provoke: Causes) -> None:
        for _, error in provoked(provoke):
            after = error.retry_after
            assert after is None or (isinstance(after, int | float) and 0 <= after < math.inf), (
                f"'retry_after' must be a number of seconds, 0 or more, or None where the backend says nothing; it is {after!r}"
            )


def provoked(provoke: Causes) -> Iterator[tuple[ErrorKind, ResourceError]]:
    """Every error that can be provoked, with the kind that it must have."""
    if not provoke:
        pytest.skip("needs the fixture 'provoke'")
    for kind, cause in provoke.items():
        yield kind, error_of(cause, f"this must be told as {kind}")

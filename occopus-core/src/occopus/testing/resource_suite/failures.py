"""Errors: the backend's own are translated, so that the engine knows what it may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from occopus.plugins.resource import ErrorKind, ResourceError


class FailureChecks:
    def test_errors_have_their_kind(self, provoke: Mapping[ErrorKind, Callable[[], object]]) -> None:
        if not provoke:
            pytest.skip("needs the fixture 'provoke'")
        for kind, cause in provoke.items():
            with pytest.raises(ResourceError) as raised:
                cause()
            assert raised.value.kind is kind, f"this error must be {kind}, for that decides what the engine does: {raised.value.message}"

    def test_errors_say_what_happened(self, provoke: Mapping[ErrorKind, Callable[[], object]]) -> None:
        if not provoke:
            pytest.skip("needs the fixture 'provoke'")
        for kind, cause in provoke.items():
            with pytest.raises(ResourceError) as raised:
                cause()
            message = raised.value.message
            assert message.strip(), f"an error of kind {kind} must say what happened"
            assert "Traceback" not in message, "a message is for users: it must not hold a traceback"

"""The fixtures of the suite: those that fail a notifier must give; of the others it overrides those that it has something to say to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from occopus.plugins.notifier import Notifier, NotifierSpec
from occopus.plugins.resource import ErrorKind

Received = Callable[[], Sequence[Mapping[str, str]]]


class NotifierFixtures:
    @pytest.fixture
    def spec(self) -> NotifierSpec:
        """The spec as the package's hook yields it."""
        pytest.fail("the suite needs a fixture 'spec': the package's NotifierSpec")

    @pytest.fixture
    def make_notifier(self) -> Callable[..., Notifier]:
        """Makes fresh notifiers, all of them to the same receiver; it passes `may_reach` on to the configuration where it is given."""
        pytest.fail("the suite needs a fixture 'make_notifier': a callable that makes fresh notifiers to one receiver")

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        """A valid section of a target."""
        pytest.fail("the suite needs a fixture 'section': a valid section of a target")

    @pytest.fixture
    def received(self) -> Received:
        """Lists what reached the receiver, the oldest first, with the keys and values of `Notification.as_json`."""
        pytest.fail("the suite needs a fixture 'received': a callable that lists what reached the receiver")

    @pytest.fixture
    def longest_message(self) -> int:
        """Characters of an event's message that reach the receiver; a longer one may be cut."""
        return 1000

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        """By description: sections that the schema or the spec's checks must refuse."""
        return {}

    @pytest.fixture
    def lose_reply(self) -> Callable[[], None] | None:
        """Lets the receiver take the next event, and the reply to it get lost."""
        return None

    @pytest.fixture
    def is_confined(self) -> bool:
        """Whether users choose, in the section, to which host events are sent; it is then to ask `may_reach`."""
        return False

    @pytest.fixture
    def provoke(self) -> Mapping[ErrorKind, Callable[[], object]]:
        """By kind: what makes a notifier raise a ResourceError of that kind; a receiver that can't be reached (transient), that throttles,
        that does not accept the credentials, and that refuses the event itself (invalid) at the least.
        """
        return {}

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """What must appear in no message, no log and no event: the credentials."""
        return ()

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        """Modules, of an SDK for example, that must not be imported before a notifier is needed."""
        return ()

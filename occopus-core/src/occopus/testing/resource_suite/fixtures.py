"""The fixtures of the suite: the first three a backend must give; of the others it overrides those that it has something to say to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from occopus.plugins.contextualiser import Context
from occopus.plugins.resource import ErrorKind, ResourceHandlerSpec
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Bench, Inventory, MakeHandler


class ResourceFixtures:
    """What the checks ask of a backend's own tests."""

    @pytest.fixture
    def spec(self) -> ResourceHandlerSpec:
        """The spec as the package's hook yields it."""
        pytest.fail("the suite needs a fixture 'spec': the backend's ResourceHandlerSpec")

    @pytest.fixture
    def make_handler(self) -> MakeHandler:
        """Makes fresh handlers, all of them onto the same backend."""
        pytest.fail("the suite needs a fixture 'make_handler': a callable that makes fresh handlers onto one backend")

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        """A valid resource section."""
        pytest.fail("the suite needs a fixture 'section': a valid resource section")

    @pytest.fixture
    def context(self) -> Context | None:
        """What the nodes of the checks are given."""
        return None

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        """By description: sections that the schema or the spec's checks must refuse."""
        return {}

    @pytest.fixture
    def inventory(self, bench: Bench) -> Inventory:
        """Lists the node ids for which the backend really holds anything, once for each machine, so that twins show.

        Better looked up in the backend directly; without that, the handler is taken at its word.
        """
        return lambda: [
            handle.node_id
            for infra_id in {request.infra_id for request in bench.requests}
            for handle in bench.make_handler().find(infra_id)
        ]

    @pytest.fixture
    def provoke(self) -> Mapping[ErrorKind, Callable[[], object]]:
        """By kind: what makes a handler raise a ResourceError of that kind."""
        return {}

    @pytest.fixture
    def lose_reply(self) -> LoseReply | None:
        """Called with a number, it gives a context in which the backend carries out the request with that number (from 1, as they come in
        from then on) while the reply to it gets lost; on entry one gets a function that tells whether that happened.
        `occopus.testing.faulty.FaultyServer` has one: `losing_reply`.
        """
        return None

    @pytest.fixture
    def page_size(self) -> int | None:
        """How many nodes stand on a page of the backend's lists. Make that 1 or 2: the checks make more than twice as many."""
        return None

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """What must appear in no handle, status, error and log: the credentials of the handlers, those of `provoke` too."""
        return ()

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        """Modules, the SDK for example, that must not be imported before a handler is needed."""
        return ()

    @pytest.fixture
    def count_calls(self) -> Callable[[], int] | None:
        """How many calls the backend's API has answered so far."""
        return None

    @pytest.fixture
    def ready_within(self) -> float:
        """Seconds in which a node becomes ready, and in which one is gone."""
        return 30.0

    @pytest.fixture
    def poll_every(self) -> float:
        """Seconds between two looks at a node."""
        return 0.02

    @pytest.fixture
    def returns_within(self) -> float:
        """Seconds in which `create` and `drop` return. They submit; a simulated backend answers at once."""
        return 5.0

    @pytest.fixture
    def bench(
        self, make_handler: MakeHandler, section: dict[str, Any], context: Context | None, ready_within: float, poll_every: float
    ) -> Iterator[Bench]:
        """What the checks make nodes with; removes them all in the end."""
        bench = Bench(make_handler, section, context, ready_within, poll_every)
        yield bench
        bench.remove_everything()

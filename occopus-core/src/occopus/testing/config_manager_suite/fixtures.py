"""The fixtures of the suite: those that fail a manager must give; of the others it overrides those that it has something to say to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.resource import ErrorKind
from occopus.testing.config_manager_suite.tools import Bench, Inventory, MakeManager, Report


class ManagerFixtures:
    @pytest.fixture
    def spec(self) -> ConfigManagerSpec:
        """The spec as the package's hook yields it."""
        pytest.fail("the suite needs a fixture 'spec': the package's ConfigManagerSpec")

    @pytest.fixture
    def make_manager(self) -> MakeManager:
        """Makes fresh managers, all of them onto the same server."""
        pytest.fail("the suite needs a fixture 'make_manager': a callable that makes fresh managers onto one server")

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        """A valid config_management section."""
        pytest.fail("the suite needs a fixture 'section': a valid config_management section")

    @pytest.fixture
    def report(self) -> Report:
        """Does what a machine does when it is configured: it tells the server that it is, with attributes by their dotted paths."""
        pytest.fail("the suite needs a fixture 'report': a callable that plays a configured machine")

    @pytest.fixture
    def attributes(self) -> dict[str, Any]:
        """The attributes that nodes of the checks are registered with."""
        return {"suite": {"given": "yes"}, "connections": []}

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        """By description: sections that the schema or the spec's checks must refuse."""
        return {}

    @pytest.fixture
    def inventory(self, bench: Bench) -> Inventory:
        """Lists the ids of infrastructures and nodes for which the server really holds anything, once for each thing.

        Better looked up in the server directly; without that, the manager is taken at its word, and infrastructures are not looked for.
        """
        return lambda: bench.make_manager().states([node.node_id for node in bench.nodes])

    @pytest.fixture
    def provoke(self) -> Mapping[ErrorKind, Callable[[], object]]:
        """By kind: what makes a manager raise a ResourceError of that kind; a server that can't be reached (transient), throttles, or
        does not accept the credentials at the least.
        """
        return {}

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """What must appear in no message and no log: the credentials."""
        return ()

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        """Modules, of an SDK for example, that must not be imported before a manager is needed."""
        return ()

    @pytest.fixture
    def bench(self, make_manager: MakeManager, section: dict[str, Any], attributes: dict[str, Any]) -> Iterator[Bench]:
        """What the checks make infrastructures and nodes with; removes them all in the end."""
        bench = Bench(make_manager, section, attributes)
        yield bench
        bench.remove_everything()

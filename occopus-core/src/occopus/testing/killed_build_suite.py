"""Does a build survive `kill -9`? For a backend whose API has a double that is a `FaultyServer`: derive a class, pytest runs the checks.

    from occopus.testing.faulty import FaultyServer
    from occopus.testing.killed_build_suite import Inventory, KilledBuildSuite
    from occopus.testing.user import User

    class TestMyCloud(KilledBuildSuite):
        requests = 12                                 # what building two nodes takes

        @pytest.fixture
        def user(self) -> User: ...                   # who may log in there
        @pytest.fixture
        def server(self) -> FaultyServer: ...         # the double, with nothing in it
        @pytest.fixture
        def section(self) -> dict[str, Any]: ...      # a resource section as a user would write it
        @pytest.fixture
        def inventory(self) -> Inventory: ...         # lists the node ids for which the double has anything, once for each machine

Let the double's machines be up at once: so the number of requests is always the same. The command is killed just before the effect of a
request and just after it: at the first of each of `actions`, and at one in `every` requests, with `OCCOPUS_STRIDE=1` at each of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from occopus.plugins.loading import load_plugins
from occopus.testing.faulty import FaultyServer
from occopus.testing.killing import run_until_killed
from occopus.testing.resource_suite.tools import Inventory
from occopus.testing.sampling import sampled
from occopus.testing.user import User

__all__ = ["Inventory", "KilledBuildSuite"]

Command = tuple[str, *tuple[str | Path, ...]]

INFRA = "infra_name: killed\nuser_id: me\nnodes:\n- {name: one, type: plain}\n- {name: two, type: plain}\n"

before_or_after = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])


class KilledBuildSuite:
    """`requests` is how many a build of two nodes makes; it is killed at one in `every` of them, and at each kind in `actions`."""

    requests: ClassVar[int]
    every: ClassVar[int] = 5
    actions: ClassVar[tuple[str, ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "at" in metafunc.fixturenames:
            metafunc.parametrize("at", [*self.actions, *sampled(range(self.requests), self.every)])
        if "late_number" in metafunc.fixturenames:
            metafunc.parametrize("late_number", sampled(range(self.requests)[::-1], self.requests))

    @pytest.fixture
    def build(self, user: User, section: dict[str, Any]) -> Command:
        """The command, for two nodes."""
        unchecked = {"health_check": {"ping": False}} if "ping" in load_plugins().names("health check") else {}
        nodes = json.dumps({"node_def:plain": [{"resource": section, **unchecked}]})  # JSON is YAML, too
        return "occopus-build", user.write("infra.yaml", INFRA), "--nodes", user.write("nodes.yaml", nodes)

    def test_so_many_requests_make_two_nodes(self, user: User, server: FaultyServer, build: Command) -> None:
        user.run(*build)
        assert len(server.actions) == self.requests, f"'requests' must say how many requests two nodes take: {server.actions}"

    @before_or_after
    def test_the_next_pass_ends_with_what_is_wanted(
        self, user: User, server: FaultyServer, inventory: Inventory, build: Command, at: int | str, before: bool
    ) -> None:
        infra_id = killed(user, server, build, at, before)
        command: Command = ("occopus-maintain",) if isinstance(at, int) and at % 2 else build
        user.run(*command, "-i", infra_id)
        wanted = [node_id for name in ("one", "two") for node_id in user.report(infra_id, name)]
        assert len(wanted) == 2, "the pass after a crash must finish both nodes"
        assert sorted(inventory()) == sorted(wanted), "after a crash nothing may be made twice, and nothing left that nobody knows"
        user.run("occopus-destroy", "-i", infra_id)
        assert_nothing_is_left(user, server, inventory)

    @before_or_after
    def test_it_can_be_destroyed_at_once(
        self, user: User, server: FaultyServer, inventory: Inventory, build: Command, late_number: int, before: bool
    ) -> None:
        """At late requests, if not at all: what nobody knows to be made is waited for as long as the backend may not show it."""
        user.run("occopus-destroy", "-i", killed(user, server, build, late_number, before))
        assert_nothing_is_left(user, server, inventory)


def killed(user: User, server: FaultyServer, build: Command, at: int | str, before: bool) -> str:
    """The identifier of an infrastructure whose build is killed at a request."""
    said = run_until_killed(user, server, at, before=before, command=build)
    assert server.held.is_set(), f"the build must make the request {at}: {server.actions}\n{said}"
    (infra_id,) = user.infras
    return infra_id


def assert_nothing_is_left(user: User, server: FaultyServer, inventory: Inventory) -> None:
    """Neither in the backend nor in the store, and no request was one that the API refuses."""
    assert list(inventory()) == [], "destroy must remove what a build had made that was killed"
    assert user.infras == [], "where nothing is left, the infrastructure must be gone from the store"
    assert server.refused == [], "after a crash no request may be made that the API refuses"

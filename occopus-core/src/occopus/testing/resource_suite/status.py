"""`describe`: many nodes with few calls, and nothing about nodes that the backend does not know."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from occopus.model.instance import Address, AddressKind, Handle, NodeId, NodeState
from occopus.plugins.resource import ResourceStatus
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench

DESCRIBE = "occopus.plugins.ResourceHandler.describe"


class StatusChecks:
    @written_in(DESCRIBE, "The status of each node that the backend knows")
    def test_describe_takes_many(self, bench: Bench) -> None:
        handles = [bench.created(f"node{number}") for number in range(3)]
        statuses = bench.make_handler().describe(handles)
        assert set(statuses) == {handle.node_id for handle in handles}, "one describe must give the status of every node it is asked for"

    @written_in(DESCRIBE, "It speaks of the nodes that it is asked about and of no other")
    def test_describe_speaks_of_nothing_else(self, bench: Bench) -> None:
        asked, _ = bench.created("asked"), bench.created("other")
        assert set(bench.make_handler().describe([asked])) == {asked.node_id}, "describe must not speak of nodes that nobody asked for"

    @written_in(DESCRIBE, "asked about none, it calls nobody")
    def test_describe_of_nothing_is_empty(self, bench: Bench, count_calls: Callable[[], int] | None) -> None:
        handler = bench.make_handler()
        before = count_calls() if count_calls else 0
        assert dict(handler.describe([])) == {}, "nothing asked, nothing told"
        after = count_calls() if count_calls else 0
        assert after == before, "describe without handles must not call the backend"

    @written_in(DESCRIBE, "one for each page of its API, not for each node")
    def test_describe_does_not_call_once_a_node(self, bench: Bench, count_calls: Callable[[], int] | None) -> None:
        if count_calls is None:
            pytest.skip("needs the fixture 'count_calls'")
        handles = [bench.created(f"node{number}") for number in range(6)]
        handler = bench.make_handler()
        handler.describe(handles[:1])  # whatever the first call has to set up
        before = count_calls()
        handler.describe(handles)
        calls = count_calls() - before
        assert calls, "the fixture 'count_calls' must count the requests that describe makes; there were none"
        assert calls < len(handles), "describe is a batch: one call for each page of the API, not for each node"

    @written_in(DESCRIBE, "What the backend no longer knows is absent, which is no error and hides no other node.")
    def test_unknown_node_is_absent(self, bench: Bench) -> None:
        known = bench.created()
        unknown = Handle(bench.infra_id, NodeId(str(uuid.uuid4())), "web")
        with wanted("a node that the backend does not know must be absent, not an error"):
            statuses = bench.make_handler().describe([unknown, known])
        assert unknown.node_id not in statuses, "a node that the backend does not know must be absent, not an error"
        assert known.node_id in statuses, "an unknown node must not hide the others"

    @written_in(DESCRIBE, "A handle without ids means that a create may have been begun: look for what it made by its marks or names.")
    def test_describe_finds_what_has_no_ids(self, bench: Bench) -> None:
        handle = bench.created()
        nameless = replace(handle, ids={})
        assert handle.node_id in bench.make_handler().describe([nameless]), (
            "without ids describe must find by marks or names what a create may have begun"
        )

    @written_in("occopus.plugins.ResourceStatus", "`detail` says in a few words how the backend calls it.")
    def test_statuses_are_of_the_contract(self, bench: Bench) -> None:
        handle = bench.created()
        status = bench.make_handler().describe([handle])[handle.node_id]
        assert isinstance(status, ResourceStatus), "a status must be a ResourceStatus"
        assert isinstance(status.state, NodeState), "a state must be one of the six"
        assert all(isinstance(address, Address) for address in status.addresses), "addresses must be of type Address"
        assert all(isinstance(address.kind, AddressKind) for address in status.addresses), "every address must have a kind"
        assert isinstance(status.detail, str), "a detail must be text, for it is shown"

    @written_in("occopus.plugins.ResourceHandler", "Nobody sleeps in a handler: the engine polls.")
    def test_describe_does_not_wait(self, bench: Bench, returns_within: float) -> None:
        handle, handler = bench.created(), bench.make_handler()
        start = time.monotonic()
        handler.describe([handle])
        taken = time.monotonic() - start
        assert taken < returns_within, f"describe must look and return; the engine does the waiting. It took {taken:.1f} s"

    @written_in("occopus.plugins.ResourceHandler", "Methods are called from several threads at once")
    def test_threads_look_at_nodes(self, bench: Bench) -> None:
        handler, handles = bench.make_handler(), [bench.created(f"node{number}") for number in range(6)]
        start = Barrier(len(handles))

        def look(handle: Handle) -> set[NodeId]:
            start.wait()
            return set(handler.describe([handle]))

        with ThreadPoolExecutor(len(handles)) as pool:
            told = list(pool.map(look, handles))
        assert told == [{handle.node_id} for handle in handles], "called from several threads, each describe must answer its own question"

    @written_in(DESCRIBE, "What it says comes from the backend, so that all handlers say the same.")
    def test_statuses_agree_between_handlers(self, bench: Bench) -> None:
        handle, status = bench.until_ready(bench.make_handler(), bench.request())
        again = bench.make_handler().describe([handle])[handle.node_id]
        assert (again.state, again.addresses) == (status.state, status.addresses), (
            "a status must come from the backend, not from the handler"
        )

    @written_in(DESCRIBE, "Nodes are told apart by their ids, never by their names.")
    def test_describe_needs_no_node_name(self, bench: Bench) -> None:
        handle = bench.created()
        statuses = bench.make_handler().describe([replace(handle, node_name="renamed")])
        assert handle.node_id in statuses, "nodes are told apart by their ids, never by their names"

"""`create`: submits, tells what it knows early, and makes one machine however often it is called."""

from __future__ import annotations

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from occopus.model.instance import Handle, NodeState
from occopus.plugins.resource import CreateRequest, ResourceHandler, ResourceHandlerSpec
from occopus.testing.contract import wanted, written_in
from occopus.testing.resource_suite.tools import Bench, Inventory, Journal, count

CREATE = "occopus.plugins.ResourceHandler.create"

TWINS = "a node must have one machine, however often create was called for it"


class CreationChecks:
    @written_in(CREATE, "Each handle is for the node of the request")
    def test_create_returns_a_handle_for_its_node(self, bench: Bench) -> None:
        request = bench.request("web")
        handle = bench.make_handler().create(request, Journal())
        assert identity(handle) == identity(request.handle), "the handle must be for the node that was asked for"
        assert handle.ids, "the handle must hold the ids of what was submitted"

    @written_in(CREATE, "Ids are stored as they are: names and values are text.")
    def test_ids_are_plain_text(self, bench: Bench) -> None:
        ids = bench.created().ids
        odd = {key: value for key, value in ids.items() if not isinstance(key, str) or not isinstance(value, str)}
        assert not odd, f"ids are stored as they are, so names and values must be text: {odd}"

    @written_in(CREATE, "Submit what makes one instance and return without waiting for it to be up.")
    def test_create_does_not_wait(self, bench: Bench, returns_within: float) -> None:
        start = time.monotonic()
        bench.created()
        taken = time.monotonic() - start
        assert taken < returns_within, f"create must submit and return; the engine does the waiting. It took {taken:.1f} s"

    @written_in(CREATE, "the last of them is returned")
    def test_create_checkpoints_what_it_returns(self, bench: Bench) -> None:
        journal = Journal()
        handle = bench.make_handler().create(bench.request(), journal)
        assert journal.stored, "create must checkpoint the ids of what it makes: a crash right after it must lose nothing"
        assert journal.stored[-1] == handle, "what create returns must have been stored by its last checkpoint"

    @written_in(CREATE, "Each handle is for the node of the request, repeats the ids of the one before")
    def test_checkpoints_never_forget(self, bench: Bench) -> None:
        journal = Journal()
        bench.make_handler().create(bench.request(), journal)
        for earlier, later in zip(journal.stored, journal.stored[1:], strict=False):
            lost = set(earlier.ids) - set(later.ids)
            assert not lost, f"each checkpoint replaces the one before, so it must repeat every id: {lost} got lost"

    @written_in(CREATE, "and suffices to describe and to drop the node")
    def test_checkpointed_handle_suffices_to_describe(self, bench: Bench) -> None:
        journal = Journal()
        request = bench.request()
        bench.make_handler().create(request, journal)
        statuses = bench.make_handler().describe([journal.stored[-1]])
        assert request.node_id in statuses, "a fresh handler must find a node by its checkpointed handle"

    @written_in(CREATE, "Idempotent by `request.node_id`: called again, by any handler")
    def test_create_again_by_the_same_handler(self, bench: Bench, inventory: Inventory) -> None:
        handler, request = bench.make_handler(), bench.request()
        self._assert_one(inventory, request, handler.create(request, Journal()), handler.create(request, Journal()))

    @written_in(CREATE, "Each handle is for the node of the request")
    def test_checkpoints_are_for_the_node(self, bench: Bench) -> None:
        request, journal = bench.request("web"), Journal()
        bench.make_handler().create(request, journal)
        strange = [handle for handle in journal.stored if identity(handle) != identity(request.handle)]
        assert not strange, f"each checkpoint must be for the node of the request, for it is stored as that; these are not: {strange}"

    @written_in("occopus.plugins.CreateRequest", "it stays as it is")
    def test_request_stays_as_it_is(self, bench: Bench) -> None:
        request = bench.request()
        before = copy.deepcopy(request.resource)
        bench.until_ready(bench.make_handler(), request)
        assert request.resource == before, "create must leave the section as it is: other nodes have it too"

    @written_in("occopus.plugins.HandlerConfig", "a handler may rely on the keys that its spec names as `endpoint` only")
    def test_handler_needs_no_more_than_its_endpoint(self, bench: Bench, spec: ResourceHandlerSpec) -> None:
        usual = bench.make_handler()
        least = {key: value for key, value in usual.config.section.items() if key in ("type", *spec.endpoint)}
        handler = type(usual)(replace(usual.config, section=least), usual.client)
        with wanted("nodes of other definitions share a handler: of its own section it may need the keys of 'endpoint' only"):
            handle = handler.create(bench.request(), Journal())
            handler.describe([handle])
            handler.drop(handle)

    @written_in(CREATE, "with or without the earlier handle, it finds or completes what an earlier call began, and makes nothing twice")
    def test_create_again_without_the_earlier_handle(self, bench: Bench, inventory: Inventory) -> None:
        request = bench.request()
        first = bench.make_handler().create(request, Journal())
        self._assert_one(inventory, request, first, bench.make_handler().create(request, Journal()))

    @written_in(CREATE, "with or without the earlier handle, it finds or completes what an earlier call began, and makes nothing twice")
    def test_create_again_with_the_earlier_handle(self, bench: Bench, inventory: Inventory) -> None:
        journal, request = Journal(), bench.request()
        first = bench.make_handler().create(request, journal)
        self._assert_one(inventory, request, first, bench.make_handler().create(journal.resume(request), journal))

    @written_in(CREATE, "when the node is ready (and stays so)")
    def test_create_again_when_ready(self, bench: Bench, inventory: Inventory) -> None:
        handler, request = bench.make_handler(), bench.request()
        first, _ = bench.until_ready(handler, request)
        self._assert_one(inventory, request, first, bench.make_handler().create(request, Journal()))
        state = handler.describe([first])[request.node_id].state
        assert state is NodeState.READY, f"calling create for a node that is ready must leave it ready, not {state}"

    @written_in(CREATE, "and when two calls come at once")
    def test_two_threads_make_one_node(self, bench: Bench, inventory: Inventory) -> None:
        handlers, request = [bench.make_handler(), bench.make_handler()], bench.request()
        first, second = at_once([(handler, request) for handler in handlers])
        self._assert_one(inventory, request, first, second)

    @written_in("occopus.plugins.ResourceHandler", "Methods are called from several threads at once")
    def test_one_handler_makes_many_nodes_at_once(self, bench: Bench, inventory: Inventory) -> None:
        handler, requests = bench.make_handler(), [bench.request(f"node{number}") for number in range(6)]
        handles = at_once([(handler, request) for request in requests])
        wanted = [request.node_id for request in requests]
        assert [handle.node_id for handle in handles] == wanted, "called from several threads, each create must return its own node"
        assert [count(inventory, node_id) for node_id in wanted] == [1] * len(wanted), "each node must have one machine of its own"

    @written_in("occopus.plugins.ResourceStatus", "A node that is `ready` has at least one address.")
    def test_node_becomes_ready_with_an_address(self, bench: Bench) -> None:
        _, status = bench.until_ready(bench.make_handler(), bench.request())
        assert status.addresses, "a node that is ready must have an address"
        assert all(address.value for address in status.addresses), "no address may be empty"

    def _assert_one(self, inventory: Inventory, request: CreateRequest, first: Handle, second: Handle) -> None:
        assert count(inventory, request.node_id) == 1, TWINS
        differing = {key for key in first.ids.keys() & second.ids.keys() if first.ids[key] != second.ids[key]}
        assert not differing, f"create called again must find what the first call made; other ids came back: {differing}"


def identity(handle: Handle) -> tuple[str, str, str]:
    return handle.infra_id, handle.node_id, handle.node_name


def at_once(calls: list[tuple[ResourceHandler, CreateRequest]]) -> list[Handle]:
    """The handles of nodes that as many threads create in the same moment."""
    start = Barrier(len(calls))

    def create(handler: ResourceHandler, request: CreateRequest) -> Handle:
        start.wait()
        return handler.create(request, Journal())

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(create, *call) for call in calls]]

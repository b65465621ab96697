"""The conformance suite does its work: handlers that break the contract in one point fail the check for it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from occopus.builtin.local.handler import LocalHandler
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId, NodeState
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, ResourceError, ResourceHandlerSpec, ResourceStatus
from occopus.plugins.registry import Registry
from occopus.testing.resource_suite import Bench, ResourceHandlerSuite
from occopus.testing.resource_suite.tools import Died

Check = Callable[[Bench, Any], None]
SUITE = ResourceHandlerSuite()


class Silent(LocalHandler):
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        return super().create(request, lambda handle: None)


class Immortal(LocalHandler):
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        def swallow(handle: Handle) -> None:
            with suppress(Died):
                checkpoint(handle)

        return super().create(request, swallow)


class Slow(LocalHandler):
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        time.sleep(0.3)
        return super().create(request, checkpoint)


class Doubling(LocalHandler):
    """Makes a machine for every call, all with the same mark as far as the inventory can see."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        twin = replace(request.handle, node_id=NodeId(f"{request.node_id}.{uuid.uuid4()}"))
        super().create(replace(request, handle=twin), lambda handle: None)
        return super().create(request, checkpoint)


class Chatty(LocalHandler):
    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        return super().describe([found for handle in handles for found in self.find(handle.infra_id)])


class Strict(LocalHandler):
    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        found = super().describe(handles)
        if len(found) < len(handles):
            raise ResourceError(ErrorKind.INVALID, "no such node")
        return found


class Never(LocalHandler):
    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        return {node_id: replace(status, state=NodeState.PENDING) for node_id, status in super().describe(handles).items()}


class Sweeping(LocalHandler):
    def drop(self, handle: Handle) -> None:
        for found in list(self.find(handle.infra_id)):
            super().drop(found)


class Lazy(LocalHandler):
    def drop(self, handle: Handle) -> None:
        if handle.ids:
            super().drop(handle)


class Careless(LocalHandler):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        for directory in self.config.data_dir.glob("local/[!.]*"):
            yield from super().find(InfraId(directory.name))


class Nameless(LocalHandler):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [replace(handle, node_name="") for handle in super().find(infra_id)]


FAULTS: list[tuple[type[LocalHandler], Check, str]] = [
    (Silent, lambda bench, _: SUITE.test_create_checkpoints_what_it_returns(bench), "must checkpoint"),
    (Silent, lambda bench, held: SUITE.test_create_after_a_crash_makes_one(bench, held, True), "at least once"),
    (Immortal, lambda bench, held: SUITE.test_drop_after_a_crash_leaves_nothing(bench, held, True), "must reach the caller"),
    (Slow, lambda bench, _: SUITE.test_create_does_not_wait(bench, 0.2), "submit and return"),
    (Doubling, SUITE.test_create_again_by_the_same_handler, "must have one machine"),
    (Doubling, SUITE.test_two_threads_make_one_node, "must have one machine"),
    (Chatty, lambda bench, _: SUITE.test_describe_speaks_of_nothing_else(bench), "nobody asked for"),
    (Never, lambda bench, _: SUITE.test_node_becomes_ready_with_an_address(bench), "must become ready"),
    (Sweeping, SUITE.test_drop_leaves_other_nodes_alone, "nothing of another node"),
    (Lazy, SUITE.test_drop_without_ids, "must become absent"),
    (Careless, lambda bench, _: SUITE.test_find_lists_no_other_infrastructure(bench), "keep infrastructures apart"),
    (Nameless, lambda bench, _: SUITE.test_found_handle_carries_the_marks(bench), "all three marks"),
]


@pytest.mark.parametrize(("handler", "check", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", "") or None)
def test_fault_is_noticed(local: Any, handler: type[LocalHandler], check: Check, words: str) -> None:
    bench = Bench(lambda: handler(local.handler.config), {"type": "local"}, None, within=0.5, poll_every=0.01)
    held = lambda: [path.name.partition(".")[0] for path in local.data_dir.glob("local/[!.]*/*")]  # noqa: E731
    try:
        with pytest.raises(AssertionError, match=words):
            check(bench, held)
    finally:
        for path in local.data_dir.glob("local/[!.]*/*"):
            local.until_gone(Handle(InfraId(path.parent.name), NodeId(path.name), ""))


def test_error_about_an_unknown_node_is_noticed(local: Any) -> None:
    bench = Bench(lambda: Strict(local.handler.config), {"type": "local"}, None, within=0.5, poll_every=0.01)
    with pytest.raises(AssertionError, match="no such node"):
        SUITE.test_unknown_node_is_absent(bench)
    for handle in local.handler.find(bench.infra_id):
        local.until_gone(handle)


SPEC_FAULTS: list[tuple[dict[str, Any], Callable[[ResourceHandlerSpec], None]]] = [
    ({"summary": ""}, SUITE.test_names_itself),
    ({"handler": "occopus.builtin.local.record:Record"}, SUITE.test_handler_can_be_loaded),
    ({"schema": {"image": {"type": "string"}}}, SUITE.test_every_key_is_documented),
    ({"endpoint": ("endpoint",)}, SUITE.test_endpoint_is_made_of_keys),
    ({"user_data_limit": 0}, SUITE.test_limit_of_user_data_makes_sense),
    ({"checks": (lambda section: (),)}, SUITE.test_checks_can_be_documented),
    ({"handler": "occopus.plugins.loading:x"}, lambda spec: SUITE.test_plugin_loads_without_its_handler(spec, ())),
    ({"schema": {}}, lambda spec: SUITE.test_section_is_accepted(spec, {"type": "local", "name": "x"})),
    ({"schema": {}}, lambda spec: SUITE.test_invalid_sections_are_refused(spec, {"good after all": {"type": "local"}})),
]


@pytest.mark.parametrize(("change", "check"), SPEC_FAULTS, ids=lambda value: "-".join(value) if isinstance(value, dict) else None)
def test_faulty_declaration_is_noticed(
    occopus_registry: Registry, change: dict[str, Any], check: Callable[[ResourceHandlerSpec], None]
) -> None:
    with pytest.raises(AssertionError):
        check(replace(occopus_registry.resource_handler("local"), **change))

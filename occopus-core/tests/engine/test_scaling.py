"""Scaling: requests wait in the store, and the next pass carries them out within the limits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from occopus.engine.scaling import carry_out
from occopus.errors import InfrastructureNotFound, StepsFailed, UsageError
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Instance, NodeId, NodeState, Phase
from occopus.model.plan import Action
from occopus.model.request import ScaleRequest
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.base import Change, Delete

INFRA = InfraId("infra-1")


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def app(least: int, most: int) -> dict[str, Any]:
    return {"name": "app", "scaling": {"min": least, "max": most}}


def built(bench: Any, least: int, most: int, number: int | None = None) -> list[str]:
    """The ids of the instances of `app`, which depends on `db`, the oldest first."""
    bench.build(bench.infra("db", app(least, most), depends=["app>db"]))
    if number:
        bench.scale("app", target=number)
        bench.maintain()
    ids: list[str] = bench.ids("app")
    return ids


class TestAddingUp:
    """What becomes of requests, with values alone."""

    def scaled(self, *requests: Any, target: int | None = None, instances: Sequence[Instance] = ()) -> Any:
        """Each request is a change, a target after "=", or the id of an instance. The limits are 1 to 5."""
        desired = {"nodes": [{"name": "app", "scaling": {"min": 1, "max": 5}}]}
        record = InfraRecord(INFRA, "test", "me", 0.0, desired, targets={"app": target} if target else {})
        return carry_out([self.request(each) for each in requests], record, instances)

    def request(self, asked: Any) -> ScaleRequest:
        if isinstance(asked, int):
            return ScaleRequest(INFRA, "app", 0.0, change=asked)
        if asked.startswith("="):
            return ScaleRequest(INFRA, "app", 0.0, target=int(asked[1:]))
        return ScaleRequest(INFRA, "app", 0.0, node_id=NodeId(asked))

    def instance(self, node_id: str, phase: Phase = Phase.CREATED) -> Instance:
        return Instance(INFRA, NodeId(node_id), "app", 0, "", phase, 0.0)

    @pytest.mark.parametrize(
        ("requests", "wanted"),
        [
            ((2,), 3),
            ((1, 1, 1), 4),
            (("=4",), 4),
            (("=4", -1), 3),
            ((-1, "=4"), 4),
            ((9, -1), 4),  # each is cut by itself: to 5, then one less
            ((-9, 1), 2),
            (("=9", "=2", 1), 3),
            ((), 1),
        ],
    )
    def test_they_add_up_in_their_order_each_within_the_limits(self, requests: Any, wanted: int) -> None:
        assert self.scaled(*requests).targets.get("app", 1) == wanted

    def test_each_is_told_what_became_of_it(self) -> None:
        assert self.scaled(9, -1, "=0").told == [
            "app: 1 -> 5 wanted, not 10: its limits are 1 to 5",
            "app: 5 -> 4 wanted",
            "app: 4 -> 1 wanted, not 0: its limits are 1 to 5",
        ]

    def test_it_begins_at_the_number_that_is_wanted_now(self) -> None:
        assert self.scaled(1, target=3).targets == {"app": 4}

    def test_one_that_is_named_twice_goes_once(self) -> None:
        scaled = self.scaled("a", "a", target=3, instances=[self.instance("a"), self.instance("b")])
        assert [each.node_id for each in scaled.leaving] == ["a"]
        assert scaled.targets == {"app": 2}
        assert scaled.told == ["app: 3 -> 2 wanted", "app a is gone already"]

    def test_one_that_goes_already_is_not_counted_again(self) -> None:
        scaled = self.scaled("a", target=3, instances=[self.instance("a", Phase.DROPPING)])
        assert (scaled.leaving, scaled.targets) == ([], {"app": 3})

    def test_at_the_minimum_one_that_is_named_stays(self) -> None:
        scaled = self.scaled("a", instances=[self.instance("a")])
        assert (scaled.leaving, scaled.targets) == ([], {})
        assert scaled.told == ["app a stays, since app has to have at least 1"]

    def test_a_node_that_is_no_longer_described_is_told_of(self) -> None:
        request = replace(self.request(1), node_name="old")
        record = InfraRecord(INFRA, "test", "me", 0.0, {"nodes": [{"name": "app"}]})
        assert carry_out([request], record, []).told == ["'old' is no longer described"]


class TestUp:
    def test_a_request_does_nothing_by_itself_and_the_next_pass_carries_it_out(self, bench: Any) -> None:
        built(bench, 1, 5)
        assert bench.scale("app", change=2) == "app: 1 -> 3 wanted"
        assert bench.machines == ["app", "db"]
        outcome = bench.maintain()
        assert [step.action for step in outcome.done] == [Action.CREATE] * 2
        assert bench.machines == ["app"] * 3 + ["db"]
        assert bench.requests == []
        assert bench.record.targets == {"app": 3}
        assert [event.message for event in bench.events("scale-requested", "scaled")] == ["app: 1 -> 3 wanted"] * 2

    def test_the_number_stays_in_later_passes(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 3)
        bench.vanish(ids[1])
        bench.maintain()
        assert len(bench.of("app")) == 3
        assert bench.maintain().done == []

    def test_a_request_beyond_the_maximum_is_cut_and_its_user_is_told(self, bench: Any) -> None:
        built(bench, 1, 3)
        told = "app: 1 -> 3 wanted, not 10: its limits are 1 to 3"
        assert bench.scale("app", change=9) == told
        bench.maintain()
        assert len(bench.of("app")) == 3
        assert bench.events("scaled")[0].message == told

    def test_requests_are_told_with_those_before_them_in_mind(self, bench: Any) -> None:
        built(bench, 1, 5)
        assert [bench.scale("app", change=2), bench.scale("app", change=2)] == ["app: 1 -> 3 wanted", "app: 3 -> 5 wanted"]

    def test_no_room_for_one_more_is_left_to_the_next_pass(self, bench: Any) -> None:
        bench.build(bench.infra(app(1, 3), app=[bench.implementation("small")]))
        bench.scale("app", target=3)
        bench.cloud.capacity = {"small": 2}
        with pytest.raises(StepsFailed, match="no room for small"):
            bench.maintain()
        assert (bench.requests, len(bench.cloud.things)) == ([], 2)
        bench.cloud.capacity = {}
        bench.maintain()
        assert len(bench.cloud.things) == 3

    def test_a_dead_instance_is_replaced_in_the_same_pass(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 2)
        bench.vanish(ids[0])
        bench.scale("app", change=1)
        outcome = bench.maintain()
        assert len(bench.of("app")) == 3
        assert sorted(step.action for step in outcome.done) == [Action.CREATE, Action.CREATE, Action.DROP]


class TestDown:
    def test_the_youngest_go(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 4)
        bench.scale("app", change=-2)
        bench.maintain()
        assert bench.ids("app") == ids[:2]
        assert {event.message for event in bench.events("dropping")} == {"one of 4 where 2 are wanted"}

    def test_it_ends_at_the_minimum(self, bench: Any) -> None:
        ids = built(bench, 2, 5, 4)
        assert bench.scale("app", target=0) == "app: 4 -> 2 wanted, not 0: its limits are 2 to 5"
        bench.maintain()
        assert bench.ids("app") == ids[:2]

    @pytest.mark.parametrize("by", ["id", "address"])
    def test_the_one_that_is_named_goes(self, bench: Any, by: str) -> None:
        ids = built(bench, 1, 5, 3)
        named = bench.of("app")[1]
        assert bench.scale("app", leaving=ids[1] if by == "id" else named.address) == "app: 3 -> 2 wanted"
        outcome = bench.maintain()
        assert bench.ids("app") == [ids[0], ids[2]]
        assert [step.reason for step in outcome.done] == ["its user asked for its removal"]
        assert [(event.kind, event.message) for event in bench.events() if event.node_id == ids[1]][-3:] == [
            ("scale-requested", "app: 3 -> 2 wanted"),
            ("dropping", "its user asked for its removal"),
            ("dropped", "its user asked for its removal"),
        ]

    def test_the_one_that_is_named_goes_and_the_youngest_of_the_others(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 4)
        bench.scale("app", leaving=ids[0])
        bench.scale("app", change=-1)
        bench.maintain()
        assert bench.ids("app") == ids[1:3]

    def test_one_more_instead_of_the_one_that_is_named(self, bench: Any) -> None:
        ids = built(bench, 1, 3, 2)
        bench.scale("app", leaving=ids[0])
        bench.scale("app", change=1)
        bench.maintain()
        assert len(bench.ids("app")) == 2
        assert ids[0] not in bench.ids("app")
        assert ids[1] in bench.ids("app")

    def test_at_the_minimum_the_one_that_is_named_stays(self, bench: Any) -> None:
        ids = built(bench, 2, 5)
        assert bench.scale("app", leaving=ids[0]) == f"app {ids[0]} stays, since app has to have at least 2"
        assert bench.maintain().done == []
        assert bench.ids("app") == ids
        assert bench.requests == []

    def test_one_that_is_gone_when_its_turn_comes_changes_no_number(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 3)
        bench.scale("app", leaving=ids[1])
        bench.scale("app", leaving=ids[1])
        bench.maintain()
        assert bench.ids("app") == [ids[0], ids[2]]
        assert [event.message for event in bench.events("scaled")][-1] == f"app {ids[1]} is gone already"

    def test_one_that_broke_meanwhile_goes_and_is_not_replaced(self, bench: Any) -> None:
        ids = built(bench, 1, 5, 3)
        bench.scale("app", leaving=ids[1])
        bench.vanish(ids[1])
        bench.maintain()
        assert bench.ids("app") == [ids[0], ids[2]]

    def test_dependents_go_before_what_they_depend_on(self, bench: Any) -> None:
        nodes = [{"name": name, "scaling": {"min": 1, "max": 3}} for name in ("db", "app", "web")]
        bench.build(bench.infra(*nodes, depends=["app>db", "web>app"]))
        for name in ("db", "app", "web"):
            bench.scale(name, target=3)
        bench.maintain()
        for name in ("db", "app", "web"):
            bench.scale(name, target=1)
        bench.heard.clear()
        bench.policy = replace(bench.policy, parallelism=8)
        bench.maintain()
        gone = [event.node_name for event in bench.heard if event.kind == "dropped"]
        assert gone == ["web", "web", "app", "app", "db", "db"]

    def test_more_of_one_and_fewer_of_another_at_once(self, bench: Any) -> None:
        bench.build(bench.infra(app(1, 3), {"name": "web", "scaling": {"min": 1, "max": 3}}))
        bench.scale("app", target=3)
        bench.maintain()
        bench.scale("app", target=1)
        bench.scale("web", target=3)
        bench.maintain()
        assert bench.machines == ["app", "web", "web", "web"]


class TestAsking:
    def test_for_an_infrastructure_that_does_not_exist(self, bench: Any) -> None:
        with pytest.raises(InfrastructureNotFound):
            bench.scale("app", change=1)
        assert [*bench.store.scan("request")] == []

    def test_for_one_that_is_being_destroyed(self, bench: Any) -> None:
        built(bench, 1, 3)
        bench.cloud.fail("drop", None, ResourceError(ErrorKind.UNKNOWN, "stuck"))
        with pytest.raises(StepsFailed):
            bench.destroy()
        with pytest.raises(UsageError, match="infra-1 is being destroyed"):
            bench.scale("app", change=1)
        assert bench.requests == []

    def test_for_a_node_that_does_not_exist(self, bench: Any) -> None:
        built(bench, 1, 3)
        with pytest.raises(UsageError, match="there is no node 'appp' in test") as raised:
            bench.scale("appp", change=1)
        assert "app" in str(raised.value.hint)

    def test_for_an_instance_that_does_not_exist_or_is_of_another_node(self, bench: Any) -> None:
        ids = built(bench, 1, 3, 2)
        for name in ("nobody", *bench.ids("db")):
            with pytest.raises(UsageError, match=f"no instance of 'app' has the id or address '{name}'") as raised:
                bench.scale("app", leaving=name)
            assert all(node_id in str(raised.value.hint) for node_id in ids)
        assert bench.requests == []

    def test_for_an_address_that_several_have(self, bench: Any) -> None:
        ids = built(bench, 1, 3, 2)
        for node_id in ids:
            bench.report_as(node_id, NodeState.READY, "", "198.51.100.7")
        bench.maintain()
        with pytest.raises(UsageError, match="several instances of 'app' have the address"):
            bench.scale("app", leaving="198.51.100.7")


class TestWhen:
    def test_plan_shows_what_the_next_pass_does_and_consumes_nothing(self, bench: Any) -> None:
        ids = built(bench, 1, 6, 3)
        bench.scale("app", leaving=ids[0])
        bench.scale("app", change=-1)
        bench.vanish(*bench.ids("db"))
        before = bench.dump
        planned = bench.plan()
        assert bench.dump == before
        done = bench.maintain().done

        def shown(step: Any) -> Any:
            if step.action is Action.CREATE:  # its id is new each time
                return step.action, step.node_name
            return step.action, step.node_id, step.reason.partition("; replaced by")[0]

        assert sorted(map(shown, planned.visible)) == sorted(map(shown, done))
        assert bench.requests == []

    def test_a_request_made_while_a_pass_runs_is_for_the_next_one(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", change=1)
        asked: list[str] = []

        def ask(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if (kind, moment) == ("create", "before") and not asked:
                asked.append(bench.scale("app", change=2))

        bench.cloud.hook = ask
        bench.maintain()
        assert asked == ["app: 2 -> 4 wanted"]
        assert (len(bench.of("app")), len(bench.requests)) == (2, 1)
        bench.maintain()
        assert (len(bench.of("app")), len(bench.requests)) == (4, 0)

    def test_a_request_made_while_others_are_consumed_is_never_lost(self, bench: Any) -> None:
        """It comes between the moment when they are read and the one when they are deleted."""
        built(bench, 1, 5)
        bench.scale("app", change=1)

        def ask(changes: Sequence[Change]) -> None:
            bench.store.hook = lambda changes: None
            bench.scale("app", change=1)

        bench.store.hook = ask
        bench.maintain()
        assert len(bench.requests) == 1
        bench.maintain()
        assert len(bench.of("app")) == 3

    def test_requests_are_gone_with_the_infrastructure(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", change=1)
        bench.destroy()
        assert [*bench.store.scan("request")] == []

    def test_a_request_made_in_the_moment_of_its_end_is_refused_and_leaves_nothing(self, bench: Any) -> None:
        built(bench, 1, 5)

        def destroy(changes: Sequence[Change]) -> None:
            bench.store.hook = lambda changes: None
            bench.destroy()

        bench.store.hook = destroy
        with pytest.raises(InfrastructureNotFound):
            bench.scale("app", change=1)
        assert [*bench.store.scan("request")] == []

    def test_a_process_that_dies_in_the_moment_of_its_end_leaves_no_request(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", change=1)
        destroyed: list[Sequence[Change]] = []

        def die(changes: Sequence[Change]) -> None:
            if destroyed:
                raise Killed
            if any(isinstance(change, Delete) and change.key.kind == "infrastructure" for change in changes):
                destroyed.append(changes)

        bench.store.hook = die
        with suppress(Killed):
            bench.destroy()
        assert destroyed
        assert [*bench.store.scan("request")] == []

    def test_build_carries_requests_out_too(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", change=2)
        bench.build(bench.infra("db", app(1, 5), depends=["app>db"]))
        assert (len(bench.of("app")), bench.requests) == (3, [])


class TestReconfigured:
    @pytest.mark.parametrize(("least", "most", "expected"), [(1, 9, 4), (1, 3, 3), (6, 9, 6)])
    def test_the_number_that_was_asked_for_stays_within_the_new_limits(self, bench: Any, least: int, most: int, expected: int) -> None:
        built(bench, 1, 5, 4)
        bench.build(bench.infra("db", app(least, most), depends=["app>db"]))
        assert len(bench.of("app")) == expected
        assert bench.record.targets == {"app": expected}
        bench.build(bench.infra("db", app(1, 9), depends=["app>db"]))
        assert len(bench.of("app")) == expected

    def test_a_request_for_a_node_that_is_no_longer_described_is_told_of_and_forgotten(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", change=1)
        bench.build(bench.infra("db"))
        assert bench.machines == ["db"]
        assert [event.message for event in bench.events("scaled")] == ["'app' is no longer described"]
        assert (bench.requests, bench.record.targets) == ([], {})

    def test_a_request_is_cut_to_the_limits_of_the_description_that_carries_it_out(self, bench: Any) -> None:
        built(bench, 1, 5)
        bench.scale("app", target=5)
        bench.build(bench.infra("db", app(1, 2), depends=["app>db"]))
        assert len(bench.of("app")) == 2

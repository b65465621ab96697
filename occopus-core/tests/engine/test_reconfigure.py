"""Building another description over what exists: only what differs is touched, one after the other, and back again if that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from occopus.errors import Interrupted, StepsFailed
from occopus.model.instance import NodeId, NodeState, Phase
from occopus.model.plan import Action
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.base import Change, Put


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def scaled(name: str, least: int, most: int | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "scaling": {"min": least, "max": most or least}, **more}


def ids(bench: Any) -> dict[str, list[str]]:
    return {node: bench.ids(node) for node in dict.fromkeys(each.node_name for each in bench.instances)}


def mapped(*attributes: str, dependent: str = "app", dependee: str = "db") -> dict[str, Any]:
    """A connection with mappings, each given as "source:destination"."""
    return {"connection": [dependent, dependee], "mappings": [{"attributes": each.split(":")} for each in attributes]}


class TestWhatIsTouched:
    """Which of `db` and `app` are made anew."""

    @pytest.fixture
    def touched(self, bench: Any) -> Callable[[Any, Any], set[str]]:
        def of(before: Any, after: Any) -> set[str]:
            bench.build(before)
            known = ids(bench)
            planned = bench.plan(after)
            bench.build(after)
            assert bench.plan(after).is_empty
            assert bench.plan().is_empty
            changed = {node for node in known | ids(bench) if known.get(node) != ids(bench).get(node)}
            assert changed == {step.node_name for step in planned.visible}
            return changed

        return of

    def test_the_same_description(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra("db", "app", depends=["app>db"]), bench.infra("db", "app", depends=["app>db"])) == set()

    def test_a_node_is_added(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra("db"), bench.infra("db", "app", depends=["app>db"])) == {"app"}

    def test_a_node_is_removed(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra("db", "app", depends=["app>db"]), bench.infra("app")) == {"db"}
        assert bench.machines == ["app"]

    def test_the_minimum_is_raised(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra(scaled("db", 1), "app"), bench.infra(scaled("db", 3), "app")) == {"db"}
        assert bench.machines == ["app", "db", "db", "db"]
        assert bench.cloud.calls["drop"] == 0

    def test_the_maximum_is_lowered(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra(scaled("db", 3), "app"), bench.infra(scaled("db", 1), "app")) == {"db"}
        assert bench.machines == ["app", "db"]

    def test_the_maximum_is_raised(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra(scaled("db", 2), "app"), bench.infra(scaled("db", 1, 5), "app")) == {"db"}
        assert len(bench.of("db")) == 1

    def test_a_dependency_comes_and_goes(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra("db", "app"), bench.infra("db", "app", depends=["app>db"])) == set()
        assert touched(bench.infra("db", "app", depends=["app>db"]), bench.infra("app", "db", depends=["db>app"])) == set()
        assert touched(bench.infra("app", "db", depends=["db>app"]), bench.infra("db", "app")) == set()

    def test_a_mapping_changes(self, bench: Any, touched: Any) -> None:
        first, second = (bench.infra("db", "app", depends=[mapped(each)]) for each in ("port:db_port", "port:port"))
        assert touched(first, second) == {"app"}

    def test_a_definition_changes(self, bench: Any, touched: Any) -> None:
        after = bench.infra("db", "app", depends=["app>db"], db=[bench.implementation("large")])
        assert touched(bench.infra("db", "app", depends=["app>db"]), after) == {"db"}
        assert {thing.flavour for thing in bench.cloud.things} == {"", "large"}

    def test_the_variables_of_a_node_change(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra({"name": "db"}, "app"), bench.infra({"name": "db", "variables": {"colour": "blue"}}, "app")) == {"db"}

    def test_attributes_change(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra({"name": "db"}, "app"), bench.infra({"name": "db", "attributes": {"port": 1}}, "app")) == {"db"}

    def test_the_order_of_implementations_changes(self, bench: Any, touched: Any) -> None:
        flavours = [bench.implementation(flavour) for flavour in ("a", "b", "c")]
        before, after = (bench.infra(scaled("db", 6), db=order) for order in (flavours, flavours[::-1]))
        assert touched(before, after) == set()
        assert bench.maintain().done == []

    def test_an_implementation_that_nothing_was_made_by_goes(self, bench: Any, touched: Any) -> None:
        bench.cloud.capacity = {"a": 0}
        flavours = [bench.implementation(flavour) for flavour in ("a", "b")]
        assert touched(bench.infra("db", db=flavours), bench.infra("db", db=flavours[1:])) == set()
        bench.cloud.things.clear()
        bench.maintain()
        assert bench.machines == ["db"]

    def test_the_implementation_that_something_was_made_by_goes(self, bench: Any, touched: Any) -> None:
        bench.cloud.capacity = {"a": 0}
        flavours = [bench.implementation(flavour) for flavour in ("a", "b", "c")]
        before = bench.infra("db", db=flavours[:2])
        assert touched(before, bench.infra("db", db=[flavours[0], flavours[2]])) == {"db"}
        assert bench.cloud.things[0].flavour == "c"

    def test_a_health_check_changes(self, bench: Any, touched: Any) -> None:
        before, after = (bench.infra("db", "app", db=[bench.checked(timeout=limit)]) for limit in (60, 30))
        assert touched(before, after) == {"db"}

    def test_a_create_timeout_changes(self, bench: Any, touched: Any) -> None:
        assert touched(bench.infra("db", "app"), bench.infra({"name": "db", "create_timeout": 7}, "app")) == set()

    def test_a_name_changes(self, bench: Any, touched: Any) -> None:
        """It is another node."""
        assert touched(bench.infra("db"), bench.infra("base")) == {"db", "base"}


COMBINATIONS = [(1, 1, 1), (1, 2, 1), (1, 2, 2), (2, 3, 2), (2, 3, 3), (2, 4, 3), (3, 3, 3), (1, 4, 3)]


def one_is_gone(bench: Any) -> None:
    bench.vanish(bench.ids("db")[-1])


def one_has_failed(bench: Any) -> None:
    bench.report_as(bench.ids("db")[0], NodeState.FAILED)


def one_is_ill(bench: Any) -> None:
    bench.sick[bench.ids("db")[0]] = "no answer"


def one_is_gone_and_one_is_ill(bench: Any) -> None:
    one_is_gone(bench)
    one_is_ill(bench)


def one_is_stopped(bench: Any) -> None:
    bench.report_as(bench.ids("db")[-1], NodeState.TEMP_FAILED)


def nothing(bench: Any) -> None:
    """All do well."""


class TestReplacing:
    @pytest.mark.parametrize("parallelism", [0, 8])
    @pytest.mark.parametrize("disturb", [nothing, one_is_gone, one_has_failed, one_is_ill, one_is_gone_and_one_is_ill, one_is_stopped])
    @pytest.mark.parametrize(("least", "most", "target"), COMBINATIONS)
    def test_never_more_machines_than_may_be_and_never_fewer_ready_than_must(
        self, bench: Any, least: int, most: int, target: int, disturb: Callable[[Any], None], parallelism: int
    ) -> None:
        bench.policy = replace(bench.policy, parallelism=parallelism)
        bench.build(bench.infra(scaled("db", least, most), db=[bench.checked(600)]))
        bench.scale("db", target=target)
        bench.maintain()
        old = bench.ids("db")
        disturb(bench)
        machines, ready = [], []

        def count(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            there = {thing.handle.node_id for thing in bench.cloud.things}
            machines.append(len(there))
            well = [each for each in bench.of("db") if each.phase is Phase.CREATED and each.node_id in there]
            ready.append(sum(each.node_id not in bench.sick and each.node_id not in bench.cloud.states for each in well))

        count("", "", ())
        bench.cloud.hook = count
        bench.build(bench.infra(scaled("db", least, most), db=[bench.checked(600, "large")]))
        assert len(bench.of("db")) == target
        assert not {*old} & {*bench.ids("db")}
        assert {thing.flavour for thing in bench.cloud.things} == {"large"}
        assert max(machines) <= most
        assert min(ready) >= min(ready[0], least if most > least else target - 1)

    @pytest.mark.parametrize("most", [3, 4])
    def test_one_after_the_other_also_where_steps_run_at_once(self, bench: Any, most: int) -> None:
        bench.policy = replace(bench.policy, parallelism=8)
        bench.build(bench.infra(scaled("db", 3, most)))
        old = bench.ids("db")
        bench.heard.clear()
        bench.build(bench.infra(scaled("db", 3, most), db=[bench.implementation("large")]))
        happened = [event.kind for event in bench.heard if event.node_name == "db"]
        new_first = ["creating", "ready", "dropping", "dropped"]
        assert happened == (new_first if most > 3 else new_first[2:] + new_first[:2]) * 3
        assert [each.origin for each in bench.of("db")] == [f"replaces {node_id} (its description has changed)" for node_id in old]

    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_in_the_order_of_their_dependencies(self, bench: Any, parallelism: int) -> None:
        bench.policy = replace(bench.policy, parallelism=parallelism)
        nodes = [scaled(name, 1, 2) for name in ("db", "app", "web")]
        depends = ["app>db", "web>app"]
        bench.build(bench.infra(*nodes, depends=depends))
        bench.heard.clear()
        large = [bench.implementation("large")]
        bench.build(bench.infra(*nodes, depends=depends, db=large, app=large, web=large))
        assert [event.node_name for event in bench.heard if event.kind == "creating"] == ["db", "app", "web"]
        ready = [event.node_name for event in bench.heard if event.kind == "ready"]
        assert ready == ["db", "app", "web"]

    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_a_dependent_is_told_only_of_what_stays(self, bench: Any, parallelism: int) -> None:
        """Both are made anew, with the new `db` beside the old one for a while; and the store takes its time, in real threads."""
        bench.clock = None
        bench.policy = replace(bench.policy, parallelism=parallelism)

        def linger(changes: Sequence[Change]) -> None:
            if any(isinstance(change, Put) and change.value.get("phase") == "dropping" for change in changes):
                time.sleep(0.05)

        bench.store = type(bench.store)(time.monotonic)
        bench.store.hook = linger
        knows = {"type": "cloudinit", "context_template": {"write_files": [{"path": "/db", "content": "{{getipall('db') | join(' ')}}"}]}}

        def described(flavour: str) -> Any:
            app = [bench.implementation(flavour, contextualisation=knows)]
            return bench.infra(scaled("db", 2, 3), scaled("app", 1, 2), depends=["app>db"], db=[bench.implementation(flavour)], app=app)

        bench.build(described("small"))
        bench.build(described("large"))
        told = bench.of("app")[0].inputs_hash
        bench.vanish(*bench.ids("app"))
        bench.maintain()
        again = bench.of("app")[0].inputs_hash
        assert told == again

    def test_the_youngest_surplus_goes_and_the_rest_is_replaced(self, bench: Any) -> None:
        bench.build(bench.infra(scaled("db", 4)))
        bench.build(bench.infra(scaled("db", 2), db=[bench.implementation("large")]))
        assert [thing.flavour for thing in bench.cloud.things] == ["large"] * 2
        assert len(bench.made) == 6

    def test_there_are_never_more_machines_than_before_where_the_maximum_is_lowered_too(self, bench: Any) -> None:
        bench.policy = replace(bench.policy, parallelism=8)
        bench.build(bench.infra(scaled("db", 4)))
        machines: list[int] = []
        bench.cloud.hook = lambda kind, moment, nodes: machines.append(len(bench.cloud.things))
        bench.build(bench.infra(scaled("db", 1, 3), db=[bench.implementation("large")]))
        assert max(machines) == 4
        assert bench.machines == ["db"]

    def test_what_is_replaced_is_planned_as_it_is_done(self, bench: Any) -> None:
        bench.build(bench.infra(scaled("db", 2, 3)))
        wanted = bench.infra(scaled("db", 2, 3), db=[bench.implementation("large")])
        assert [step.action for step in bench.plan(wanted).visible] == [Action.CREATE, Action.DROP] * 2

    def test_an_endpoint_that_does_not_answer_makes_the_change_fail_and_loses_nothing(self, bench: Any) -> None:
        bench.build(bench.infra(scaled("db", 2)))
        before = bench.ids("db")
        bench.cloud.unreachable = True
        with pytest.raises(StepsFailed):
            bench.build(bench.infra(scaled("db", 2), db=[bench.implementation("large")]))
        bench.cloud.unreachable = False
        bench.maintain()
        assert {thing.flavour for thing in bench.cloud.things} == {""}
        assert before[1] in bench.ids("db")


class Killed(BaseException):
    """The process is no more."""


def when_rolling_back(bench: Any, fail: Callable[[], None]) -> None:
    """Let something fail as soon as the next rollback begins, and nothing before."""
    bench.cloud.failures.clear()
    bench.heard.clear()

    def hook(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if not bench.cloud.failures and any(event.kind == "rollback" for event in bench.heard):
            fail()

    bench.cloud.hook = hook


class TestFailing:
    """The second of three can't be made in the new way."""

    def before(self, bench: Any, most: int) -> Any:
        return bench.infra(scaled("db", 3, most), "app", depends=["app>db"])

    def after(self, bench: Any, most: int) -> Any:
        return bench.infra(scaled("db", 3, most), "app", "new", depends=["app>db"], db=[bench.implementation("large")])

    @pytest.mark.parametrize("parallelism", [0, 8])
    @pytest.mark.parametrize("most", [3, 4])
    def test_half_way_what_was_made_goes_and_what_was_not_touched_stays(self, bench: Any, most: int, parallelism: int) -> None:
        bench.policy = replace(bench.policy, parallelism=parallelism)
        before = self.before(bench, most)
        bench.build(before)
        db, app = bench.ids("db"), bench.ids("app")
        bench.cloud.capacity = {"large": 1}
        with pytest.raises(StepsFailed, match="no room for large"):
            bench.build(self.after(bench, most))
        assert bench.machines == ["app", "db", "db", "db"]
        assert {thing.flavour for thing in bench.cloud.things} == {""}
        assert {*db[1:]} & {*bench.ids("db")} >= ({*db[1:]} if most > 3 else {db[2]})
        assert bench.ids("app") == app
        assert bench.plan(before).is_empty
        assert (bench.record.changing, bench.record.former) == (False, None)
        assert bench.story[-1] == ("rolled-back", "")

    @pytest.mark.parametrize("most", [3, 4])
    def test_in_the_rollback_too_maintain_completes_it(self, bench: Any, most: int) -> None:
        before = self.before(bench, most)
        bench.build(before)
        bench.cloud.capacity = {"large": 1}
        when_rolling_back(bench, lambda: bench.cloud.fail("drop", None, ResourceError(ErrorKind.UNKNOWN, "stuck")))
        with pytest.raises(StepsFailed, match="the rollback is not complete") as raised:
            bench.build(self.after(bench, most))
        assert "no room for large" in raised.value.message
        assert "stuck" in raised.value.message
        assert "'occopus maintain -i infra-1' finishes the job" in str(raised.value.hint)
        when_rolling_back(bench, lambda: None)
        bench.maintain()
        assert bench.machines == ["app", "db", "db", "db"]
        assert {thing.flavour for thing in bench.cloud.things} == {""}
        assert bench.plan(before).is_empty
        assert (bench.record.changing, bench.record.former) == (False, None)

    @pytest.mark.parametrize("parallelism", [0, 8])
    @pytest.mark.parametrize("kind", ["build-started", "creating", "ready", "dropping", "dropped"])
    @pytest.mark.parametrize("most", [3, 4])
    def test_stopped_half_way_it_is_as_it_was_before(self, bench: Any, most: int, kind: str, parallelism: int) -> None:
        bench.policy = replace(bench.policy, parallelism=parallelism)
        before = self.before(bench, most)
        bench.build(before)
        db, app = bench.ids("db"), bench.ids("app")
        bench.heard.clear()
        with pytest.raises(Interrupted, match="it is as it was before"):
            bench.build(self.after(bench, most), stop_when=lambda: any(event.kind == kind for event in bench.heard))
        assert bench.machines == ["app", "db", "db", "db"]
        assert {thing.flavour for thing in bench.cloud.things} == {""}
        assert {*db[1:]} <= {*bench.ids("db")}
        assert bench.ids("app") == app
        assert bench.plan(before).is_empty

    def test_a_removed_node_comes_back(self, bench: Any) -> None:
        before = bench.infra("db", "old", depends=["old>db"])
        bench.build(before)
        (db,) = bench.ids("db")
        bench.cloud.dead.add("bad")
        with pytest.raises(StepsFailed):
            bench.build(bench.infra("db", "bad"))
        assert bench.machines == ["db", "old"]
        assert bench.ids("db") == [db]

    def test_the_number_that_was_asked_for_stays_as_it_was(self, bench: Any) -> None:
        bench.build(bench.infra(scaled("db", 1, 5)))
        bench.scale("db", target=4)
        bench.maintain()
        before = bench.ids("db")
        bench.cloud.dead.add("bad")
        with pytest.raises(StepsFailed):
            bench.build(bench.infra(scaled("db", 1, 3), "bad"))
        assert bench.record.targets == {"db": 4}
        assert len(bench.of("db")) == 4
        assert before[:3] == bench.ids("db")[:3]

    def test_a_second_change_after_a_failed_rollback_goes_back_to_what_was_there_at_first(self, bench: Any) -> None:
        before = self.before(bench, 3)
        bench.build(before)
        bench.cloud.capacity = {"large": 0}
        when_rolling_back(bench, lambda: bench.cloud.fail("create", None, ResourceError(ErrorKind.QUOTA, "enough")))
        with pytest.raises(StepsFailed, match="the rollback is not complete"):
            bench.build(self.after(bench, 3))
        assert len(bench.machines) < 4
        when_rolling_back(bench, lambda: None)
        with pytest.raises(StepsFailed, match="no room"):
            bench.build(self.after(bench, 3))
        assert bench.machines == ["app", "db", "db", "db"]
        assert bench.plan(before).is_empty

    def test_a_change_after_one_that_was_killed_goes_back_to_what_was_there_before_both(self, bench: Any) -> None:
        before = self.before(bench, 4)
        bench.build(before)

        def kill(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if kind == "create":
                raise Killed

        bench.cloud.hook = kill
        with pytest.raises(Killed):
            bench.build(self.after(bench, 4))
        bench.cloud.hook = lambda kind, moment, nodes: None
        bench.clock.now += 3600
        bench.cloud.dead.add("bad")
        with pytest.raises(StepsFailed):
            bench.build(bench.infra("db", "bad"))
        assert bench.machines == ["app", "db", "db", "db"]
        assert bench.plan(before).is_empty

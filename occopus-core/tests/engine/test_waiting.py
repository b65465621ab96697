"""What is made waits for what it depends on, also where that exists already and does not do well at the moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from occopus.errors import StepsFailed
from occopus.model.instance import NodeId, NodeState
from occopus.model.plan import Action
from occopus.plugins.resource import ErrorKind, ResourceError


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def described(bench: Any, *more: str, depends: tuple[str, ...] = ("app>db",), timeout: float = 5) -> Any:
    return bench.infra("db", *more, depends=depends, db=[bench.checked(timeout=timeout)])


def recover_after(bench: Any, looks: int) -> None:
    """Let `db` be healthy again after so many describes from now."""
    until = bench.cloud.calls["describe"] + looks

    def hook(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if bench.cloud.calls["describe"] >= until:
            bench.sick.clear()

    bench.cloud.hook = hook


def note_creates(bench: Any) -> list[tuple[str, bool]]:
    """Whether `db` was healthy when each create was asked for."""
    noted: list[tuple[str, bool]] = []
    before = bench.cloud.hook

    def hook(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        before(kind, moment, nodes)
        if (kind, moment) == ("create", "stored"):
            noted.append((bench.cloud.of(nodes[0])[0].handle.node_name, "db" not in bench.sick))

    bench.cloud.hook = hook
    return noted


class TestRecovers:
    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_a_new_dependent_is_made_when_what_it_depends_on_is_healthy_again(self, bench: Any, parallelism: int) -> None:
        bench.policy = replace(bench.policy, parallelism=parallelism)
        bench.build(described(bench, depends=()))
        bench.sick["db"] = "no answer"
        wanted = described(bench, "app")
        planned = bench.plan(wanted)
        assert [(step.action, step.node_name) for step in planned.visible] == [(Action.AWAIT, "db"), (Action.CREATE, "app")]
        recover_after(bench, 20)
        noted = note_creates(bench)
        bench.build(wanted)
        assert noted == [("app", True)]
        assert any("fit: no answer" in reason for _, reason in bench.waits)
        assert bench.machines == ["app", "db"]
        assert {each.state for each in bench.instances} == {NodeState.READY}
        assert bench.of("db")[0].failing_since is None

    def test_a_replaced_dependent_too(self, bench: Any) -> None:
        bench.build(described(bench, "app"))
        bench.sick["db"] = "no answer"
        bench.vanish(*bench.ids("app"))
        recover_after(bench, 20)
        noted = note_creates(bench)
        bench.maintain()
        assert noted == [("app", True)]

    def test_one_that_is_stopped_is_left_to_a_later_pass(self, bench: Any) -> None:
        """Nobody knows when somebody will start it again."""
        bench.build(described(bench, "app"))
        (db,) = bench.ids("db")
        bench.vanish(*bench.ids("app"))
        bench.report_as(db, NodeState.TEMP_FAILED, "somebody stopped it")
        with pytest.raises(StepsFailed, match="temp_failed: somebody stopped it"):
            bench.maintain()
        bench.cloud.states.clear()
        bench.maintain()
        assert bench.machines == ["app", "db"]
        assert bench.ids("db") == [db]

    def test_all_instances_of_all_dependees_are_waited_for_and_each_once(self, bench: Any) -> None:
        check = [bench.checked(timeout=5)]
        nodes = {"name": "db", "scaling": {"min": 2}}, "cache"
        bench.build(bench.infra(*nodes, db=check, cache=check))
        bench.sick.update(db="no answer", cache="cold")
        wanted = bench.infra(*nodes, "app", "web", depends=["app>db", "app>cache", "web>db"], db=check, cache=check)
        assert bench.plan(wanted).counts == {Action.AWAIT: 3, Action.CREATE: 2}

    def test_nothing_is_waited_for_where_nothing_is_made(self, bench: Any) -> None:
        bench.build(described(bench, "app"))
        bench.sick["db"] = "no answer"
        assert bench.plan().is_empty
        assert bench.maintain().done == []

    def test_a_look_that_fails_once_does_not_end_the_wait(self, bench: Any) -> None:
        """As it ends neither a creation nor a removal."""
        bench.build(described(bench, "app"))
        bench.sick["db"] = "no answer"
        bench.vanish(*bench.ids("app"))
        recover_after(bench, 20)
        bench.cloud.fail("describe", bench.cloud.calls["describe"] + 5, ResourceError(ErrorKind.TRANSIENT, "the line broke"))
        bench.maintain()
        assert bench.machines == ["app", "db"]


class TestNeverRecovers:
    def test_nothing_is_made_and_the_next_pass_replaces_it_first(self, bench: Any) -> None:
        bench.build(described(bench, "app"))
        (db,) = bench.ids("db")
        bench.sick[db] = "no answer"
        bench.vanish(*bench.ids("app"))
        with pytest.raises(StepsFailed, match=f"await db {db}: failed: unhealthy for more than 5 s: fit: no answer"):
            bench.maintain()
        assert bench.machines == ["db"]
        assert ("await-failed", "db") in bench.story
        assert bench.of("db")[0].state is NodeState.FAILED
        begun = len(bench.events())
        bench.maintain()
        assert bench.machines == ["app", "db"]
        assert [(event.kind, event.node_name) for event in bench.events()[begun:]] == [
            ("dropping", "db"),
            ("dropped", "db"),
            ("creating", "db"),
            ("ready", "db"),
            ("creating", "app"),
            ("ready", "app"),
        ]

    def test_one_that_goes_while_it_is_waited_for_ends_the_wait(self, bench: Any) -> None:
        bench.build(described(bench, "app"))
        (db,) = bench.ids("db")
        bench.sick[db] = "no answer"
        bench.vanish(*bench.ids("app"))
        until = bench.cloud.calls["describe"] + 8

        def vanish(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if (kind, moment, bench.cloud.calls["describe"]) == ("describe", "before", until):
                bench.vanish(db)

        bench.cloud.hook = vanish
        with pytest.raises(StepsFailed, match=f"await db {db}: it is gone"):
            bench.maintain()
        bench.maintain()
        assert bench.machines == ["app", "db"]

    def test_the_wait_lasts_no_longer_than_a_creation_may(self, bench: Any) -> None:
        bench.build(described(bench, "app", timeout=10**6))
        bench.sick["db"] = "no answer"
        bench.vanish(*bench.ids("app"))
        begun = bench.clock.now
        with pytest.raises(StepsFailed, match=r"await db .*: not ready within 20 s: fit: no answer"):
            bench.maintain()
        assert 20 <= bench.clock.now - begun < 30

    def test_a_build_that_waits_in_vain_is_rolled_back(self, bench: Any) -> None:
        bench.build(described(bench, depends=()))
        bench.sick["db"] = "no answer"
        with pytest.raises(StepsFailed, match="await db"):
            bench.build(described(bench, "app"))
        bench.sick.clear()
        bench.maintain()
        assert bench.machines == ["db"]

    def test_what_can_not_be_seen_is_not_waited_for(self, bench: Any) -> None:
        other = type(bench)(bench.composition, bench.data_dir)
        bench.build(bench.infra("db", "app", depends=["app>db"], app=[other.implementation()]))
        other.cloud.things.clear()
        bench.cloud.unreachable = True
        begun = bench.clock.now
        with pytest.raises(StepsFailed, match="await db"):
            bench.maintain()
        assert bench.clock.now - begun < 5
        assert len(other.cloud.made) == 1
        bench.cloud.unreachable = False
        bench.maintain()
        assert len(other.cloud.things) == 1


def test_one_step_at_a_time_does_not_mean_that_others_wait_too(bench: Any) -> None:
    bench.build(described(bench, "app", "other"))
    bench.sick["db"] = "no answer"
    bench.vanish(*bench.ids("app"))
    bench.vanish(*bench.ids("other"))
    noted = note_creates(bench)
    with pytest.raises(StepsFailed, match="await db"):
        bench.maintain()
    assert noted == [("other", False)]
    assert bench.machines == ["db", "other"]

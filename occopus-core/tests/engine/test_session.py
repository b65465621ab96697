"""The commands as a whole: build, destroy, report and plan, and what is left when they fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from occopus.engine import session
from occopus.errors import InfrastructureNotFound, Interrupted, StepsFailed, StoreError
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState, Phase
from occopus.model.plan import Action
from occopus.model.secret import SecretReference
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.base import Append, Change, Lease, Record
from occopus.store.memory import MemoryStore
from occopus.store.records import load_infra, put_infra

CHAIN = {"depends": ["app>db", "web>app"]}
CANARY = "canary-8c1f"


def everything(bench: Any) -> list[Record]:
    return [record for kind in ("infrastructure", "instance", "event") for record in bench.store.scan(kind)]


def parallel(bench: Any, number: int = 8) -> None:
    bench.policy = replace(bench.policy, parallelism=number)


class TestBuild:
    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_everything_that_is_described_is_made_in_order(self, bench: Any, parallelism: int) -> None:
        parallel(bench, parallelism)
        instances = bench.build(bench.infra("db", {"name": "app", "scaling": {"min": 2}}, "web", **CHAIN))
        assert [thing.handle.node_name for thing in bench.cloud.made] == ["db", "app", "app", "web"]
        assert [(each.phase, each.state) for each in instances] == [(Phase.CREATED, NodeState.READY)] * 4
        assert bench.plan().is_empty

    def test_building_again_does_nothing(self, bench: Any) -> None:
        wanted = bench.infra("db", "app")
        assert bench.build(wanted) == bench.build(wanted)
        assert len(bench.made) == 2

    def test_the_events_tell_the_story(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", depends=["app>db"]))
        bench.destroy()
        assert bench.story == [
            ("build-started", ""),
            ("creating", "db"),
            ("ready", "db"),
            ("creating", "app"),
            ("ready", "app"),
            ("built", ""),
            ("destroy-started", ""),
            ("dropping", "app"),
            ("dropped", "app"),
            ("dropping", "db"),
            ("dropped", "db"),
            ("destroyed", ""),
        ]
        assert [(event.kind, event.node_name) for event in bench.heard] == bench.story

    def test_what_died_meanwhile_is_replaced(self, bench: Any) -> None:
        wanted = bench.infra("db", "app")
        bench.build(wanted)
        bench.cloud.dead.add("db")
        assert [step.action for step in bench.plan().visible] == [Action.DROP, Action.CREATE]
        bench.cloud.hook = lambda kind, moment, nodes: bench.cloud.dead.clear() if kind == "drop" else None
        bench.build(wanted)
        assert (bench.made, bench.machines) == (["app", "db", "db"], ["app", "db"])
        assert ("failed", "db") in bench.story

    def test_what_vanished_meanwhile_is_replaced(self, bench: Any) -> None:
        wanted = bench.infra("db")
        bench.build(wanted)
        bench.cloud.things.clear()
        bench.build(wanted)
        assert bench.machines == ["db"]

    def test_the_plan_is_what_is_done(self, bench: Any) -> None:
        before = bench.infra("db", "app", "old", depends=["app>db"])
        after = bench.infra("db", "new", "app", depends=["app>db"], db=[bench.implementation("large")])
        bench.build(before)
        bench.cloud.dead.add("app")
        planned = bench.plan(after)
        bench.heard.clear()
        bench.cloud.hook = lambda kind, moment, nodes: bench.cloud.dead.clear() if kind == "drop" else None
        bench.build(after)
        done = [(event.kind, event.node_name) for event in bench.heard if event.kind in ("creating", "dropping")]
        words = {Action.CREATE: "creating", Action.DROP: "dropping"}
        assert sorted(done) == sorted((words[step.action], step.node_name) for step in planned.visible)

    def test_an_infrastructure_that_must_exist_and_does_not_is_not_made(self, bench: Any) -> None:
        services = bench.services()
        with pytest.raises(InfrastructureNotFound):
            asyncio.run(session.build(services, InfraId("other"), bench.infra("db"), asyncio.Event(), must_exist=True))
        assert everything(bench) == []


class TestFailure:
    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_everything_is_rolled_back_and_the_reason_is_said(self, bench: Any, parallelism: int) -> None:
        parallel(bench, parallelism)
        bench.cloud.fail("create", 2, ResourceError(ErrorKind.QUOTA, "you have had enough"))
        with pytest.raises(StepsFailed, match=r"create app .*: you have had enough"):
            bench.build(bench.infra("db", "app", "web", **CHAIN))
        assert bench.made == ["db"]
        assert bench.is_clean
        assert ("create-failed", "app") in bench.story
        assert bench.story[-1] == ("destroyed", "")

    def test_a_handlers_own_mistake_is_rolled_back_like_any_failure(self, bench: Any, clock: Any) -> None:
        bench.cloud.fail("create", 2, KeyError("nobody thought of this"))
        with pytest.raises(StepsFailed, match="KeyError: 'nobody thought of this'"):
            bench.build(bench.infra("db", "app"), clock=clock)
        assert bench.is_clean

    def test_a_rollback_that_fails_names_the_instances_and_the_command_that_finishes(self, bench: Any) -> None:
        bench.cloud.fail("create", 3, ResourceError(ErrorKind.QUOTA, "enough"))
        bench.cloud.fail("drop", 2, ResourceError(ErrorKind.UNKNOWN, "stuck"))
        with pytest.raises(StepsFailed) as raised:
            bench.build(bench.infra("db", "app", "web", **CHAIN))
        (left,) = [each for each in bench.instances if each.node_name == "app"]
        assert "enough" in raised.value.message
        assert "the rollback is not complete" in raised.value.message
        assert f"drop app {left.node_id}: stuck" in raised.value.message
        assert "occopus destroy -i infra-1" in str(raised.value.hint)
        assert left.phase is Phase.DROPPING
        bench.cloud.failures.clear()
        bench.destroy()
        assert bench.is_clean

    def test_a_failed_change_goes_back_to_what_it_was_before(self, bench: Any) -> None:
        before = bench.infra("db", "app", depends=["app>db"])
        bench.build(before)
        kept = {thing.id for thing in bench.cloud.things if thing.handle.node_name == "db"}
        bench.cloud.dead.add("bad")
        with pytest.raises(StepsFailed, match="kernel panic"):
            bench.build(bench.infra("db", "new", "bad", depends=["new>db", "bad>new"]))
        assert bench.machines == ["app", "db"]
        assert kept <= {thing.id for thing in bench.cloud.things}
        assert bench.plan().is_empty
        assert bench.plan(before).is_empty
        assert bench.story[-1] == ("rolled-back", "")

    def test_targets_survive_a_change_that_failed(self, bench: Any) -> None:
        before = bench.infra("db", {"name": "app", "scaling": {"min": 1, "max": 3}})
        bench.build(before)
        known = load_infra(bench.store, InfraId("infra-1"))
        bench.store.write([put_infra(replace(known.value, targets={"app": 3}), known.version)])
        bench.build(before)
        bench.cloud.dead.add("bad")
        with pytest.raises(StepsFailed):
            bench.build(bench.infra("db", "bad"))
        assert bench.machines == ["app", "app", "app", "db"]

    def test_machines_that_keep_dying_end_the_build(self, bench: Any) -> None:
        """Each comes up, and is dead at the next look."""

        def die(kind: str, moment: str, nodes: Sequence[NodeId]) -> None:
            dead = bench.cloud.dead
            dead.clear()
            if kind == "describe" and any(thing.looks > bench.cloud.boot_looks for thing in bench.cloud.things):
                dead.add("db")

        bench.cloud.hook = die
        with pytest.raises(StepsFailed, match="keeps changing"):
            bench.build(bench.infra("db"))
        assert len(bench.made) == bench.policy.rounds
        assert bench.is_clean


class TestStopping:
    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_a_build_that_is_stopped_is_rolled_back(self, bench: Any, parallelism: int) -> None:
        parallel(bench, parallelism)
        bench.cloud.pending.add("app")
        with pytest.raises(Interrupted, match="everything that was made is removed again"):
            bench.build(bench.infra("db", "app", depends=["app>db"]), stop_when=lambda: bench.made == ["app", "db"])
        assert bench.is_clean

    def test_a_change_that_is_stopped_is_taken_back(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.cloud.pending.add("app")
        with pytest.raises(Interrupted, match="it is as it was before"):
            bench.build(bench.infra("db", "app"), stop_when=lambda: "app" in bench.made)
        assert bench.machines == ["db"]

    def test_a_destroy_that_is_stopped_goes_on_when_it_is_run_again(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", depends=["app>db"]))
        bench.cloud.drop_looks = 10**9
        with pytest.raises(Interrupted) as raised:
            bench.destroy(stop_when=lambda: bool(bench.cloud.leaving))
        assert "occopus destroy -i infra-1" in str(raised.value.hint)
        assert bench.report()[0].desired is None
        bench.cloud.drop_looks = 0
        bench.cloud.things[-1].leaving = False
        bench.destroy()
        assert bench.is_clean


class TestDestroy:
    def test_dependents_go_first(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", "web", **CHAIN))
        bench.destroy()
        assert [node for kind, node in bench.story if kind == "dropping"] == ["web", "app", "db"]
        assert bench.is_clean

    def test_what_can_go_goes_although_something_else_can_not(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", "other", depends=["app>db"]))
        bench.cloud.fail("drop", 1, ResourceError(ErrorKind.UNKNOWN, "stuck"))
        with pytest.raises(StepsFailed, match="stuck"):
            bench.destroy()
        assert bench.machines == ["other"]
        bench.destroy()
        assert bench.is_clean

    def test_there_is_nothing_to_destroy(self, bench: Any) -> None:
        with pytest.raises(InfrastructureNotFound):
            bench.destroy()


class TestUnreachable:
    def test_its_instances_are_unknown_and_nothing_is_dropped(self, bench: Any) -> None:
        wanted = bench.infra("db", "app")
        bench.build(wanted)
        bench.cloud.unreachable = True
        _, instances = bench.report()
        assert [each.state for each in instances] == [NodeState.UNKNOWN] * 2
        assert "can't be reached" in instances[0].reason
        assert bench.plan().is_empty
        bench.build(wanted)
        assert bench.cloud.calls["drop"] == 0
        bench.cloud.unreachable = False
        assert [each.state for each in bench.report()[1]] == [NodeState.READY] * 2

    @pytest.mark.parametrize("error", [ResourceError(ErrorKind.CREDENTIALS, "who are you?"), KeyError("a handler's mistake")])
    def test_a_backend_that_can_not_be_asked_is_treated_alike(self, bench: Any, error: Exception) -> None:
        bench.build(bench.infra("db"))
        bench.cloud.fail("describe", None, error)
        assert [each.state for each in bench.report()[1]] == [NodeState.UNKNOWN]
        assert bench.plan().is_empty

    def test_a_config_manager_that_can_not_be_reached_too(self, bench: Any) -> None:
        keeper = {"type": "keeper", "endpoint": bench.endpoint}
        bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        bench.server.error = ResourceError(ErrorKind.TRANSIENT, "the keeper sleeps")
        (db,) = bench.report()[1]
        assert (db.state, "the keeper sleeps" in db.reason) == (NodeState.UNKNOWN, True)
        assert bench.plan().is_empty


class TestReport:
    def test_it_says_how_everything_does_now_and_writes_nothing(self, bench: Any) -> None:
        state = {"db": None}
        bench.build(bench.infra("db", "app", db=[bench.implementation(health_check=bench.health(lambda target: state["db"]))]))
        bench.cloud.dead.add("app")
        state["db"] = "no answer"
        before = everything(bench)
        _, instances = bench.report()
        assert [(each.node_name, each.state, each.reason) for each in instances] == [
            ("db", NodeState.PENDING, "fit: no answer (for 0 s; replaced after 600 s)"),
            ("app", NodeState.FAILED, "kernel panic"),
        ]
        bench.plan()
        assert everything(bench) == before

    def test_it_needs_no_lease(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.store.acquire("infra-1", "somebody else", 100)
        assert len(bench.report()[1]) == 1

    def test_it_shows_what_is_on_its_way_out(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.cloud.fail("drop", None, ResourceError(ErrorKind.UNKNOWN, "stuck"))
        with pytest.raises(StepsFailed):
            bench.destroy()
        record, (db,) = bench.report()
        assert (record.desired, db.phase) == (None, Phase.DROPPING)

    def test_all_of_an_endpoint_are_looked_at_by_one_call(self, bench: Any) -> None:
        parallel(bench)
        bench.build(bench.infra({"name": "db", "scaling": {"min": 50}}))
        bench.cloud.calls.clear()
        assert len(bench.report()[1]) == 50
        assert bench.cloud.calls == {"describe": 1}


class TestHealthHistory:
    def test_failing_health_is_tolerated_for_its_time_and_then_the_node_is_replaced(self, bench: Any) -> None:
        verdicts = ["broken"]
        check = bench.health(lambda target: verdicts[0] if verdicts and target.node_id == first else None) | {"timeout": 60}
        wanted, first = bench.infra("db", db=[bench.implementation(health_check=check)]), ""
        (db,) = bench.build(wanted)
        first = db.node_id
        bench.build(wanted)  # notes since when it fails
        assert ("pending", "db") in bench.story
        assert bench.instances[0].failing_since is not None
        assert bench.plan().is_empty
        later = bench.services().clock
        later.time = lambda now=later.time: now() + 61  # type: ignore[method-assign, misc]
        assert [step.action for step in bench.plan(clock=later).visible] == [Action.DROP, Action.CREATE]
        verdicts.clear()
        bench.build(wanted)
        assert bench.instances[0].failing_since is None


class TestSecrets:
    def test_what_a_backend_repeats_of_its_credentials_is_in_no_record(self, bench: Any) -> None:
        bench.with_password(CANARY)
        bench.build(bench.infra("db"))
        bench.cloud.fail("drop", 1, ResourceError(ErrorKind.TRANSIENT, f"{CANARY} was throttled"))
        bench.cloud.fail("drop", 2, ResourceError(ErrorKind.UNKNOWN, f"who is {CANARY}?"))
        with pytest.raises(StepsFailed):
            bench.destroy()
        assert "drop-failed" in dict(bench.story)
        assert "who is " in json.dumps([record.value for record in everything(bench)])
        assert CANARY not in json.dumps([record.value for record in everything(bench)])
        assert not any(CANARY in event.message for event in bench.heard)

    @pytest.mark.parametrize("section", ["resource", "config_management"])
    def test_a_secret_that_a_section_refers_to_is_in_no_record(self, bench: Any, section: str) -> None:
        reference = SecretReference("env", CANARY).as_json()
        keeper = {"type": "keeper", "endpoint": bench.endpoint}
        sections = {"resource": {"resource": bench.implementation()["resource"] | {"name": reference}}}
        sections["config_management"] = {"config_management": {**keeper, "password": reference}}
        bench.build(bench.infra("db", db=[bench.implementation() | sections[section]]))
        assert f"secret-of-{CANARY}" not in json.dumps([record.value for record in everything(bench)])
        if section == "config_management":
            (registered,) = bench.server.nodes.values()
            assert registered.section["password"] == f"secret-of-{CANARY}"


class Full(MemoryStore):
    """Refuses the n-th write of instances."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, changes: Sequence[Change], lease: Lease | None = None) -> None:
        self.number -= any(not isinstance(change, Append) for change in changes)
        if self.number == 0:
            raise StoreError("the disk is full")
        super().write(changes, lease)


class TestBrokenStore:
    @pytest.mark.parametrize("number", range(2, 9))
    def test_nothing_is_undone_without_a_store_and_the_next_run_finishes(self, bench: Any, number: int) -> None:
        bench.store = Full(number)
        wanted = bench.infra("db", "app", depends=["app>db"])
        with pytest.raises(StoreError, match="the disk is full"):
            bench.build(wanted)
        assert bench.cloud.calls["drop"] == 0
        bench.build(wanted)
        assert (bench.made, bench.machines) == (["app", "db"], ["app", "db"])

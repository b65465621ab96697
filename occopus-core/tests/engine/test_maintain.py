"""Maintaining: what is broken is replaced, what may recover is left alone, and what was left half done is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from occopus.credentials import Credentials
from occopus.credentials_file import Entry
from occopus.engine.lease import Owner
from occopus.errors import InfrastructureNotFound, Interrupted, LeaseHeld, StepsFailed
from occopus.model.instance import NodeId, NodeState, Phase
from occopus.model.plan import Action
from occopus.plugins.resource import ErrorKind, ResourceError

CHAIN = {"depends": ["app>db", "web>app"]}
INFRA = "infra-1"


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def keeper(bench: Any) -> dict[str, Any]:
    return {"type": "keeper", "endpoint": bench.endpoint}


def in_parallel(bench: Any, number: int = 8) -> None:
    bench.policy = replace(bench.policy, parallelism=number)


def told_since(bench: Any, moment: int) -> list[tuple[str, str, str]]:
    """The events after the first so many: kind, node, instance."""
    return [(event.kind, event.node_name, event.node_id) for event in bench.events()[moment:]]


class TestHealthy:
    def test_a_pass_writes_nothing_and_asks_each_endpoint_and_each_config_manager_once(self, bench: Any) -> None:
        in_parallel(bench)
        other = type(bench)(bench.composition, bench.data_dir)
        described = bench.infra(
            {"name": "db", "scaling": {"min": 20}},
            {"name": "app", "scaling": {"min": 20}},
            "web",
            depends=["app>db"],
            db=[bench.implementation(config_management=keeper(bench)) | {"health_check": bench.checked()["health_check"]}],
            app=[other.implementation()],
        )
        bench.build(described)
        bench.cloud.calls.clear()
        other.cloud.calls.clear()
        bench.server.log.clear()
        bench.store.batches.clear()
        outcome = bench.maintain()
        assert (bench.cloud.calls, other.cloud.calls) == ({"describe": 1}, {"describe": 1})
        assert bench.server.log == [("states", "")]
        assert bench.store.batches == []
        assert (len(outcome.instances), outcome.done, outcome.warnings, outcome.exists) == (41, [], (), True)

    def test_pass_after_pass_writes_nothing(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", "web", **CHAIN))
        before = bench.dump
        for _ in range(5):
            bench.clock.now += 1000
            bench.maintain()
        assert bench.dump == before

    def test_there_is_nothing_to_maintain(self, bench: Any) -> None:
        with pytest.raises(InfrastructureNotFound):
            bench.maintain()


def gone(bench: Any, node_id: str) -> str:
    bench.vanish(node_id)
    return "shutdown: gone: its backend no longer knows it"


def failed(bench: Any, node_id: str) -> str:
    bench.report_as(node_id, NodeState.FAILED, "kernel panic")
    return "failed: kernel panic"


def shut_down(bench: Any, node_id: str) -> str:
    bench.report_as(node_id, NodeState.SHUTDOWN, "terminated by somebody")
    return "shutdown: terminated by somebody"


class TestHealing:
    @pytest.mark.parametrize("parallelism", [0, 8])
    @pytest.mark.parametrize("break_it", [gone, failed, shut_down])
    def test_a_broken_instance_is_dropped_and_then_replaced_and_nothing_else_is_touched(
        self, bench: Any, break_it: Callable[[Any, str], str], parallelism: int
    ) -> None:
        in_parallel(bench, parallelism)
        bench.build(bench.infra("db", {"name": "app", "scaling": {"min": 2}}, "web", **CHAIN))
        first, second = bench.ids("app")
        others = bench.of("db") + bench.of("web")
        why, begun = break_it(bench, first), len(bench.events())
        outcome = bench.maintain()
        assert [(step.action, step.node_name) for step in outcome.done] == [(Action.DROP, "app"), (Action.CREATE, "app")]
        kept, new = bench.of("app")
        assert kept.node_id == second
        assert new.origin == f"replaces {first} ({why})"
        assert bench.of("db") + bench.of("web") == others
        state = why.partition(":")[0]
        assert told_since(bench, begun) == [
            (state, "app", first),
            ("dropping", "app", first),
            ("dropped", "app", first),
            ("creating", "app", new.node_id),
            ("ready", "app", new.node_id),
        ]
        seen, dropping, dropped, creating, ready = bench.events()[begun:]
        assert seen.message == why.partition(": ")[2]
        assert dropping.message == dropped.message == f"{why}; replaced by {new.node_id}"
        assert creating.message == f"by cloud #1: {new.origin}"
        assert ready.message == new.origin
        assert bench.machines == ["app", "app", "db", "web"]

    def test_it_converges_in_one_pass(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        bench.maintain()
        assert bench.plan().is_empty
        assert bench.maintain().done == []

    @pytest.mark.parametrize("state", [NodeState.TEMP_FAILED, NodeState.UNKNOWN, NodeState.PENDING])
    def test_what_may_recover_is_left_alone_and_each_change_is_told_once(self, bench: Any, state: NodeState) -> None:
        bench.build(bench.infra("db", "app", depends=["app>db"]))
        (db,) = bench.ids("db")
        begun = len(bench.events())
        bench.clock.now += 10
        bench.report_as(db, state, "somebody stopped it")
        for _ in range(3):
            assert bench.maintain().done == []
            bench.clock.now += 10000
        changed_at = bench.of("db")[0].state_since
        bench.cloud.states.clear()
        bench.maintain()
        bench.maintain()
        assert told_since(bench, begun) == [(str(state), "db", db), ("ready", "db", db)]
        went, came = bench.events()[begun:]
        assert (went.message, went.time) == ("somebody stopped it", changed_at)
        assert came.time == pytest.approx(went.time + 30000)
        assert bench.ids("db") == [db]
        assert bench.cloud.calls["drop"] == 0

    def test_dependents_that_broke_too_go_first_and_come_last(self, bench: Any) -> None:
        in_parallel(bench)
        bench.build(bench.infra("db", "app", "web", **CHAIN))
        for node in ("db", "app", "web"):
            bench.vanish(*bench.ids(node))
        bench.heard.clear()
        bench.maintain()
        happened = [(event.kind, event.node_name) for event in bench.heard if event.kind in ("dropping", "dropped", "creating", "ready")]
        gone = [(kind, node) for node in ("web", "app", "db") for kind in ("dropping", "dropped")]
        come = [(kind, node) for node in ("db", "app", "web") for kind in ("creating", "ready")]
        assert happened == gone + come

    def test_a_dependent_is_told_of_the_new_instance(self, bench: Any) -> None:
        knows_db = {"type": "cloudinit", "context_template": {"write_files": [{"path": "/db", "content": "{{getip('db')}}"}]}}
        bench.build(bench.infra("db", "app", depends=["app>db"], app=[bench.implementation(contextualisation=knows_db)]))
        before = bench.of("app")[0].inputs_hash
        bench.vanish(*bench.ids("db"))
        bench.vanish(*bench.ids("app"))
        bench.maintain()
        assert bench.of("app")[0].inputs_hash != before

    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_a_dependent_is_not_told_of_what_is_dead(self, bench: Any, parallelism: int) -> None:
        """The older of two is gone, one is enough from now on, and the dependent has to be made anew."""
        in_parallel(bench, parallelism)
        knows_db = {"type": "cloudinit", "context_template": {"write_files": [{"path": "/db", "content": "{{getip('db')}}"}]}}
        node = {"name": "db", "scaling": {"min": 1, "max": 2}}
        bench.build(bench.infra(node, "app", depends=["app>db"], app=[bench.implementation(contextualisation=knows_db)]))
        bench.scale("db", target=2)
        bench.maintain()
        bench.scale("db", target=1)
        bench.vanish(bench.ids("db")[0])
        bench.vanish(bench.ids("app")[0])
        bench.maintain()
        told = bench.of("app")[0].inputs_hash
        bench.vanish(bench.ids("app")[0])
        bench.maintain()
        assert bench.of("app")[0].inputs_hash == told

    def test_a_changed_address_is_noted_once(self, bench: Any) -> None:
        (db,) = bench.build(bench.infra("db"))
        begun = len(bench.events())
        bench.report_as(db.node_id, NodeState.READY, "", "198.51.100.7")
        for _ in range(3):
            assert bench.maintain().done == []
        assert told_since(bench, begun) == [("address", "db", db.node_id)]
        assert bench.of("db")[0].address == "198.51.100.7"

    def test_an_instance_whose_drop_fails_is_left_to_the_next_pass_and_others_are_healed(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app"))
        (db,) = bench.ids("db")
        bench.vanish(*bench.ids("app"))
        bench.vanish(db)
        bench.cloud.fail("drop", 1, ResourceError(ErrorKind.UNKNOWN, "stuck"))
        with pytest.raises(StepsFailed, match=f"drop db {db}: stuck") as raised:
            bench.maintain()
        assert "occopus maintain -i infra-1" in str(raised.value.hint)
        assert bench.machines == ["app"]
        bench.maintain()
        assert bench.machines == ["app", "db"]
        assert bench.of("db")[0].origin.startswith(f"replaces {db}")

    @pytest.mark.parametrize("parallelism", [0, 8])
    def test_a_create_that_fails_is_left_to_the_next_pass_and_others_are_healed(self, bench: Any, parallelism: int) -> None:
        in_parallel(bench, parallelism)
        bench.build(bench.infra("db", "app", "other"))
        for node in ("db", "other"):
            bench.vanish(*bench.ids(node))
        bench.cloud.dead.add("db")
        with pytest.raises(StepsFailed, match=r"create db .*: failed: kernel panic"):
            bench.maintain()
        assert bench.machines == ["app", "db", "other"]
        assert ("create-failed", "db") in bench.story
        bench.cloud.hook = lambda kind, moment, nodes: bench.cloud.dead.clear() if kind == "drop" else None
        bench.maintain()
        assert bench.machines == ["app", "db", "other"]
        assert bench.plan().is_empty

    def test_why_an_instance_is_replaced_is_known_also_when_it_took_two_passes(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        (db,) = bench.ids("db")
        bench.vanish(db)
        bench.cloud.fail("create", 2, ResourceError(ErrorKind.QUOTA, "no more"))
        with pytest.raises(StepsFailed, match="no more"):
            bench.maintain()
        bench.maintain()
        (new,) = bench.of("db")
        assert new.origin == f"replaces {db} (shutdown: gone: its backend no longer knows it)"
        assert bench.machines == ["db"]

    def test_what_keeps_dying_ends_the_pass(self, bench: Any) -> None:
        bench.build(bench.infra("db"))

        def die(kind: str, moment: str, nodes: Sequence[NodeId]) -> None:
            bench.cloud.dead.clear()
            if kind == "describe" and any(thing.looks > bench.cloud.boot_looks for thing in bench.cloud.things):
                bench.cloud.dead.add("db")

        bench.cloud.hook = die
        with pytest.raises(StepsFailed, match="keeps changing"):
            bench.maintain()
        assert len(bench.machines) <= 1
        bench.cloud.hook = lambda kind, moment, nodes: None
        bench.cloud.dead.clear()
        bench.maintain()
        assert bench.machines == ["db"]


class TestUnreachable:
    @pytest.mark.parametrize("error", [ResourceError(ErrorKind.TRANSIENT, "no route"), ResourceError(ErrorKind.CREDENTIALS, "who?")])
    def test_its_instances_are_unknown_until_it_answers_and_nothing_is_dropped(self, bench: Any, error: ResourceError) -> None:
        other = type(bench)(bench.composition, bench.data_dir)
        bench.build(bench.infra({"name": "db", "scaling": {"min": 2}}, "app", depends=["app>db"], app=[other.implementation()]))
        first, second = bench.ids("db")
        before, begun = bench.instances, len(bench.events())
        bench.clock.now += 5
        bench.cloud.fail("describe", None, error)
        for _ in range(3):
            assert bench.maintain().done == []
        assert {each.node_id: str(each.state) for each in bench.instances} == {
            first: "unknown",
            second: "unknown",
            bench.ids("app")[0]: "ready",
        }
        assert [each.addresses for each in bench.instances] == [each.addresses for each in before]
        assert told_since(bench, begun) == [("unknown", "db", first), ("unknown", "db", second)]
        assert all(error.message in event.message for event in bench.events("unknown"))
        bench.cloud.failures.clear()
        for _ in range(3):
            bench.maintain()
        assert told_since(bench, begun + 2) == [("ready", "db", first), ("ready", "db", second)]
        assert (bench.cloud.calls["drop"], len(bench.made)) == (0, 2)

    def test_other_endpoints_are_healed_meanwhile(self, bench: Any) -> None:
        other = type(bench)(bench.composition, bench.data_dir)
        bench.build(bench.infra("db", "app", app=[other.implementation()]))
        bench.cloud.unreachable = True
        for thing in list(other.cloud.things):
            other.cloud.remove(thing)
        bench.maintain()
        assert len(other.cloud.things) == 1

    def test_a_dead_instance_of_an_endpoint_that_is_away_again_stays_where_it_is(self, bench: Any) -> None:
        """It was about to be removed when its endpoint went away."""
        bench.build(bench.infra("db"))
        (db,) = bench.ids("db")
        bench.vanish(db)
        bench.cloud.fail("drop", None, ResourceError(ErrorKind.TRANSIENT, "no route"))
        with pytest.raises(StepsFailed, match="no route"):
            bench.maintain()
        assert bench.ids("db") == [db]
        bench.cloud.failures.clear()
        bench.maintain()
        assert bench.machines == ["db"]

    def test_a_config_manager_that_is_away_makes_its_nodes_unknown(self, bench: Any) -> None:
        bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper(bench))]))
        begun = len(bench.events())
        bench.server.error = ResourceError(ErrorKind.TRANSIENT, "the keeper sleeps")
        for _ in range(2):
            assert bench.maintain().done == []
        bench.server.error = None
        bench.maintain()
        assert [kind for kind, *_ in told_since(bench, begun)] == ["unknown", "ready"]
        assert bench.cloud.calls["drop"] == 0

    def test_credentials_that_can_not_be_told_apart_any_more_do_likewise(self, bench: Any) -> None:
        bench.build(bench.infra("db", db=[bench.implementation("small")]))
        keys = {"endpoint": bench.endpoint}, {"flavour": "small"}
        bench.credentials = Credentials([Entry("resource", {"type": "cloud"} | more, {"password": "one"}) for more in keys])
        assert bench.maintain().done == []
        assert [each.state for each in bench.instances] == [NodeState.UNKNOWN]
        assert "several entries" in bench.instances[0].reason


class TestConfigManager:
    def described(self, bench: Any) -> Any:
        return bench.infra("db", db=[bench.implementation(config_management=keeper(bench))])

    def test_a_replaced_node_is_registered_anew_and_the_old_one_forgotten(self, bench: Any) -> None:
        bench.build(self.described(bench))
        (old,) = bench.ids("db")
        bench.vanish(old)
        bench.maintain()
        assert list(bench.server.nodes) == bench.ids("db") != [old]
        bench.destroy()
        assert bench.is_clean

    def test_a_node_that_its_config_manager_reports_as_failed_is_replaced(self, bench: Any) -> None:
        bench.build(self.described(bench))
        (old,) = bench.ids("db")
        bench.server.states["db"] = NodeState.FAILED
        bench.cloud.hook = lambda kind, moment, nodes: bench.server.states.clear() if kind == "drop" else None
        bench.maintain()
        assert bench.of("db")[0].origin == f"replaces {old} (failed: keeper failed to configure it)"

    def test_a_node_that_its_config_manager_no_longer_knows_is_waited_for_and_then_replaced(self, bench: Any) -> None:
        bench.build(self.described(bench))
        (old,) = bench.ids("db")
        bench.server.nodes.clear()
        assert bench.maintain().done == []
        assert bench.of("db")[0].state is NodeState.PENDING
        bench.clock.now += 601
        bench.maintain()
        assert bench.ids("db") != [old]
        assert list(bench.server.nodes) == bench.ids("db")


class TestHealth:
    @pytest.fixture
    def db(self, bench: Any) -> str:
        """One instance whose health may fail for 60 s."""
        bench.build(bench.infra("db", "app", depends=["app>db"], db=[bench.checked(timeout=60)]))
        return str(bench.ids("db")[0])

    def test_failing_for_a_while_is_pending_with_the_check_and_the_time_and_nothing_is_done(self, bench: Any, db: str) -> None:
        bench.sick[db] = "no answer"
        bench.clock.now += 100
        for after in (0, 20, 40):
            bench.clock.now = 100 + after
            assert bench.maintain().done == []
            (seen,) = [each for each in bench.report()[1] if each.node_name == "db"]
            assert (seen.state, seen.failing_since) == (NodeState.PENDING, pytest.approx(100, abs=1))
            assert seen.reason == f"fit: no answer (for {after} s; replaced after 60 s)"
        (told,) = bench.events("pending")
        assert (told.node_name, told.node_id, told.time) == ("db", db, pytest.approx(100, abs=1))
        assert "fit: no answer" in told.message

    def test_failing_for_longer_it_is_replaced(self, bench: Any, db: str) -> None:
        bench.sick[db] = "no answer"
        bench.clock.now = 100
        bench.maintain()
        bench.clock.now = 159
        assert bench.maintain().done == []
        bench.clock.now = 162
        bench.maintain()
        (new,) = bench.of("db")
        assert new.origin == f"replaces {db} (failed: unhealthy for more than 60 s: fit: no answer)"
        assert [event.kind for event in bench.events() if event.node_id == db][-4:] == ["pending", "failed", "dropping", "dropped"]
        assert (new.state, new.failing_since) == (NodeState.READY, None)

    def test_the_first_look_never_replaces_however_long_nobody_looked(self, bench: Any, db: str) -> None:
        bench.sick[db] = "no answer"
        bench.clock.now += 10**6
        assert bench.maintain().done == []

    def test_the_time_goes_on_in_another_process(self, bench: Any, db: str) -> None:
        bench.sick[db] = "no answer"
        bench.clock.now = 100
        bench.maintain()
        bench.clock = type(bench.clock)()
        bench.clock.now = 170
        assert [step.action for step in bench.plan().visible] == [Action.DROP, Action.CREATE]
        bench.maintain()
        assert bench.ids("db") != [db]

    def test_being_healthy_in_between_begins_it_anew(self, bench: Any, db: str) -> None:
        for moment, reason in ((100, "no answer"), (150, ""), (155, "no answer"), (210, "no answer")):
            bench.sick[db] = reason
            bench.clock.now = moment
            assert bench.maintain().done == []
        assert bench.of("db")[0].failing_since == pytest.approx(155, abs=1)
        bench.clock.now = 217
        bench.maintain()
        assert bench.ids("db") != [db]

    def test_a_machine_that_is_not_up_does_not_count_as_unhealthy(self, bench: Any, db: str) -> None:
        bench.sick[db] = "no answer"
        bench.report_as(db, NodeState.TEMP_FAILED, "somebody stopped it")
        for moment in (100, 1000, 10000):
            bench.clock.now = moment
            assert bench.maintain().done == []
        assert bench.of("db")[0].failing_since is None

    def test_a_check_that_is_described_only_now_is_asked_at_once(self, bench: Any, db: str) -> None:
        """The new instance is made with the check, the old one goes for it."""
        bench.build(bench.infra("db", "app", depends=["app>db"], db=[bench.checked(timeout=5)]))
        assert bench.ids("db") != [db]


def flavoured(bench: Any, *names: str) -> list[dict[str, Any]]:
    """Implementations that bear the names of their flavours."""
    return [{"resource": {**bench.implementation(name)["resource"], "name": name}} for name in names]


class TestImplementations:
    def test_where_the_first_choice_has_no_room_the_next_one_is_taken_also_in_a_pass(self, bench: Any) -> None:
        flavours = flavoured(bench, "small", "large")
        bench.build(bench.infra({"name": "db", "scaling": {"min": 1, "max": 4}}, db=flavours))
        bench.vanish(*bench.ids("db"))
        bench.cloud.capacity = {"small": 0}
        bench.scale("db", target=4)
        bench.maintain()
        assert {each.implementation for each in bench.of("db")} == {1}
        assert {each.label for each in bench.of("db")} == {"cloud 'large'"}
        assert {thing.flavour for thing in bench.cloud.things} == {"large"}
        refused = bench.events("no-capacity")
        assert all(event.message == "no room for small; cloud 'large' is tried next" for event in refused)

    def test_the_plan_says_which_one_is_taken_and_so_do_instance_and_events(self, bench: Any) -> None:
        flavours = flavoured(bench, "a", "b", "c")
        bench.build(bench.infra({"name": "db", "scaling": {"min": 16}}, db=flavours))
        chosen = {each.node_id: each.label for each in bench.of("db")}
        assert len(set(chosen.values())) > 1, "chance takes several"
        assert {event.node_id: event.message for event in bench.events("creating")} == {
            node_id: f"by {label}: wanted" for node_id, label in chosen.items()
        }
        wanted = bench.infra({"name": "db", "scaling": {"min": 24}}, db=flavours)
        planned = bench.plan(wanted)
        bench.build(wanted, exactly=planned.token)
        made = {step.node_id: (step.implementation, step.by) for step in planned.visible}
        assert made == {each.node_id: (each.implementation, each.label) for each in bench.of("db") if each.node_id not in chosen}

    def test_a_filter_leaves_only_what_fits_also_for_what_comes_in_place_of_another(self, bench: Any) -> None:
        flavours = [bench.implementation(flavour) for flavour in ("a", "b", "c")]
        node = {"name": "db", "filter": {"flavour": "b"}, "scaling": {"min": 6}}
        bench.build(bench.infra(node, db=flavours))
        for node_id in bench.ids("db"):
            bench.vanish(node_id)
        bench.maintain()
        assert {thing.flavour for thing in bench.cloud.made} == {"b"}
        assert {each.implementation for each in bench.of("db")} == {1}

    def test_when_none_has_room_the_pass_fails_and_the_next_one_tries_again(self, bench: Any) -> None:
        bench.build(bench.infra("db", db=[bench.implementation("small"), bench.implementation("large")]))
        bench.vanish(*bench.ids("db"))
        bench.cloud.capacity = {"small": 0, "large": 0}
        with pytest.raises(StepsFailed, match="no room for"):
            bench.maintain()
        bench.cloud.capacity = {}
        bench.maintain()
        assert bench.machines == ["db"]
        bench.destroy()
        assert bench.is_clean


class Killed(BaseException):
    """The process is no more."""


def kill_when(bench: Any, condition: Callable[[str, str], bool]) -> None:
    """Let the process that works die in the call of a handler for which a condition holds, by its kind and moment."""

    def hook(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if condition(kind, moment):
            raise Killed

    bench.cloud.hook = hook


def revive(bench: Any) -> None:
    """Let the lease of the dead expire."""
    bench.cloud.hook = lambda kind, moment, nodes: None
    bench.clock.now += 3600


class TestFinishing:
    def test_a_build_that_was_killed(self, bench: Any) -> None:
        kill_when(bench, lambda kind, moment: bench.made == ["app", "db"])
        with pytest.raises(Killed):
            bench.build(bench.infra("db", "app", "web", **CHAIN))
        revive(bench)
        bench.maintain()
        assert (bench.made, bench.machines) == (["app", "db", "web"], ["app", "db", "web"])
        assert (bench.record.changing, bench.record.former) == (False, None)
        assert bench.story[-1] == ("settled", "")

    def test_the_rollback_of_a_first_build_that_was_killed(self, bench: Any) -> None:
        bench.cloud.dead.add("web")
        kill_when(bench, lambda kind, moment: (kind, moment) == ("drop", "after"))
        with pytest.raises(Killed):
            bench.build(bench.infra("db", "app", "web", **CHAIN))
        assert bench.instances != []
        revive(bench)
        outcome = bench.maintain()
        assert not outcome.exists
        assert bench.is_clean

    def test_the_rollback_of_a_change_that_was_killed(self, bench: Any) -> None:
        before = bench.infra("db", "app", depends=["app>db"])
        bench.build(before)
        kept = bench.ids("db")
        bench.cloud.dead.add("bad")
        kill_when(bench, lambda kind, moment: bench.cloud.dead == {"bad"} and "rollback" in dict(bench.story))
        with pytest.raises(Killed):
            bench.build(bench.infra("db", "new", "bad", depends=["bad>new"]))
        revive(bench)
        bench.maintain()
        assert bench.machines == ["app", "db"]
        assert bench.ids("db") == kept
        assert bench.plan(before).is_empty
        assert (bench.record.changing, bench.record.former) == (False, None)

    def test_a_destroy_that_was_killed(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", "web", web=[bench.implementation(config_management=keeper(bench))], **CHAIN))
        kill_when(bench, lambda kind, moment: (kind, moment) == ("drop", "after") and bench.machines == ["db"])
        with pytest.raises(Killed):
            bench.destroy()
        assert bench.instances != []
        revive(bench)
        assert not bench.maintain().exists
        assert bench.is_clean
        with pytest.raises(InfrastructureNotFound):
            bench.maintain()

    def test_a_pass_that_was_killed_tells_of_the_same_reason_in_the_next(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        (db,) = bench.ids("db")
        bench.vanish(db)
        kill_when(bench, lambda kind, moment: kind == "drop")
        with pytest.raises(Killed):
            bench.maintain()
        revive(bench)
        bench.maintain()
        (new,) = bench.of("db")
        assert new.origin == f"replaces {db} (shutdown: gone: its backend no longer knows it)"
        assert bench.events("dropped")[-1].message == f"shutdown: gone: its backend no longer knows it; replaced by {new.node_id}"


class TestStopping:
    def test_before_the_first_step(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        before = bench.ids("db")
        with pytest.raises(Interrupted) as raised:
            bench.maintain(stop_when=lambda: True)
        assert "'occopus maintain -i infra-1' goes on where it ended" in str(raised.value.hint)
        assert bench.ids("db") == before

    @pytest.mark.parametrize("parallelism", [0, 8])
    @pytest.mark.parametrize("kind", ["creating", "ready", "dropping", "dropped"])
    def test_after_any_kind_of_event_the_next_pass_goes_on(self, bench: Any, kind: str, parallelism: int) -> None:
        in_parallel(bench, parallelism)
        bench.build(bench.infra("db", "app", "web", **CHAIN))
        for node in ("db", "app", "web"):
            bench.vanish(*bench.ids(node))
        bench.heard.clear()
        with pytest.raises(Interrupted):
            bench.maintain(stop_when=lambda: any(event.kind == kind for event in bench.heard))
        bench.maintain()
        assert bench.machines == ["app", "db", "web"]
        assert bench.plan().is_empty
        assert {each.phase for each in bench.instances} == {Phase.CREATED}

    def test_while_a_machine_boots(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        bench.cloud.pending.add("db")
        with pytest.raises(Interrupted):
            bench.maintain(stop_when=lambda: len(bench.made) == 2)
        assert [each.phase for each in bench.instances] == [Phase.CREATING]
        bench.cloud.pending.clear()
        bench.maintain()
        assert (bench.machines, len(bench.made)) == (["db"], 2)

    def test_while_a_machine_goes(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.report_as(bench.ids("db")[0], NodeState.FAILED)
        bench.cloud.drop_looks = 10**9
        with pytest.raises(Interrupted):
            bench.maintain(stop_when=lambda: bool(bench.cloud.leaving))
        assert [each.phase for each in bench.instances] == [Phase.DROPPING]
        bench.cloud.drop_looks, bench.cloud.things[-1].leaving = 0, False
        bench.maintain()
        assert bench.machines == ["db"]

    def test_while_an_unhealthy_dependee_is_waited_for(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app", depends=["app>db"], db=[bench.checked()]))
        bench.sick["db"] = "no answer"
        bench.vanish(*bench.ids("app"))
        with pytest.raises(Interrupted):
            bench.maintain(stop_when=lambda: any("no answer" in reason for _, reason in bench.waits))
        bench.sick.clear()
        bench.maintain()
        assert bench.machines == ["app", "db"]

    def test_while_a_call_is_repeated(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        bench.cloud.fail("create", None, ResourceError(ErrorKind.THROTTLED, "slowly"))
        bench.policy = replace(bench.policy, retry_attempts=10**6)
        with pytest.raises(Interrupted):
            bench.maintain(stop_when=lambda: any("slowly" in reason for _, reason in bench.waits))
        bench.cloud.failures.clear()
        bench.maintain()
        assert bench.machines == ["db"]


class TestLease:
    OTHER = str(Owner.new()._replace(host="elsewhere", place="another-machine", unique="1"))

    def test_it_waits_and_then_says_who_is_at_work(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        bench.store.acquire(INFRA, self.OTHER, 10**6)
        before, begun = bench.dump, bench.clock.now
        with pytest.raises(LeaseHeld, match=r"process .* on elsewhere"):
            bench.maintain()
        assert bench.clock.now - begun >= bench.policy.lease_patience
        assert bench.dump == before

    def test_it_goes_on_when_the_other_is_done(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.vanish(*bench.ids("db"))
        bench.store.acquire(INFRA, self.OTHER, 5)
        bench.maintain()
        assert bench.machines == ["db"]

"""Making and removing single instances: intent, effect, fact; and everything that can go wrong between them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from occopus.engine.clock import Clock
from occopus.errors import StepsFailed
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState, Phase
from occopus.plugins.health import Target
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.base import Key

TRANSIENT = ResourceError(ErrorKind.TRANSIENT, "the line broke")


def record(bench: Any, node_id: str) -> dict[str, Any]:
    """What the store has of an instance at this moment, asked for from within a handler."""
    found = bench.store.get(Key("instance", InfraId("infra-1"), node_id))
    return dict(found.value) if found else {}


class FirstOfTwo(Clock):
    """A clock from whose seed a plan chooses the first of two implementations for its first instance."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(0)

    def new_id(self) -> str:
        return f"{next(self._numbers):032}"


class TestIntentEffectFact:
    def test_the_intent_is_stored_before_the_handler_is_called_and_the_ids_before_it_returns(self, bench: Any) -> None:
        seen: list[tuple[str, str, dict[str, str]]] = []

        def look(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if kind in ("create", "drop"):
                stored = record(bench, nodes[0])
                seen.append((f"{moment} {kind}", stored["phase"], stored["ids"]))

        bench.cloud.hook = look
        bench.build(bench.infra("db"))
        bench.destroy()
        ids = {"machine": "machine-1"}
        assert seen == [
            ("before create", "creating", {}),
            ("after create", "creating", {}),
            ("stored create", "creating", ids),
            ("before drop", "dropping", ids),
            ("after drop", "dropping", ids),
        ]

    def test_a_checkpoint_is_stored_when_it_returns(self, bench: Any) -> None:
        """What the handler checkpoints survives although the rest of its call fails."""
        bench.cloud.parts = ("drive", "machine")
        stored: list[dict[str, str]] = []

        def look(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if (kind, moment) == ("describe", "before"):
                stored.append(record(bench, nodes[0])["ids"])

        bench.cloud.hook = look
        (db,) = bench.build(bench.infra("db"))
        assert stored[0] == {"drive": "drive-1"}
        assert stored[-1] == db.ids == {"drive": "drive-1", "machine": "machine-2"}

    def test_the_ids_of_every_step_of_a_long_creation_are_kept(self, bench: Any) -> None:
        bench.cloud.parts = ("drive", "port", "machine")
        bench.build(bench.infra("db"))
        assert bench.instances[0].ids == {"drive": "drive-1", "port": "port-2", "machine": "machine-3"}

    def test_a_ready_instance_is_stored_with_its_addresses(self, bench: Any) -> None:
        (db,) = bench.build(bench.infra("db"))
        assert (db.phase, db.state, db.address) == (Phase.CREATED, NodeState.READY, "10.0.0.2")
        assert bench.instances == [db]


class TestLostReplies:
    @pytest.mark.parametrize("after", [False, True])
    def test_a_create_that_is_repeated_makes_no_second_machine(self, bench: Any, after: bool) -> None:
        bench.cloud.fail("create", 1, TRANSIENT, after=after)
        bench.build(bench.infra("db"))
        assert (bench.made, bench.machines, bench.cloud.calls["create"]) == (["db"], ["db"], 2)

    @pytest.mark.parametrize("after", [False, True])
    def test_a_drop_that_is_repeated_succeeds(self, bench: Any, after: bool) -> None:
        bench.build(bench.infra("db"))
        bench.cloud.fail("drop", 1, TRANSIENT, after=after)
        bench.destroy()
        assert bench.is_clean

    def test_a_create_that_made_its_machine_and_then_failed_for_good_leaves_nothing(self, bench: Any) -> None:
        bench.cloud.fail("create", 1, ResourceError(ErrorKind.QUOTA, "no more"), after=True)
        with pytest.raises(StepsFailed, match="no more"):
            bench.build(bench.infra("db"))
        assert bench.made == ["db"]
        assert bench.is_clean

    def test_looks_that_fail_for_a_while_do_not_fail_the_creation(self, bench: Any) -> None:
        for number in range(1, 8):
            bench.cloud.fail("describe", number, TRANSIENT)
        bench.build(bench.infra("db"))
        assert bench.made == ["db"]
        assert any("its state is not known: the line broke" in reason for _, reason in bench.waits)


class TestWhoIsNotLetIn:
    """With the wrong password, say: neither making nor removing anything is possible."""

    NOT_YOU = ResourceError(ErrorKind.CREDENTIALS, "who are you?")

    def test_leaves_nothing_where_nothing_can_have_been_made(self, bench: Any) -> None:
        for kind in ("create", "drop"):
            bench.cloud.fail(kind, None, self.NOT_YOU)
        with pytest.raises(StepsFailed, match="who are you") as caught:
            bench.build(bench.infra("db"))
        assert "the rollback is not complete" not in caught.value.message
        assert list(bench.store.scan("infrastructure")) == list(bench.store.scan("instance")) == []

    @pytest.mark.parametrize("nodes", [("db",), ("db", "app", "web")])
    def test_nor_where_a_config_manager_lets_nobody_in(self, bench: Any, nodes: tuple[str, ...]) -> None:
        bench.server.error = self.NOT_YOU
        keeper = {"type": "keeper", "endpoint": bench.endpoint}
        managed = {name: [bench.implementation(config_management=keeper)] for name in nodes}
        with pytest.raises(StepsFailed, match="who are you") as caught:
            bench.build(bench.infra(*nodes, **managed))
        assert "the rollback is not complete" not in caught.value.message
        assert bench.is_clean

    def test_what_a_config_manager_may_know_is_kept(self, bench: Any) -> None:
        """It takes the infrastructure, and not the node: the key was revoked meanwhile."""

        def revoke(what: str) -> None:
            bench.server.error = self.NOT_YOU if what != "prepare" else None

        bench.server.hook = revoke
        keeper = {"type": "keeper", "endpoint": bench.endpoint}
        with pytest.raises(StepsFailed, match="the rollback is not complete"):
            bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        bench.server.hook, bench.server.error = lambda what: None, None
        bench.destroy()
        assert bench.is_clean
        assert bench.server.infras == set()

    def test_keeps_what_may_have_been_made_before(self, bench: Any) -> None:
        """The first reply is lost; when it is asked again, the password has been changed."""
        bench.cloud.fail("create", 1, TRANSIENT, after=True)
        bench.cloud.fail("create", 2, self.NOT_YOU)
        bench.cloud.fail("drop", None, self.NOT_YOU)
        with pytest.raises(StepsFailed, match="the rollback is not complete"):
            bench.build(bench.infra("db"))
        assert [instance.phase for instance in bench.instances] == [Phase.DROPPING]
        bench.cloud.failures.clear()
        bench.destroy()
        assert bench.cloud.things == []


class TestWaiting:
    def test_a_machine_that_appears_late_is_waited_for(self, bench: Any) -> None:
        bench.cloud.hidden = 4
        bench.build(bench.infra("db"))
        assert bench.machines == ["db"]

    def test_a_machine_that_never_appears_is_given_up(self, bench: Any, clock: Any) -> None:
        bench.cloud.hidden = 10**9
        with pytest.raises(StepsFailed, match="its backend no longer knows it"):
            bench.build(bench.infra("db"), clock=clock)
        assert clock.now >= 20, "its backend may take so long"
        assert bench.is_clean

    def test_a_machine_that_vanishes_while_it_boots_fails_at_once(self, bench: Any) -> None:
        def vanish(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if (kind, moment, bench.cloud.calls["describe"]) == ("describe", "before", 3):
                bench.cloud.things.clear()

        bench.cloud.pending.add("db")
        bench.cloud.hook = vanish
        with pytest.raises(StepsFailed, match="its backend no longer knows it"):
            bench.build(bench.infra("db"))

    def test_create_timeout_ends_the_wait_and_says_what_it_waited_for(self, bench: Any) -> None:
        bench.cloud.pending.add("db")
        with pytest.raises(StepsFailed, match="not ready within 1 s: booting") as raised:
            bench.build(bench.infra({"name": "db", "create_timeout": 1}))
        assert raised.value.hint == "a longer create_timeout may help"
        assert bench.is_clean

    def test_create_timeout_may_stand_in_the_definition_and_the_node_goes_over_it(self, bench: Any) -> None:
        bench.cloud.pending.add("db")
        definition = {**bench.implementation(), "create_timeout": 1}
        with pytest.raises(StepsFailed, match="not ready within 1 s"):
            bench.build(bench.infra("db", db=[definition]))
        with pytest.raises(StepsFailed, match="not ready within 2 s"):
            bench.build(bench.infra({"name": "db", "create_timeout": 2}, db=[definition]))

    def test_create_timeout_is_neither_cut_short_nor_overrun_by_a_long_interval(self, bench: Any) -> None:
        bench.cloud.pending.add("db")
        bench.policy = replace(bench.policy, poll_first=0.3, poll_longest=60.0, poll_growth=100.0)
        begun = time.monotonic()
        with pytest.raises(StepsFailed, match="not ready within 1 s"):
            bench.build(bench.infra({"name": "db", "create_timeout": 1}))
        assert 0.9 <= time.monotonic() - begun < 10

    def test_a_machine_that_dies_while_it_boots_fails_the_build_with_its_last_words(self, bench: Any) -> None:
        bench.cloud.dead.add("db")
        with pytest.raises(StepsFailed, match="failed: kernel panic"):
            bench.build(bench.infra("db"))
        assert bench.is_clean

    def test_slow_and_many_stepped_removals_are_followed_to_their_end(self, bench: Any) -> None:
        bench.cloud.parts, bench.cloud.drop_looks = ("drive", "port", "machine"), 3
        bench.build(bench.infra("db"))
        bench.destroy()
        assert bench.is_clean
        assert any(reason == "still pending: shutting down" for _, reason in bench.waits)

    def test_a_removal_without_end_is_given_up_and_stays_in_the_store(self, bench: Any) -> None:
        bench.build(bench.infra("db"))
        bench.cloud.drop_looks = 10**9
        bench.policy = replace(bench.policy, drop_timeout=0.05)
        with pytest.raises(StepsFailed, match=r"still pending after 0\.05 s"):
            bench.destroy()
        assert [instance.phase for instance in bench.instances] == [Phase.DROPPING]


class TestHealth:
    def test_an_instance_is_ready_when_its_checks_succeed(self, bench: Any) -> None:
        asked: list[Target] = []

        def verdict(target: Target) -> str | None:
            asked.append(target)
            return None if len(asked) > 3 else "still warming up"

        (db,) = bench.build(bench.infra("db", db=[bench.implementation(health_check=bench.health(verdict))]))
        assert asked[0] == Target(db.node_id, "db", "10.0.0.2")
        assert (db.node_id, "fit: still warming up") in bench.waits

    @pytest.mark.parametrize("verdict", [lambda target: "no answer", lambda target: 1 / 0])
    def test_health_that_never_comes_fails_with_the_reason(self, bench: Any, verdict: Any) -> None:
        wanted = bench.infra({"name": "db", "create_timeout": 1}, db=[bench.implementation(health_check=bench.health(verdict))])
        with pytest.raises(StepsFailed, match=r"not ready within 1 s: fit: (no answer|the check failed: ZeroDivisionError)"):
            bench.build(wanted)
        assert bench.is_clean

    def test_a_check_that_hangs_is_left_alone_and_holds_nothing_up(self, bench: Any) -> None:
        released = threading.Event()
        verdict = bench.health(lambda target: None if released.wait(30) else "late")
        wanted = bench.infra({"name": "db", "create_timeout": 1}, db=[bench.implementation(health_check=verdict)])
        begun = time.monotonic()
        with pytest.raises(StepsFailed, match="the check did not answer"):
            bench.build(wanted)
        assert time.monotonic() - begun < 15
        released.set()


class TestCapacity:
    def test_the_next_implementation_is_tried_and_nothing_is_left_of_the_first(self, bench: Any) -> None:
        """Whichever is tried first, two of the three are full when their second part is made."""
        bench.cloud.parts = ("drive", "machine")
        bench.cloud.capacity = {"small": 1, "medium": 1}
        flavours = [bench.implementation(flavour) for flavour in ("small", "medium", "large")]
        (db,) = bench.build(bench.infra("db", db=flavours))
        assert {thing.flavour for thing in bench.cloud.things} == {"large"}
        assert db.implementation == 2
        assert set(db.ids.values()) == {thing.id for thing in bench.cloud.things}

    def test_an_id_that_came_to_nothing_is_not_used_again(self, bench: Any) -> None:
        bench.cloud.parts, bench.cloud.capacity = ("drive", "machine"), {"small": 1, "medium": 1}
        bench.build(bench.infra("db", db=[bench.implementation(flavour) for flavour in ("small", "medium", "large")]))
        flavours_by_id: dict[str, set[str]] = {}
        for thing in bench.cloud.made:
            flavours_by_id.setdefault(thing.handle.node_id, set()).add(thing.flavour)
        assert all(len(flavours) == 1 for flavours in flavours_by_id.values())

    def test_when_all_are_full_the_build_fails_and_nothing_is_left(self, bench: Any) -> None:
        bench.cloud.capacity = {"small": 0, "large": 0}
        with pytest.raises(StepsFailed, match=r"no room for (small|large)"):
            bench.build(bench.infra("db", db=[bench.implementation("small"), bench.implementation("large")]))
        assert bench.is_clean
        assert ("no-capacity", "db") in bench.story

    def test_other_errors_try_no_other_implementation(self, bench: Any) -> None:
        bench.cloud.fail("create", 1, ResourceError(ErrorKind.INVALID, "nonsense"))
        with pytest.raises(StepsFailed, match="nonsense"):
            bench.build(bench.infra("db", db=[bench.implementation("small"), bench.implementation("large")]))
        assert bench.cloud.calls["create"] == 1

    def test_the_config_manager_forgets_the_first_too(self, bench: Any) -> None:
        bench.cloud.capacity = {"small": 0}
        keeper = {"type": "keeper", "endpoint": bench.endpoint}
        wanted = bench.infra("db", db=[bench.implementation("small", config_management=keeper), bench.implementation("large")])
        bench.build(wanted, clock=FirstOfTwo())
        assert bench.server.nodes == {}
        assert ("drop_node", "db") in bench.server.log


class TestConfigManager:
    @pytest.fixture
    def keeper(self, bench: Any) -> dict[str, Any]:
        return {"type": "keeper", "endpoint": bench.endpoint}

    def test_everything_is_asked_for_in_its_order(self, bench: Any, keeper: dict[str, Any]) -> None:
        def note(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if kind in ("create", "drop"):
                bench.server.log.append((f"{moment} {kind}", ""))

        bench.cloud.hook = note
        bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        bench.destroy()
        once = list(dict.fromkeys(bench.server.log))
        assert once == [
            ("prepare", "infra-1"),
            ("register", "db"),
            ("before create", ""),
            ("after create", ""),
            ("stored create", ""),
            ("states", ""),
            ("before drop", ""),
            ("after drop", ""),
            ("drop_node", "db"),
            ("drop_infrastructure", "infra-1"),
        ]
        assert bench.is_clean

    def test_a_node_is_ready_when_it_is_configured(self, bench: Any, keeper: dict[str, Any]) -> None:
        bench.server.states["db"] = NodeState.PENDING
        with pytest.raises(StepsFailed, match="not ready within 1 s: keeper has not configured it yet"):
            bench.build(bench.infra({"name": "db", "create_timeout": 1}, db=[bench.implementation(config_management=keeper)]))
        assert bench.is_clean

    def test_a_node_that_could_not_be_configured_fails(self, bench: Any, keeper: dict[str, Any]) -> None:
        bench.server.states["db"] = NodeState.FAILED
        with pytest.raises(StepsFailed, match="keeper failed to configure it"):
            bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        assert bench.is_clean

    def test_an_attribute_that_dependents_synchronise_on_is_waited_for(self, bench: Any, keeper: dict[str, Any]) -> None:
        mappings = [{"attributes": ["db.port", "app.db_port"], "synch": True}]
        definition = [bench.implementation(config_management=keeper)]
        order: list[str] = []

        def come_up(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            if (kind, moment) == ("create", "before"):
                order.append(record(bench, nodes[0])["node_name"])
            if any(what == "attribute" for what, _ in bench.server.log):
                order.append("asked")
                bench.server.attributes["db.port"] = 5432

        bench.cloud.hook = come_up
        bench.build(bench.infra("db", "app", depends=[{"connection": ["app", "db"], "mappings": mappings}], db=definition))
        assert list(dict.fromkeys(order)) == ["db", "asked", "app"]
        assert any("does not report its attribute 'db.port' yet" in reason for _, reason in bench.waits)

    def test_the_attributes_and_connections_of_a_node_reach_it(self, bench: Any, keeper: dict[str, Any]) -> None:
        mappings = [{"attributes": ["port", "db_port"]}]
        definition = [bench.implementation(config_management=keeper)]
        nodes = ["db", {"name": "app", "attributes": {"colour": "blue"}}]
        bench.build(bench.infra(*nodes, depends=[{"connection": ["app", "db"], "mappings": mappings}], app=definition))
        (registered,) = bench.server.nodes.values()
        connection = {"source_role": "infra-1_db", "source_attribute": "port", "destination_attribute": "db_port"}
        assert registered.attributes == {"colour": "blue", "connections": [connection]}

    def test_its_passing_failures_are_waited_out(self, bench: Any, keeper: dict[str, Any]) -> None:
        def mend(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
            bench.server.error = TRANSIENT if bench.cloud.calls["describe"] in (2, 3, 4, 5) else None

        bench.cloud.hook = mend
        bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        assert bench.made == ["db"]

    def test_an_infrastructure_stays_until_its_config_manager_has_forgotten_it(self, bench: Any, keeper: dict[str, Any]) -> None:
        bench.build(bench.infra("db", db=[bench.implementation(config_management=keeper)]))
        bench.server.error = ResourceError(ErrorKind.CREDENTIALS, "who are you?")
        with pytest.raises(Exception, match="who are you"):
            bench.destroy()
        assert not bench.is_clean
        bench.server.error = None
        bench.destroy()
        assert bench.is_clean

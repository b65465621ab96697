"""A description that changed is carried out on what is there: by plan, one instance after the other, and back where it fails."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from .conftest import NODES, Looking

pytestmark = pytest.mark.endurance

DEPENDS = "[[web, db]]"
WEB = "web: type: plain, scaling: {min: 2, max: 3}"


def change(home: Any, infra_id: str, description: str, *args: str, code: int = 0) -> str:
    """Build the description on what is there; what is said of it."""
    said: str = home.run("occopus", "build", "-i", infra_id, description, "--nodes", "nodes.yaml", *args, code=code).stderr
    return said


def planned(home: Any, infra_id: str, description: str) -> dict[str, Any]:
    shown = home.run("occopus", "plan", "-i", infra_id, description, "--nodes", "nodes.yaml", "--json").stdout
    plan: dict[str, Any] = json.loads(shown)
    return plan


def steps(plan: dict[str, Any]) -> Counter[str]:
    return Counter(f"{step['action']} {step['node']}" for step in plan["steps"])


def exactly(home: Any, infra_id: str, description: str) -> Counter[str]:
    """Carry out the plan that is shown; it does what it says with the ids that it says, and leaves all others alone."""
    plan, before, first = planned(home, infra_id, description), home.alive_all(), len(home.events(infra_id))
    change(home, infra_id, description, "--plan", plan["token"])
    events = home.events(infra_id)[first:]
    created = [step["node_id"] for step in plan["steps"] if step["action"] == "create"]
    dropped = [step["node_id"] for step in plan["steps"] if step["action"] == "drop"]
    assert sorted(event.node_id for event in events if event.kind == "creating") == sorted(created)
    assert sorted(event.node_id for event in events if event.kind == "dropped") == sorted(dropped)
    kept = {node_id: pids for node_id, pids in before.items() if node_id not in dropped}
    assert home.alive_all().items() >= kept.items()
    assert sorted(home.alive_all()) == sorted([*kept, *created])
    assert events[-1].kind == "built"
    assert home.run("occopus", "plan", "-i", infra_id, "--detailed-exitcode").stdout == "plan: nothing to do\n"
    return steps(plan)


@pytest.fixture
def built(home: Any) -> str:
    infra_id: str = home.build(home.describe("db", WEB, depends=DEPENDS))
    return infra_id


def test_one_change_after_the_other_by_their_plans(home: Any, built: str) -> None:
    added = home.describe("db", WEB, "cache", depends="[[web, db], [web, cache]]")
    assert exactly(home, built, added) == {"create cache": 1}
    removed = home.describe(WEB, "cache", depends="[[web, cache]]")
    assert exactly(home, built, removed) == {"drop db": 1}
    more = home.describe(WEB.replace("2", "3"), "cache", depends="[[web, cache]]")
    assert exactly(home, built, more) == {"create web": 1}
    (oldest, *_) = home.named("web")
    fewer = home.describe("web", "cache", depends="[[web, cache]]")
    assert exactly(home, built, fewer) == {"drop web": 2}
    assert [instance.node_id for instance in home.named("web")] == [oldest.node_id]
    varied = home.describe("web: type: plain, variables: {colour: red}", "cache", depends="[[web, cache]]")
    assert exactly(home, built, varied) == {"create web": 1, "drop web": 1}
    assert planned(home, built, varied)["steps"] == []
    home.assert_exactly("web", "cache")
    home.run("occopus", "destroy", "-i", built)
    home.assert_nothing_left()


@dataclass
class Counting(Looking):
    """Looks at the instances of a node: how many there are, how many of them do their work, and whether these really live."""

    pause = 0.0
    home: Any
    node: str
    fewest: int = 1000
    most: int = 0
    dead: set[str] = field(default_factory=set)

    def _working(self) -> set[str]:
        """Those that were ready and are not on their way out; all of one moment."""
        there = self.home.named(self.node)
        self.most = max(self.most, len(there))
        return {instance.node_id for instance in there if instance.phase == "created"}

    def look(self) -> None:
        before, living, after = self._working(), set(self.home.processes.values()), self._working()
        self.fewest = min(self.fewest, len(before), len(after))
        self.dead |= (before & after) - living


@pytest.mark.parametrize("args", [[], ["--parallelize"]])
def test_a_definition_that_changed_is_rolled_out_with_never_fewer_than_the_minimum(home: Any, built: str, args: list[str]) -> None:
    before = home.alive("web")
    home.write("nodes.yaml", NODES.replace("sleep 1000", "sleep 1001"))
    plan = planned(home, built, "test.yaml")
    assert steps(plan) == {"create db": 1, "drop db": 1, "create web": 2, "drop web": 2}
    with Counting(home, "web") as counting:
        change(home, built, "test.yaml", "--plan", plan["token"], *args)
    assert counting.looks > 5
    assert (counting.fewest, counting.most, counting.dead) == (2, 3, set())
    assert not before.keys() & home.alive("web").keys()
    home.assert_exactly("db", "web", "web")


def test_without_room_for_one_more_they_are_replaced_one_by_one(home: Any) -> None:
    infra_id = home.build(home.describe("web: type: plain, scaling: {min: 3, max: 3}"))
    with Counting(home, "web") as counting:
        change(home, infra_id, home.describe("web: type: plain, scaling: {min: 3, max: 3}, variables: {a: 1}"), "--parallelize")
    assert (counting.fewest, counting.most, counting.dead) == (2, 3, set())
    home.assert_exactly("web", "web", "web")


def test_scaling_asked_for_before_is_kept_within_the_new_limits(home: Any, built: str) -> None:
    home.run("occopus-scale", "-i", built, "-n", "web", "-s", "3")
    exactly(home, built, home.describe("db", "web: type: plain, scaling: {min: 1, max: 4}", depends=DEPENDS))
    home.assert_exactly("db", "web", "web", "web")
    exactly(home, built, home.describe("db", "web: type: plain, scaling: {min: 1, max: 2}", depends=DEPENDS))
    home.assert_exactly("db", "web", "web")


def happen(home: Any, infra_id: str, what: str) -> None:
    if what == "a node died":
        home.kill(home.named("db")[0])
    elif what == "a request":
        home.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    elif what == "another build":
        change(home, infra_id, home.describe("db", WEB, "other", depends=DEPENDS))
    else:
        home.describe("db", WEB, "third", depends=DEPENDS)


def test_a_plan_is_refused_when_something_has_happened_since(home: Any, built: str) -> None:
    for what in ("a node died", "a request", "another build", "another description"):
        refused(home, built, what)
    wanted = home.describe("db", WEB, "new", depends=DEPENDS)
    exactly(home, built, wanted)
    home.assert_exactly("db", "new", "web", "web", "web")


def refused(home: Any, built: str, what: str) -> None:
    wanted = home.describe("db", WEB, "new", depends=DEPENDS)
    token = planned(home, built, wanted)["token"]
    happen(home, built, what)
    if what != "another description":
        home.describe("db", WEB, "new", depends=DEPENDS)
    before, description = home.alive_all(), [infra.desired for infra in home.infras]
    said = change(home, built, wanted, "--plan", token, code=1)
    assert "error: the infrastructure or its description has changed since this plan was made\n  = look at a new plan first\n" in said
    assert (home.alive_all(), [infra.desired for infra in home.infras]) == (before, description)


def test_a_plan_is_carried_out_once(home: Any, built: str) -> None:
    wanted = home.describe("db", WEB, "new", depends=DEPENDS)
    token = planned(home, built, wanted)["token"]
    change(home, built, wanted, "--plan", token)
    before = home.alive_all()
    change(home, built, wanted, "--plan", token, code=1)
    assert home.alive_all() == before


def test_what_is_no_token_of_a_plan_is_bad_input(home: Any, built: str) -> None:
    rows = home.rows
    for token in ("x", "-", "1234-5678"):
        assert f"'{token}' is not the token of a plan" in change(home, built, "test.yaml", f"--plan={token}", code=2)
    said = home.run("occopus", "build", "test.yaml", "--plan", "x", code=2).stderr
    assert "error: a plan belongs to an infrastructure that exists\n  = give its identifier with -i\n" in said
    assert [row for row in home.rows if row[0] != "definition"] == [row for row in rows if row[0] != "definition"]


@pytest.mark.parametrize("args", [[], ["--parallelize"]])
def test_where_a_new_node_does_not_get_ready_everything_is_as_it_was(home: Any, built: str, args: list[str]) -> None:
    before, (record,) = home.alive_all(), home.infras
    bad = home.describe("db", WEB, "good", "bad: type: never, create_timeout: 1", depends="[[web, db], [bad, good], [bad, web]]")
    said = change(home, built, bad, *args, code=1)
    assert re.search(r"^error: create bad [0-9a-f-]{36}: not ready within 1 s: ports: ", said, re.MULTILINE)
    assert home.alive_all() == before
    assert home.infras == [record]
    home.assert_exactly("db", "web", "web")
    assert home.kinds(built)[-1] == "rolled-back"
    assert home.run("occopus", "plan", "-i", built, "--detailed-exitcode").stdout == "plan: nothing to do\n"


def test_a_change_that_does_not_get_ready_is_taken_back_and_what_was_not_reached_is_untouched(home: Any) -> None:
    """The first instance in place of an old one never gets ready, so that no old one goes."""
    infra_id = home.build(home.describe("db", "web: type: server, scaling: {min: 2, max: 3}", depends=DEPENDS))
    before = home.alive_all()
    bad = home.describe("db", "web: type: never, create_timeout: 1, scaling: {min: 2, max: 3}", depends=DEPENDS)
    assert "not ready within 1 s" in change(home, infra_id, bad, code=1)
    assert home.alive_all() == before
    home.assert_exactly("db", "web", "web")


def test_a_wrong_description_changes_nothing(home: Any, built: str) -> None:
    before, infras = home.alive_all(), home.infras
    home.write("wrong.yaml", "infra_name: test\nuser_id: me\nnodes: [{name: db, type: unheard-of}]\n")
    assert "unheard-of" in change(home, built, "wrong.yaml", code=2)
    assert (home.alive_all(), home.infras) == (before, infras)

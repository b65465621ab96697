"""The planner: pure, so it is tested with values alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occopus.engine.planning import Choices, World, make_plan
from occopus.model.infrastructure import Dependency, InfraId, Infrastructure
from occopus.model.instance import Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node, Scaling
from occopus.model.plan import Action, Plan, Step

NEW, OLD = Implementation(0, {"type": "cloud", "version": 2}), Implementation(0, {"type": "cloud", "version": 1})
READY, DEAD = NodeState.READY, NodeState.FAILED


def node(name: str, least: int = 1, most: int | None = None) -> Node:
    return Node(name, "type", (NEW,), Scaling(least, most or least))


def infrastructure(nodes: Iterable[Node], *depends: str) -> Infrastructure:
    """Dependencies are given as "dependent>dependee"; nodes in the order of creation."""
    return Infrastructure("test", "me", {node.name: node for node in nodes}, tuple(Dependency(*pair.split(">")) for pair in depends))


CHAIN = infrastructure([node("db"), node("app"), node("web")], "app>db", "web>app")


def instance(name: str, number: int = 0, state: NodeState = READY, phase: Phase = Phase.CREATED, made_by: Implementation = NEW) -> Instance:
    """One made at a time that grows with its number."""
    fingerprint = Node(name, "type", (made_by,)).fingerprint(made_by)
    return Instance(InfraId("i"), NodeId(f"{name}-{number}"), name, 0, fingerprint, phase, float(number), state=state)


def plan(desired: Infrastructure | None, instances: Sequence[Instance] = (), former: Infrastructure | None = None, **targets: int) -> Plan:
    numbers = count()
    return make_plan(World(desired, former, instances, targets), Choices(lambda: f"new-{next(numbers)}", lambda choices: choices[0]))


def all_before(plan: Plan, step: Step) -> set[str]:
    """Everything that a step waits for, however indirectly."""
    found, left = set(), list(step.after)
    while left:
        id = left.pop()
        if id not in found:
            found.add(id)
            left += plan.steps[id].after
    return found


def steps(plan: Plan, action: Action, name: str) -> list[Step]:
    return [step for step in plan.visible if step.action is action and step.node_name == name]


def waits(plan: Plan, later: Step, earlier: Step) -> bool:
    return earlier.id in all_before(plan, later)


def ids(found: Iterable[Step]) -> list[str]:
    return [step.node_id for step in found]


class TestFromNothing:
    def test_each_node_gets_its_minimum(self) -> None:
        made = plan(infrastructure([node("db"), node("app", 3, 5)]))
        assert [step.node_name for step in made.visible] == ["db", "app", "app", "app"]
        assert made.counts == {Action.CREATE: 4}

    def test_a_node_waits_for_every_instance_that_it_depends_on_and_for_no_other(self) -> None:
        made = plan(infrastructure([node("db", 2), node("cache"), node("app")], "app>db"))
        (app,), (cache,) = steps(made, Action.CREATE, "app"), steps(made, Action.CREATE, "cache")
        assert all(waits(made, app, db) for db in steps(made, Action.CREATE, "db"))
        assert not waits(made, app, cache)

    def test_waiting_is_passed_on(self) -> None:
        made = plan(CHAIN)
        assert waits(made, steps(made, Action.CREATE, "web")[0], steps(made, Action.CREATE, "db")[0])

    def test_its_size_does_not_grow_with_the_product_of_dependents_and_dependees(self) -> None:
        made = plan(infrastructure([node("db", 1000), node("app", 1000)], "app>db"))
        assert len(made.visible) == 2000
        assert sum(len(step.after) for step in made.steps.values()) <= 3000

    def test_nothing_wanted_and_nothing_there(self) -> None:
        assert plan(None).is_empty


class TestConverged:
    def test_its_plan_is_empty(self) -> None:
        assert plan(CHAIN, [instance("db"), instance("app"), instance("web")]).steps == {}

    @pytest.mark.parametrize("state", [NodeState.UNKNOWN, NodeState.PENDING, NodeState.TEMP_FAILED])
    def test_what_may_recover_is_left_alone(self, state: NodeState) -> None:
        assert plan(infrastructure([node("db")]), [instance("db", state=state)]).is_empty


class TestResuming:
    def test_what_was_begun_is_finished_and_its_dependents_wait_for_it(self) -> None:
        made = plan(CHAIN, [instance("db", phase=Phase.CREATING)])
        (resumed,), (app,) = steps(made, Action.RESUME, "db"), steps(made, Action.CREATE, "app")
        assert resumed.node_id == "db-0"
        assert waits(made, app, resumed)
        assert not steps(made, Action.CREATE, "db")

    def test_what_was_begun_and_is_dead_is_replaced(self) -> None:
        made = plan(infrastructure([node("db")]), [instance("db", state=DEAD, phase=Phase.CREATING)])
        assert [step.action for step in made.visible] == [Action.DROP, Action.CREATE]

    def test_a_drop_that_was_begun_goes_on_although_the_machine_still_runs(self) -> None:
        made = plan(infrastructure([node("db")]), [instance("db", phase=Phase.DROPPING), instance("db", 1)])
        assert [(step.action, step.node_id) for step in made.visible] == [(Action.DROP, "db-0")]


class TestDropping:
    def test_everything_goes_in_reverse_order(self) -> None:
        everything = [instance("db"), instance("app", 0), instance("app", 1), instance("web")]
        made = plan(None, everything, former=CHAIN)
        (db,), (web,) = steps(made, Action.DROP, "db"), steps(made, Action.DROP, "web")
        for app in steps(made, Action.DROP, "app"):
            assert waits(made, db, app)
            assert waits(made, app, web)

    def test_the_order_holds_across_a_node_of_which_nothing_is_there(self) -> None:
        made = plan(None, [instance("db"), instance("web")], former=CHAIN)
        assert waits(made, steps(made, Action.DROP, "db")[0], steps(made, Action.DROP, "web")[0])

    def test_independent_nodes_go_at_the_same_time(self) -> None:
        made = plan(None, [instance("db"), instance("app")], former=infrastructure([node("db"), node("app")]))
        assert all(not step.after for step in made.visible)

    def test_nodes_that_were_taken_out_of_the_description_go_in_reverse_order(self) -> None:
        made = plan(infrastructure([node("web")]), [instance("db"), instance("app"), instance("web")], former=CHAIN)
        assert sorted(ids(made.visible)) == ["app-0", "db-0"]
        assert waits(made, steps(made, Action.DROP, "db")[0], steps(made, Action.DROP, "app")[0])

    def test_it_grows_with_the_instances_only(self) -> None:
        former = infrastructure([node("db", 1000), node("app", 1000)], "app>db")
        made = plan(None, [instance(name, number) for name in ("db", "app") for number in range(1000)], former=former)
        assert sum(len(step.after) for step in made.steps.values()) <= 4000

    def test_two_plans_for_the_same_world_are_the_same(self) -> None:
        gone = [instance(f"n{number}") for number in range(50)]
        assert list(plan(CHAIN, gone).steps) == list(plan(CHAIN, gone).steps)
        assert ids(step for step in plan(CHAIN, gone).visible if step.action is Action.DROP) == [each.node_id for each in gone]


class TestNumbers:
    def test_the_youngest_of_too_many_go(self) -> None:
        several = [instance("db", number) for number in (3, 1, 4, 2)]
        assert sorted(ids(plan(infrastructure([node("db", 2)]), several).visible)) == ["db-3", "db-4"]

    def test_a_target_within_the_limits_is_kept_to(self) -> None:
        made = plan(infrastructure([node("db", 1, 5)]), [instance("db")], db=3)
        assert made.counts == {Action.CREATE: 2}
        assert made.warnings == ()

    @pytest.mark.parametrize(("asked", "wanted"), [(9, 5), (0, 1)])
    def test_a_target_beyond_the_limits_is_cut_and_the_user_is_told(self, asked: int, wanted: int) -> None:
        made = plan(infrastructure([node("db", 1, 5)]), db=asked)
        assert made.counts == {Action.CREATE: wanted}
        assert made.warnings == (f"{asked} instances of 'db' were asked for; its limits are 1 to 5: {wanted} are wanted",)


class TestReplacing:
    def test_the_dead_make_room_first(self) -> None:
        made = plan(infrastructure([node("db")]), [instance("db", state=DEAD)])
        (dropped,), (created,) = steps(made, Action.DROP, "db"), steps(made, Action.CREATE, "db")
        assert waits(made, created, dropped)
        assert created.reason == "replaces db-0 (failed: )"

    def test_the_outdated_go_one_by_one_each_after_the_next_is_ready_where_there_is_room(self) -> None:
        made = plan(infrastructure([node("db", 3, 4)]), [instance("db", number, made_by=OLD) for number in range(3)])
        order = [(step.action, step.node_id) for step in made.visible]
        assert [action for action, _ in order] == [Action.CREATE, Action.DROP] * 3
        assert [id for action, id in order if action is Action.DROP] == ["db-0", "db-1", "db-2"]
        for earlier, later in zip(made.visible, made.visible[1:], strict=False):
            assert waits(made, later, earlier)

    def test_without_room_each_goes_before_the_next_is_made(self) -> None:
        made = plan(infrastructure([node("db", 2)]), [instance("db", number, made_by=OLD) for number in range(2)])
        assert [step.action for step in made.visible] == [Action.DROP, Action.CREATE] * 2
        for earlier, later in zip(made.visible, made.visible[1:], strict=False):
            assert waits(made, later, earlier)

    def test_dependents_that_are_replaced_too_wait_for_what_they_depend_on(self) -> None:
        pair = infrastructure([node("db"), node("app")], "app>db")
        made = plan(pair, [instance("db", made_by=OLD), instance("app", made_by=OLD)], former=pair)
        assert waits(made, steps(made, Action.DROP, "app")[0], steps(made, Action.CREATE, "db")[0])

    def test_the_maximum_is_not_exceeded_where_some_are_outdated_and_some_are_missing(self) -> None:
        made = plan(infrastructure([node("db", 1, 2)]), [instance("db", made_by=OLD)], db=2)
        assert highest_count(made, [instance("db", made_by=OLD)]) == 2

    def test_an_implementation_that_only_moved_in_its_definition_is_not_outdated(self) -> None:
        moved = Infrastructure("test", "me", {"db": Node("db", "type", (replace(NEW, index=1), OLD))})
        assert plan(moved, [instance("db", made_by=NEW)]).is_empty


def highest_count(made: Plan, instances: Sequence[Instance], shuffle: Sequence[int] = ()) -> int:
    """The most instances of one node that are there at once when the steps run in some order that the plan allows."""
    numbers: dict[str, int] = {}
    for each in instances:
        numbers[each.node_name] = numbers.get(each.node_name, 0) + 1
    highest = max(numbers.values(), default=0)
    left, done = dict(made.steps), set[str]()
    for turn in count():
        ready = [step for step in left.values() if done.issuperset(step.after)]
        if not ready:
            break
        # The worst order: whatever can be made is made first; else as it comes.
        creates = [step for step in ready if step.action is Action.CREATE and not shuffle]
        step = creates[0] if creates else ready[shuffle[turn % len(shuffle)] % len(ready) if shuffle else 0]
        change = {Action.CREATE: 1, Action.DROP: -1}.get(step.action, 0)
        numbers[step.node_name] = numbers.get(step.node_name, 0) + change
        highest = max(highest, numbers[step.node_name])
        done.add(step.id)
        del left[step.id]
    assert not left, "every step's turn comes"
    return highest


NAMES = ("a", "b", "c", "d")


@st.composite
def infrastructures(draw: st.DrawFn) -> Infrastructure:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    nodes = [node(name, least, least + draw(st.integers(0, 2))) for name in names for least in [draw(st.integers(1, 3))]]
    pairs = [f"{later}>{earlier}" for place, later in enumerate(names) for earlier in names[:place] if draw(st.booleans())]
    return infrastructure(nodes, *pairs)


worlds = st.lists(
    st.builds(
        instance,
        st.sampled_from(NAMES),
        st.integers(0, 99),
        st.sampled_from(NodeState),
        st.sampled_from(Phase),
        st.sampled_from([NEW, OLD]),
    ),
    max_size=10,
    unique_by=lambda each: each.node_id,
)


@given(st.none() | infrastructures(), st.none() | infrastructures(), worlds, st.dictionaries(st.sampled_from(NAMES), st.integers(0, 6)))
def test_every_plan_can_be_carried_out_and_ends_within_the_limits(
    desired: Infrastructure | None, former: Infrastructure | None, world: list[Instance], targets: dict[str, int]
) -> None:
    made = plan(desired, world, former, **targets)
    placed: set[str] = set()
    for step in made.steps.values():  # acyclic, every target of an edge is there, and the order is one in which they can run
        assert placed.issuperset(step.after)
        placed.add(step.id)
    assert len({step.node_id for step in made.visible}) == len(made.visible)
    for name in NAMES:
        there = sum(each.node_name == name for each in world)
        there += len(steps(made, Action.CREATE, name)) - len(steps(made, Action.DROP, name))
        scaling = desired.nodes[name].scaling if desired and name in desired.nodes else Scaling(0, 0)
        assert scaling.min <= there <= scaling.max


@given(infrastructures(), worlds, st.dictionaries(st.sampled_from(NAMES), st.integers(0, 6)), st.lists(st.integers(0, 9), max_size=8))
def test_no_order_that_a_plan_allows_exceeds_a_maximum(
    desired: Infrastructure, world: list[Instance], targets: dict[str, int], shuffle: list[int]
) -> None:
    for name, described in desired.nodes.items():
        own = [each for each in world if each.node_name == name]
        alone = plan(infrastructure([described]), own, **{key: value for key, value in targets.items() if key == name})
        assert highest_count(alone, own, shuffle) <= max(described.scaling.max, len(own))


def fewest_ready(made: Plan, instances: Sequence[Instance], shuffle: Sequence[int] = ()) -> int:
    """The fewest instances of one node that do well at once when the steps run in some order that the plan allows."""
    well = {each.node_id for each in instances if each.state is READY and each.phase is Phase.CREATED}
    fewest = len(well)
    left, done = dict(made.steps), set[str]()
    for turn in count():
        ready = [step for step in left.values() if done.issuperset(step.after)]
        if not ready:
            return fewest
        drops = [step for step in ready if step.action is Action.DROP and not shuffle]  # the worst order
        step = drops[0] if drops else ready[shuffle[turn % len(shuffle)] % len(ready) if shuffle else 0]
        well = well - {step.node_id} if step.action is Action.DROP else well | {step.node_id} if step.visible else well
        fewest = min(fewest, len(well))
        done.add(step.id)
        del left[step.id]
    raise AssertionError


@given(st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), worlds, st.lists(st.integers(0, 9), max_size=8))
def test_no_order_that_a_plan_allows_takes_away_what_has_to_be_ready_where_there_is_room(
    least: int, room: int, more: int, world: list[Instance], shuffle: list[int]
) -> None:
    """Nothing is taken away for its number here."""
    target = least + more
    own = [each for each in world if each.node_name == "a" and each.phase is not Phase.DROPPING][:target]
    made = plan(infrastructure([node("a", least, target + room)]), own, a=target)
    well = sum(each.state is READY and each.phase is Phase.CREATED for each in own)
    assert fewest_ready(made, own, shuffle) >= min(well, target)


class TestWaitingForWhatExists:
    PAIR = infrastructure([node("db", 2), node("app")], "app>db")

    @pytest.mark.parametrize("state", [NodeState.PENDING, NodeState.TEMP_FAILED, NodeState.UNKNOWN])
    def test_what_is_made_waits_for_those_that_stay_and_do_not_do_well(self, state: NodeState) -> None:
        made = plan(self.PAIR, [instance("db", 0), instance("db", 1, state)])
        (awaited,), (app,) = steps(made, Action.AWAIT, "db"), steps(made, Action.CREATE, "app")
        assert awaited.node_id == "db-1"
        assert waits(made, app, awaited)

    def test_it_waits_for_what_is_made_and_for_what_exists(self) -> None:
        made = plan(self.PAIR, [instance("db", 0, NodeState.PENDING)])
        (app,) = steps(made, Action.CREATE, "app")
        assert waits(made, app, steps(made, Action.AWAIT, "db")[0])
        assert waits(made, app, steps(made, Action.CREATE, "db")[0])

    def test_nothing_waits_where_nothing_is_made(self) -> None:
        assert plan(self.PAIR, [instance("db", 0), instance("db", 1, NodeState.PENDING), instance("app")]).is_empty


class TestScalingAndDependents:
    def test_those_that_are_too_many_go_after_those_that_depend_on_them(self) -> None:
        pair = infrastructure([node("db", 1, 3), node("app", 1, 3)], "app>db")
        made = plan(pair, [instance(name, number) for name in ("db", "app") for number in range(3)])
        for db in steps(made, Action.DROP, "db"):
            assert all(waits(made, db, app) for app in steps(made, Action.DROP, "app"))

    def test_what_broke_goes_and_comes_in_the_order_of_dependencies(self) -> None:
        made = plan(CHAIN, [instance(name, state=DEAD) for name in ("db", "app", "web")])
        order = [(step.action, step.node_name) for step in made.visible]
        assert order == [(Action.DROP, name) for name in ("web", "app", "db")] + [(Action.CREATE, name) for name in ("db", "app", "web")]
        for earlier, later in zip(made.visible, made.visible[1:], strict=False):
            assert waits(made, later, earlier)

"""The process dies at every point: before and after each write to the store, each call of a handler and of a config manager.

The store's records and the cloud outlive it; a session with new objects then builds again, maintains or destroys. Or the process only
stands still there, while another one takes its lease. `OCCOPUS_STRIDE=1` tries every point, else it is one in five.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from occopus.engine.clock import Clock
from occopus.errors import InfrastructureNotFound, LeaseLost, StepsFailed
from occopus.model.infrastructure import Infrastructure
from occopus.model.instance import NodeId, Phase
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.store.memory import MemoryStore
from occopus.testing.sampling import sampled
from occopus.testing.simulation.clock import SimulatedClock, Timeline
from occopus.testing.simulation.life import Death, Life, MortalStore

pytestmark = pytest.mark.endurance

NODES = ("db", "app", "app", "web")


def virtual(now: float) -> Clock:
    """Of a process that begins at this moment; its time passes at once."""
    return SimulatedClock(Timeline(now), Random())


def real(now: float) -> Clock:
    return Clock()


class World:
    """A store and a cloud that outlive the processes that work on them. `new_clock` gives each its own."""

    def __init__(self, bench: Any, new_clock: Callable[[float], Clock] = virtual) -> None:
        self._new_clock = new_clock
        self.bench = replace(bench, endpoint=uuid.uuid4().hex, heard=[], waits=[])
        self.time = 0.0
        self.records = MemoryStore(lambda: self.time)
        self.bench.store = self.records
        self.bench.cloud.parts = ("drive", "machine")
        self.wanted = self.describe()

    def describe(self, *more: str, most: int = 2, flavour: str = "") -> Infrastructure:
        """`more` nodes depend on all the others; `most` is the maximum of `app`, and `flavour` how it is made."""
        keeper = {"type": "keeper", "endpoint": self.bench.endpoint}
        app = {"name": "app", "scaling": {"min": 2, "max": most}}
        web = [self.bench.implementation(config_management=keeper)]
        depends = ["app>db", "web>app", *(f"{name}>web" for name in more)]
        definitions = {"app": [self.bench.implementation(flavour)], "web": web}
        described: Infrastructure = self.bench.infra("db", app, "web", *more, depends=depends, **definitions)
        return described

    @property
    def clock(self) -> Clock:
        """One for the next process."""
        return self._new_clock(self.time)

    def live(self, work: Callable[[Any], object], life: Life) -> None:
        """One process: it does its work, or dies."""
        self.time += 3600  # the lease of the one before has expired
        self.bench.store = MortalStore(self.records, life)
        self.bench.cloud.hook = lambda kind, moment, nodes: life.pass_by(f"{moment} {kind}")
        self.bench.server.hook = lambda what: life.pass_by(f"before {what}")
        try:
            work(self.bench)
        except Death:
            assert life.is_over
        except StepsFailed:
            assert "bad" in self.bench.made or "bad" in self.bench.cloud.capacity
        finally:
            self.bench.store = self.records

    @property
    def parts(self) -> dict[str, int]:
        """How many parts there are, by the names of nodes."""
        names = self.bench.machines
        return {name: names.count(name) for name in names}

    def assert_complete(self) -> None:
        """Everything is there exactly once, and the store knows it."""
        bench = self.bench
        assert self.parts == {"db": 2, "app": 4, "web": 2}
        assert {(part, id) for instance in bench.instances for part, id in instance.ids.items()} == {
            (thing.part, thing.id) for thing in bench.cloud.things
        }
        assert [node.node_name for node in bench.server.nodes.values()] == ["web"]
        assert bench.plan().visible == ()
        self.assert_nothing_made_twice()

    def assert_nothing_made_twice(self) -> None:
        made = [(thing.handle.node_id, thing.part) for thing in self.bench.cloud.made]
        assert len(made) == len(set(made))


def built(world: World) -> None:
    world.live(a_build(world), Life())


def nothing(world: World) -> None:
    """There is nothing yet."""


def a_build(world: World) -> Callable[[Any], object]:
    return lambda bench: bench.build(world.wanted, clock=world.clock)


def a_build_at_once(world: World) -> Callable[[Any], object]:
    return lambda bench: bench.build(world.wanted, clock=world.clock, policy=replace(bench.policy, parallelism=8))


def a_destroy(world: World) -> Callable[[Any], object]:
    return lambda bench: bench.destroy(clock=world.clock)


def a_build_that_fails(world: World) -> Callable[[Any], object]:
    """The last node can't be made, so everything is rolled back."""
    world.bench.cloud.capacity = {"bad": 0}
    wanted = world.bench.infra(
        "db", {"name": "app", "scaling": {"min": 2}}, "bad", depends=["app>db", "bad>app"], bad=[world.bench.implementation("bad")]
    )
    return lambda bench: bench.build(wanted, clock=world.clock)


def a_change_that_fails(world: World) -> Callable[[Any], object]:
    world.bench.cloud.dead.add("bad")
    return lambda bench: bench.build(world.describe("bad"), clock=world.clock)


def build_again(world: World) -> None:
    built(world)
    world.assert_complete()


def destroy(world: World) -> None:
    exists = any(True for _ in world.records.scan("infrastructure"))
    if exists:
        world.live(a_destroy(world), Life())
    assert world.bench.is_clean
    world.assert_nothing_made_twice()


STORIES = [
    (nothing, a_build),
    (nothing, a_build_at_once),
    (built, a_destroy),
    (nothing, a_build_that_fails),
    (built, a_change_that_fails),
]


@pytest.mark.parametrize("recover", [build_again, destroy])
@pytest.mark.parametrize(("before", "command"), STORIES)
def test_wherever_a_command_dies_the_next_one_puts_everything_right(
    bench: Any,
    before: Callable[[World], None],
    command: Callable[[World], Callable[[Any], object]],
    recover: Callable[[World], None],
) -> None:
    def run_until(point: int | None) -> Life:
        world, life = World(bench), Life(point)
        before(world)
        world.live(command(world), life)
        recover(world)
        return life

    points = len(run_until(None).points)
    assert points > 30
    for point in sampled(range(1, points + 1), every=5):
        run_until(point)


Command = Callable[[Any], object]


def a_pass(world: World) -> Command:
    return lambda bench: bench.maintain(clock=world.clock)


def that_heals(world: World) -> Command:
    """`db` and one instance of `app` are gone, and `web` is there but has failed."""
    built(world)
    for node in ("db", "app"):
        world.bench.vanish(world.bench.ids(node)[0])
    (web,) = world.bench.ids("web")
    newest = world.bench.cloud.of(web)[-1]
    newest.handle = replace(newest.handle, node_name="broken")
    world.bench.cloud.dead = {"broken"}
    return a_pass(world)


def that_scales_up(world: World) -> Command:
    world.wanted = world.describe(most=5)
    built(world)
    world.bench.scale("app", change=1)
    world.bench.scale("app", change=1)
    return a_pass(world)


def that_scales_down(world: World) -> Command:
    """One is named, another one is not."""
    that_scales_up(world)
    world.live(a_pass(world), Life())
    world.bench.scale("app", leaving=world.bench.ids("app")[1])
    world.bench.scale("app", change=-1)
    return a_pass(world)


def a_change(world: World, most: int, *bad: str) -> Command:
    """`app` is made differently; with `bad`, something is added that can't be made."""
    world.wanted = world.describe(most=most)
    built(world)
    world.bench.cloud.dead = set(bad)
    world.wanted = world.describe(*bad, most=most, flavour="large")
    return a_build(world)


COMMANDS = {
    "heals": that_heals,
    "scales up": that_scales_up,
    "scales down": that_scales_down,
    "changes, new first": partial(a_change, most=3),
    "changes, old first": partial(a_change, most=2),
    "fails to change, new first": lambda world: a_change(world, 3, "bad"),
    "fails to change, old first": lambda world: a_change(world, 2, "bad"),
}


def outcome(world: World) -> Any:
    """What a recovered infrastructure is like, apart from ids and times; the same for whoever brought it there."""
    bench = world.bench
    known = {(part, id) for instance in bench.instances for part, id in instance.ids.items()}
    assert known == {(thing.part, thing.id) for thing in bench.cloud.things}, "no machine without a record, no record without one"
    assert {instance.phase for instance in bench.instances} == {Phase.CREATED}
    assert Counter(node.node_name for node in bench.server.nodes.values()) == {"web": 1}
    assert (bench.requests, bench.record.changing, bench.record.former) == ([], False, None)
    assert bench.plan().is_empty
    made_so = Counter((instance.node_name, instance.fingerprint) for instance in bench.instances)
    return made_so, bench.record.desired["definitions"].get("app"), dict(bench.record.targets)


def recover(world: World) -> None:
    """Maintain until there is nothing to do; what could not be made can be made now."""
    world.bench.cloud.dead.discard("bad")
    world.bench.cloud.capacity = {}
    world.live(a_pass(world), Life())


def without_endpoint(result: Any) -> Any:
    """Each world has an endpoint of its own, which is part of every fingerprint."""
    made_so, definition, targets = result
    return Counter(name for name, _ in made_so.elements()), definition[0]["resource"].get("flavour"), targets


@pytest.mark.parametrize("name", COMMANDS)
def test_wherever_it_dies_the_next_pass_comes_to_the_same_end(bench: Any, name: str) -> None:
    def run_until(point: int | None) -> Any:
        world, life = World(bench), Life(point)
        command = COMMANDS[name](world)
        before = world.bench.record.desired
        world.live(command, life)
        recover(world)
        world.assert_nothing_made_twice()
        result = without_endpoint(outcome(world))
        return len(life.points), result, world.bench.record.desired == before

    points, end, _ = run_until(None)
    assert points > 30
    for point in sampled(range(1, points + 1), every=5):
        _, result, never_begun = run_until(point)
        if "change" in name and result != end:
            assert_not_half_done(name, result, never_begun)
        else:
            assert result == end, f"died at point {point}"


def assert_not_half_done(name: str, result: Any, never_begun: bool) -> None:
    """A change that was killed is done as a whole, or not at all."""
    numbers, flavour, _ = result
    if never_begun:
        assert (numbers, flavour) == ({"db": 1, "app": 2, "web": 1}, None)
    else:
        assert "fails" in name
        assert (numbers, flavour) == ({"db": 1, "app": 2, "web": 1, "bad": 1}, "large")


@pytest.mark.parametrize("name", COMMANDS)
def test_wherever_it_dies_destroy_leaves_nothing(bench: Any, name: str) -> None:
    def run_until(point: int | None) -> int:
        world, life = World(bench), Life(point)
        world.live(COMMANDS[name](world), life)
        destroy(world)
        assert not [*world.records.scan("request")]
        return len(life.points)

    for point in sampled(range(1, run_until(None) + 1), every=5):
        run_until(point)


def take_over(world: World, work: Callable[[World], Command]) -> None:
    """Another process does its work, since the lease of the one that stands still has expired."""
    cloud, server = world.bench.cloud, world.bench.server
    hooks = cloud.hook, server.hook
    cloud.hook, server.hook = lambda kind, moment, nodes: None, lambda what: None
    world.time += 3600
    work(world)(replace(world.bench, store=world.records))
    cloud.hook, server.hook = hooks


def overtaken(world: World, command: Command, point: int, work: Callable[[World], Command]) -> Life:
    """A command that loses its lease at one point. What it does afterwards is refused, or needs no lease."""
    life = Life(frozen_at=point, meanwhile=lambda: take_over(world, work))

    def until_refused(bench: Any) -> None:
        with suppress(LeaseLost, InfrastructureNotFound):
            command(bench)

    world.live(until_refused, life)
    return life


def points_of(bench: Any, name: str) -> list[str]:
    world, life = World(bench), Life()
    world.live(COMMANDS[name](world), life)
    return life.points


@pytest.mark.parametrize("name", ["heals", "scales up", "scales down", "changes, new first", "changes, old first"])
def test_wherever_another_one_takes_the_lease_they_come_to_the_same_end_together(bench: Any, name: str) -> None:
    world = World(bench)
    world.live(COMMANDS[name](world), Life())
    end = without_endpoint(outcome(world))
    for point in sampled(range(1, len(points_of(bench, name)) + 1), every=5):
        world = World(bench)
        overtaken(world, COMMANDS[name](world), point, a_pass)
        recorded = {instance.node_id for instance in world.bench.instances}
        assert {thing.handle.node_id for thing in world.bench.cloud.things} <= recorded, f"taken over at point {point}"
        recover(world)
        result = without_endpoint(outcome(world))
        assert result == end or ("change" in name and result[0] == end[0])


@pytest.mark.parametrize("name", ["heals", "scales up"])
def test_wherever_another_one_destroys_it_meanwhile_nothing_is_left(bench: Any, name: str) -> None:
    """Also where the first stands still in the middle of a call, and does what it was about to do when nobody wants it any more."""
    left = []
    for point in sampled(range(2, len(points_of(bench, name)) + 1), every=5):  # before the first point it has not begun
        world = World(bench)
        life = overtaken(world, COMMANDS[name](world), point, a_destroy)
        if not world.bench.is_clean:
            left.append((point, life.points[point - 1]))
    assert left == []


def test_a_machine_that_is_made_when_nobody_wants_it_any_more_is_removed_by_who_made_it(bench: Any) -> None:
    """A pass stands still within `create`. Another one scales down and removes the record of what is made; then the first goes on."""
    unwanted: list[NodeId] = []

    def without_it(world: World) -> Command:
        def work(bench: Any) -> None:
            unwanted.extend(instance.node_id for instance in bench.instances if instance.phase is Phase.CREATING)
            bench.scale("app", leaving=unwanted[0])
            bench.maintain(clock=world.clock)

        return work

    point = points_of(bench, "scales up").index("before create") + 1
    world = World(bench)
    life = Life(frozen_at=point, meanwhile=lambda: take_over(world, without_it))
    command = that_scales_up(world)
    with pytest.raises(LeaseLost):
        world.live(command, life)
    assert life.points[point - 1] == "before create"
    recorded = {instance.node_id for instance in world.bench.instances}
    assert len(unwanted) == 1
    assert unwanted[0] not in recorded
    assert {thing.handle.node_id for thing in world.bench.cloud.things} == recorded


@pytest.mark.parametrize("offset", range(7))
def test_dying_with_calls_under_way_in_threads(bench: Any, offset: int) -> None:
    """As above in real time, at some of the points."""
    for point in range(8 + offset, 90, 21):
        world = World(bench, real)
        world.live(a_build_at_once(world), Life(point))
        build_again(world)
        destroy(world)


def test_dying_again_and_again_in_the_same_build(bench: Any) -> None:
    """Each process comes a few points further than the one before."""
    world = World(bench)
    for steps in range(8, 60, 3):
        world.live(a_build(world), Life(steps))
    build_again(world)
    destroy(world)


def test_dying_in_the_recovery_too(bench: Any) -> None:
    for first in range(10, 60, 7):
        for second in range(5, 40, 9):
            world = World(bench)
            world.live(a_build(world), Life(first))
            world.live(a_destroy(world), Life(second))
            build_again(world)


def test_a_half_done_removal_of_a_node_without_capacity_is_finished(bench: Any) -> None:
    """The first implementation takes a part and has no room for the next; the process dies wherever it can."""

    def run_until(point: int | None) -> int:
        world, life = World(bench), Life(point)
        world.bench.cloud.capacity = {"small": 1}
        wanted = world.bench.infra("db", db=[world.bench.implementation("small"), world.bench.implementation("large")])
        world.live(lambda bench: bench.build(wanted, clock=world.clock), life)
        world.live(lambda bench: bench.build(wanted, clock=world.clock), Life())
        assert {thing.flavour for thing in world.bench.cloud.things} == {"large"}
        assert world.parts == {"db": 2}
        destroy(world)
        return len(life.points)

    for point in sampled(range(1, run_until(None)), every=5):
        run_until(point)


def dying_when(world: World, wanted: Infrastructure, condition: Callable[[str, str], bool]) -> None:
    """The process dies at the first call of the cloud for whose kind and moment a condition holds."""
    life = Life()

    def work(bench: Any) -> None:
        bench.cloud.hook = lambda kind, moment, nodes: life.end_if(condition(kind, moment))
        bench.build(wanted, clock=world.clock)

    world.live(work, life)
    assert life.is_over


def test_a_reply_that_is_lost_with_the_process(bench: Any) -> None:
    """The machine is made, its id never arrives, and the handler is asked again by the next process."""
    world = World(bench)
    dying_when(world, world.wanted, lambda kind, moment: (kind, moment) == ("create", "after"))
    assert [instance.ids for instance in world.bench.instances] == [{}]
    assert world.bench.made == ["db"]
    build_again(world)


def test_the_error_of_a_dead_backend_leaves_its_instances_to_a_later_destroy(bench: Any) -> None:
    world = World(bench)
    world.live(a_build(world), Life(40))
    world.bench.cloud.fail("drop", None, ResourceError(ErrorKind.UNKNOWN, "down"))
    world.bench.cloud.hook = lambda kind, moment, nodes: None
    world.time += 3600
    with pytest.raises(StepsFailed, match="down"):
        world.bench.destroy()
    world.bench.cloud.failures.clear()
    destroy(world)


def dying_while_app_is_made(world: World, wanted: Infrastructure) -> None:
    """The process dies when the machine of `app` has been asked for, and is not yet ready."""
    dying_when(world, wanted, lambda kind, moment: "app" in world.bench.made and kind == "describe")
    assert [(instance.node_name, str(instance.phase)) for instance in world.bench.instances] == [("db", "created"), ("app", "creating")]


def test_what_was_begun_with_an_address_that_is_no_longer_right_is_made_anew(bench: Any) -> None:
    world = World(bench)
    knows_db = {"type": "cloudinit", "context_template": {"write_files": [{"path": "/db", "content": "{{getip('db')}}"}]}}
    wanted = world.bench.infra("db", "app", depends=["app>db"], app=[world.bench.implementation(contextualisation=knows_db)])
    dying_while_app_is_made(world, wanted)
    begun = world.bench.instances[1].node_id
    for thing in [thing for thing in world.bench.cloud.things if thing.handle.node_name == "db"]:
        world.bench.cloud.remove(thing)
    world.live(lambda bench: bench.build(wanted, clock=world.clock), Life())
    assert world.parts == {"db": 2, "app": 2}
    assert begun not in [instance.node_id for instance in world.bench.instances]
    destroy(world)


def test_what_was_begun_is_finished_also_where_its_implementation_has_moved(bench: Any) -> None:
    world = World(bench)
    small, large = world.bench.implementation("small"), world.bench.implementation("large")
    world.bench.cloud.capacity = {"small": 0}
    dying_while_app_is_made(world, world.bench.infra("db", "app", depends=["app>db"], app=[small, large]))
    begun = world.bench.instances[1].node_id
    wanted = world.bench.infra("db", "app", depends=["app>db"], app=[large])
    world.live(lambda bench: bench.build(wanted, clock=world.clock), Life())
    assert world.parts == {"db": 2, "app": 2}
    assert begun in [instance.node_id for instance in world.bench.instances]
    world.assert_nothing_made_twice()

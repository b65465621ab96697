"""The store is lost: what exists is found by its marks and taken over, and nothing is made or removed for that."""

from __future__ import annotations

import pytest

from occopus.errors import UsageError
from occopus.store.memory import MemoryStore
from occopus.testing.simulation.life import Death, Life
from occopus.testing.simulation.world import World

from .conftest import assert_sound, build, description, world


def with_amnesia(world: World) -> World:
    """The same world, but nobody remembers anything."""
    world.store = MemoryStore(lambda: world.timeline.now)
    return world


@pytest.fixture
def built() -> World:
    made = world(3, latency=0.05, boot=5.0)
    made.build(made.describe(description()))
    made.scale("worker", change=1)
    made.maintain()
    return made


def test_everything_is_taken_over_as_it_was(built: World) -> None:
    before = {i.node_id: (i.node_name, i.ids, i.addresses, i.fingerprint, i.phase, i.state) for i in built.instances}
    calls = {name: cloud.calls["run"] + cloud.calls["terminate"] for name, cloud in built.clouds.items()}
    wanted = built.describe(description())
    with_amnesia(built).adopt(wanted)
    assert {i.node_id: (i.node_name, i.ids, i.addresses, i.fingerprint, i.phase, i.state) for i in built.instances} == before
    assert built.plan().is_empty
    assert built.maintain().done == []
    assert {name: cloud.calls["run"] + cloud.calls["terminate"] for name, cloud in built.clouds.items()} == calls
    assert_sound(built)


def test_it_is_looked_after_from_then_on(built: World) -> None:
    with_amnesia(built).adopt(built.describe(description()))
    built.scale("worker", change=-1)
    victim = built.machines[0]
    built.clouds[victim.id.split("-")[0]].kill(victim)
    built.maintain()
    assert sorted(i.node_name for i in built.instances) == ["app", "cache", "db", "monitor", "web", "worker", "worker"]
    built.destroy()
    assert (built.machines, built.instances) == ([], [])


@pytest.mark.parametrize("tenths", range(2, 10))
def test_what_was_half_made_is_taken_over_and_finished_by_the_next_pass(tenths: int) -> None:
    """The process died with the store: what it had asked for goes on booting."""
    whole = Life()
    build(world(3, latency=0.05, boot=5.0), whole)
    made = world(3, latency=0.05, boot=5.0)
    wanted = made.describe(description())
    with pytest.raises(Death):
        made.build(wanted, Life(len(whole.points) * tenths // 10))
    there = {machine.id for machine in made.machines}
    with_amnesia(made).adopt(wanted)
    assert {machine.id for machine in made.machines} == there
    made.maintain()
    assert there <= {machine.id for machine in made.machines}
    assert len(made.machines) == 7
    assert_sound(made)


def test_what_the_description_no_longer_has_is_shown_to_go_and_goes_in_the_next_pass(built: World) -> None:
    fewer = description()
    fewer["nodes"] = [node for node in fewer["nodes"] if node["name"] != "monitor"]
    with_amnesia(built).adopt(built.describe(fewer))
    assert [(step.action, step.node_name, step.reason) for step in built.plan().visible] == [("drop", "monitor", "no longer wanted")]
    assert len(built.machines) == 8
    built.maintain()
    assert len(built.machines) == 7
    assert_sound(built)


def test_what_the_store_knows_is_not_adopted(built: World) -> None:
    with pytest.raises(UsageError, match="the store knows simulated"):
        built.adopt(built.describe(description()))


def test_where_there_is_nothing_nothing_is_written() -> None:
    empty = world(3)
    with pytest.raises(UsageError, match="nothing bears the mark of simulated"):
        empty.adopt(empty.describe(description()))
    assert list(empty.store.scan("infrastructure")) == []

"""Plans tell the truth: the steps that are carried out are those that were planned, and the plan after them is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.errors import OccopusError
from occopus.model.instance import Phase
from occopus.model.plan import Action, Plan, Step
from occopus.testing.simulation.life import Death, Life
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

from .conftest import EVERYWHERE, NAMES, PATIENT, Description, descriptions

pytestmark = pytest.mark.endurance

WEATHERS = (
    {},
    {"hidden": 40.0},
    {"page": 5, "rate": 5.0},
    {"lost_reply": 0.2, "refused": 0.2},
)
"""Of the first cloud; whatever it is like, a command comes to its end in it, and a look sees everything."""


STUBBORN = replace(PATIENT, retry_attempts=50, look_attempts=50)
"""Gives up nothing: whatever the weather, a look sees everything, and a command comes to its end."""


@dataclass
class Story:
    """What happened before a plan is made."""

    seed: int
    weather: dict[str, object]
    first: Description
    second: Description
    end: int | None
    """The point at which building the second died; None where it was not begun."""
    harmed: set[int]
    scaled: list[tuple[str, int]]

    def tell(self) -> World:
        """The world after it."""
        slow = Weather(latency=0.1, boot=5.0, shutting_down=3.0)
        world = World(self.seed, dict.fromkeys(EVERYWHERE, slow), STUBBORN)
        world.build(world.describe(self.first))
        if self.end:
            with suppress(Death):
                world.build(world.describe(self.second), Life(self.end))
        made = {instance.node_id for instance in world.instances if instance.phase is Phase.CREATED}  # what dies earlier fails the pass
        for number, machine in enumerate(world.machines):
            if number in self.harmed and machine.handle.node_id in made:
                world.clouds[machine.id.split("-")[0]].kill(machine)
        for node, change in self.scaled:
            with suppress(OccopusError):  # the description may not have this node
                world.scale(node, change=change)
        world.clouds["first"].weather = Weather(**{**vars(slow), **self.weather})
        world.timeline.now += 60  # what was begun has come up: a plan is refused when the state has changed since
        return world


stories = st.builds(
    Story,
    seed=st.integers(0, 2**32 - 1),
    weather=st.sampled_from(WEATHERS),
    first=descriptions(),
    second=descriptions(),
    end=st.one_of(st.none(), st.integers(1, 60)),
    harmed=st.sets(st.integers(0, 5), max_size=3),
    scaled=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([-2, -1, 1, 2])), max_size=2),
)


def exactly(steps: Iterable[Step]) -> Counter[tuple[str, str]]:
    return Counter((step.id, step.action) for step in steps)


def but_for_new_ids(steps: Iterable[Step]) -> Counter[tuple[str, str, str]]:
    """What a pass makes gets ids when it begins."""
    return Counter((step.action, step.node_name, "" if step.action is Action.CREATE else step.node_id) for step in steps)


@settings(max_examples=60, deadline=None)
@given(stories, descriptions())
def test_the_plan_of_a_token_is_what_is_carried_out(story: Story, wanted: Description) -> None:
    world = story.tell()
    changed = world.describe(wanted)
    plan = world.plan(changed)
    outcome = world.build(changed, exactly=plan.token)
    assert exactly(outcome.done) == exactly(plan.visible)
    assert_empty(world.plan(), world.plan(changed))


@settings(max_examples=60, deadline=None)
@given(stories)
def test_the_plan_is_what_the_next_pass_carries_out(story: Story) -> None:
    world = story.tell()
    plan = world.plan()
    outcome = world.maintain()
    assert but_for_new_ids(outcome.done) == but_for_new_ids(plan.visible)
    assert_empty(world.plan())


def assert_empty(*plans: Plan) -> None:
    assert [step for plan in plans for step in plan.visible] == []

"""Plans tell the truth: the steps that are carried out are those that were planned, and the plan after them is empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.model.plan import Step
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

from .conftest import EVERYWHERE, descriptions


def _told(steps: Any) -> list[tuple[str, str]]:
    chosen: Callable[[Step], tuple[str, str]] = lambda step: (step.id, step.action)  # noqa: E731
    return sorted(map(chosen, steps))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), descriptions(), descriptions(), st.data())
def test_the_plan_of_a_token_is_what_is_carried_out(seed: int, first: dict[str, Any], second: dict[str, Any], data: st.DataObject) -> None:
    world = World(seed, dict.fromkeys(EVERYWHERE, Weather(latency=0.1, boot=5.0, shutting_down=3.0)))
    world.build(world.describe(first))
    for machine in data.draw(st.lists(st.sampled_from([machine.id for machine in world.machines]), max_size=3, unique=True)):
        cloud = world.clouds[machine.split("-")[0]]
        cloud.kill(next(each for each in cloud.there if each.id == machine))
    wanted = world.describe(second)
    plan = world.plan(wanted)
    outcome = world.build(wanted, exactly=plan.token)
    assert _told(outcome.done) == _told(plan.visible)
    assert world.plan().is_empty
    assert world.plan(wanted).is_empty

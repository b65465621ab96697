"""The process dies at every point of every command: before and after each write to the store and each call of a cloud.

`OCCOPUS_STRIDE=1` tries every point, else it is one in five.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from occopus.errors import InfrastructureNotFound
from occopus.testing.sampling import sampled
from occopus.testing.simulation.life import Death, Life
from occopus.testing.simulation.world import World

from .conftest import SLOW, STORIES, assert_sound, finish, world

pytestmark = pytest.mark.endurance

WEATHERS = {"slow": SLOW, "hidden for a while": SLOW | {"hidden": 40.0}}


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.parametrize("story", STORIES)
def test_whenever_it_dies_the_next_passes_end_what_was_begun(story: str, weather: str) -> None:
    before, command = STORIES[story]

    def begin() -> World:
        made = world(7, **WEATHERS[weather])
        before(made)
        return made

    def sizes(world: World) -> Counter[str]:
        return Counter(instance.node_name for instance in world.instances)

    undisturbed, whole = begin(), Life()
    at_first = sizes(undisturbed)
    command(undisturbed, whole)
    at_last = sizes(undisturbed)
    assert len(whole.points) > 20
    for end in sampled(range(1, len(whole.points) + 1), every=5):
        disturbed = begin()
        with pytest.raises(Death):
            command(disturbed, Life(end))
        finish(disturbed)
        where = f"{story}, {weather}: died at point {end}, {whole.points[end - 1]}"
        assert sizes(disturbed) in (at_first, at_last), where
        assert_sound(disturbed)


@pytest.mark.parametrize("story", STORIES)
def test_whenever_it_dies_all_can_be_removed(story: str) -> None:
    before, command = STORIES[story]
    whole = Life()
    first = world(7, **WEATHERS["hidden for a while"])
    before(first)
    command(first, whole)
    for end in sampled(range(1, len(whole.points) + 1), every=5):
        disturbed = world(7, **WEATHERS["hidden for a while"])
        before(disturbed)
        with pytest.raises(Death):
            command(disturbed, Life(end))
        with suppress(InfrastructureNotFound):
            disturbed.destroy()
        disturbed.timeline.now += 60  # what is on its way out goes
        assert (disturbed.machines, disturbed.instances) == ([], []), f"{story}: died at point {end}, {whole.points[end - 1]}"

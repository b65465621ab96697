"""Real processes are killed with SIGKILL, on a real SQLite file: before and after writes to the store and calls of a cloud, all along
every command; in all at least 200 times.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from killed_world import ElsewhereWorld, Mortal, RealWorld

from occopus.testing.simulation.life import Death
from occopus.testing.simulation.world import World

from .conftest import STORIES, assert_sound, finish

pytestmark = pytest.mark.endurance

PARTS = 3
"""Into which each story's points are dealt out."""

MOST = 13
"""Of the points of a part, so many are tried, or all where there are fewer."""

LEAST = dict.fromkeys(STORIES, MOST) | {"scale up": 10, "scale down": 9}
"""How many that is in each part; scaling is soon done."""


def sizes(world: World) -> Counter[str]:
    return Counter(instance.node_name for instance in world.instances)


def spread(number: int, part: int) -> Sequence[int]:
    """The points of a part, evenly between the first one of all and the last."""
    tried = min(number, PARTS * MOST)
    return [1 + place * (number - 1) // (tried - 1) for place in range(part, tried, PARTS)]


def killed(before: Path, place: Path, story: str, end: int) -> World:
    """What a command leaves behind that was killed at a point; where it came to its end first, since another time it waited less
    often, at the point before that.
    """
    while True:
        shutil.copytree(before, place)
        try:
            STORIES[story][1](ElsewhereWorld(place), Mortal(end))
        except Death:
            return RealWorld(place)
        shutil.rmtree(place)
        end -= 1
        assert end > 0, "it is not killed at all"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("story", STORIES)
def test_whenever_it_is_killed_the_next_passes_end_what_was_begun(story: str, part: int, tmp_path: Path) -> None:
    begin, command = STORIES[story]
    before = tmp_path / "before"
    before.mkdir()
    begin(RealWorld(before))
    shutil.copytree(before, tmp_path / "undisturbed")
    undisturbed, whole = RealWorld(tmp_path / "undisturbed"), Mortal()
    at_first = sizes(undisturbed)
    command(undisturbed, whole)
    at_last = sizes(undisturbed)
    ends = spread(len(whole.points), part)
    assert len(ends) >= LEAST[story]
    for number, end in enumerate(ends):
        world = killed(before, tmp_path / str(number), story, end)
        finish(world)
        where = f"{story}: killed at point {end} of {len(whole.points)}, about {whole.points[end - 1]}"
        assert sizes(world) in (at_first, at_last), where
        assert_sound(world)


def test_that_is_at_least_two_hundred_points() -> None:
    assert PARTS * sum(LEAST.values()) >= 200

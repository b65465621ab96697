"""A process stands still past its lease while another one maintains; then it wakes up.

`OCCOPUS_STRIDE=1` tries every point of a command.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from occopus.errors import InfrastructureNotFound, LeaseLost, OccopusError
from occopus.store.base import Key
from occopus.testing.sampling import sampled
from occopus.testing.simulation.life import Life
from occopus.testing.simulation.world import INFRA, World

from .conftest import SLOW, STORIES, assert_sound, world, wounded

pytestmark = pytest.mark.endurance


@pytest.mark.parametrize("story", STORIES)
def test_whenever_it_is_frozen_another_ends_its_work_and_its_own_writes_are_refused(story: str) -> None:
    before, command = STORIES[story]
    whole = Life()
    undisturbed = world(7, **SLOW, hidden=10.0)
    before(undisturbed)
    command(undisturbed, whole)
    refused = 0
    points = sampled(range(1, len(whole.points) + 1), every=5)
    for point in points:
        both = world(7, **SLOW, hidden=10.0)
        before(both)
        where = f"{story}: frozen at point {point}, {whole.points[point - 1]}"

        def meanwhile(both: World = both) -> None:
            with suppress(InfrastructureNotFound):
                both.maintain()

        try:
            command(both, Life(frozen_at=point, meanwhile=meanwhile))
        except LeaseLost:
            refused += 1
        except InfrastructureNotFound:
            pass
        except OccopusError as error:
            raise AssertionError(f"{where}: {error}") from error
        assert both.leaked == [], where
        assert both.doubled == [], where
        with suppress(InfrastructureNotFound):
            both.maintain()
        assert_sound(both)
    assert refused > len(points) / 2


def test_who_wakes_up_writes_nothing_over_what_the_other_wrote() -> None:
    """Frozen after its first machine was asked for: from then on, whatever is in the store is the other's."""
    both = world(7, **SLOW, hidden=10.0)
    wounded(both)
    written: list[object] = []

    def stored() -> list[object]:
        return [both.store.get(Key("infrastructure", INFRA)), sorted(both.instances, key=lambda instance: instance.node_id)]

    def meanwhile() -> None:
        both.maintain()
        written.append(stored())

    points = Life()
    rehearsed = world(7, **SLOW, hidden=10.0)
    wounded(rehearsed)
    rehearsed.maintain(points)
    with pytest.raises(LeaseLost):
        both.maintain(Life(frozen_at=points.points.index("after run") + 1, meanwhile=meanwhile))
    assert [stored()] == written
    assert both.leaked == []

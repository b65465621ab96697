"""What random worlds found, each in the fewest steps."""

from __future__ import annotations

from contextlib import suppress

import pytest

from occopus.engine.policy import Policy
from occopus.errors import StepsFailed
from occopus.testing.simulation.life import Death, Life
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

from .conftest import assert_sound, description, world


def test_what_a_backend_was_asked_for_last_may_appear_however_long_it_had_refused_before() -> None:
    """The process dies before the reply to the last of many attempts, long after the first; the machine does not show itself yet."""

    def dies_at(point: int | None) -> tuple[World, Life]:
        late, life = world(1, Policy(parallelism=8, retry_attempts=8), hidden=50.0, outages=((0.0, 100.0),)), Life(point)
        with suppress(Death):
            late.build(late.describe(description()), life)
        return late, life

    asked = dies_at(None)[1].points.index("after run") + 1
    late, _ = dies_at(asked)
    assert len(late.machines) == 1
    late.destroy()
    late.timeline.now += 100
    assert (late.machines, late.instances) == ([], [])


@pytest.mark.parametrize("weather", [{"never_up": 1.0}, {"boot": 1000.0}])
def test_a_machine_that_did_not_come_up_in_time_is_replaced_by_the_next_pass(weather: dict[str, float]) -> None:
    healing = world(1, policy=Policy(parallelism=8, create_timeout=50))
    healing.build(healing.describe(description()))
    healing.clouds["first"].kill(healing.clouds["first"].there[0])
    for cloud in healing.clouds.values():
        cloud.weather = Weather(**weather)
    with pytest.raises(StepsFailed):
        healing.maintain()
    for cloud in healing.clouds.values():
        cloud.weather = Weather()
    healing.maintain()
    assert healing.plan().is_empty
    assert_sound(healing)


@pytest.mark.timeout(60)
def test_the_last_look_before_the_limit_is_one_look_whatever_rounding_does_to_the_moments() -> None:
    """Begun at 222.795 s, the limit is 0.00000000000003 s away when it should have come. No time passed, and it was looked for ever."""
    for moment in range(20):
        late = world(1, Policy(create_timeout=100.0), never_up=1.0, latency=0.0)
        late.timeline.now = 218.0 + (moment + 25) * 0.137
        with pytest.raises(StepsFailed):
            late.build(late.describe(description()))
        assert max(cloud.calls["read"] for cloud in late.clouds.values()) < 100

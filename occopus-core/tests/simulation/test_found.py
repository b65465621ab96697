"""What random worlds found, each in the fewest steps."""

from __future__ import annotations

import pytest

from occopus.engine.policy import Policy
from occopus.errors import StepsFailed
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import World

from .conftest import assert_sound, description, world


def test_what_a_backend_was_asked_for_last_may_appear_however_long_it_had_refused_before() -> None:
    """The reply to the last of many attempts is lost, long after the first."""
    late = world(1, policy=Policy(parallelism=8, retry_attempts=8), hidden=50.0, outages=((0.0, 100.0),), lost_reply=1.0)
    with pytest.raises(StepsFailed):
        late.build(late.describe(description()))
    assert [cloud.made for cloud in late.clouds.values()] != [[], []]
    _settle(late)
    late.timeline.now += 100
    assert late.leaked == []


@pytest.mark.parametrize("weather", [{"never_up": 1.0}, {"boot": 1000.0}])
def test_a_machine_that_did_not_come_up_in_time_is_replaced_by_the_next_pass(weather: dict[str, float]) -> None:
    healing = world(1, policy=Policy(parallelism=8, create_timeout=50))
    healing.build(healing.describe(description()))
    healing.clouds["first"].kill(healing.clouds["first"].there[0])
    for cloud in healing.clouds.values():
        cloud.weather = Weather(**weather)
    with pytest.raises(StepsFailed):
        healing.maintain()
    _settle(healing)
    healing.maintain()
    assert healing.plan().is_empty
    assert_sound(healing)


def _settle(unsettled: World) -> None:
    for cloud in unsettled.clouds.values():
        cloud.weather = Weather(hidden=cloud.weather.hidden)

"""What backends tell of costs, and what is said where they do not."""

from __future__ import annotations

import pytest

from occopus.engine.costs import Costs, costs
from occopus.errors import InfrastructureNotFound
from occopus.testing.simulation.weather import Weather
from occopus.testing.simulation.world import INFRA, World

from .conftest import description, world


def costs_of(world: World) -> Costs:
    return world.live(lambda services, stop: costs(services, INFRA))


@pytest.fixture
def built() -> World:
    made = world(1)
    made.build(made.describe(description()))
    made.timeline.now += 7200
    return made


def test_each_instance_has_its_costs_and_the_total_is_their_sum(built: World) -> None:
    found = costs_of(built)
    assert found.told.keys() == {instance.node_id for instance in built.instances}
    assert [round(cost, 2) for cost in found.told.values()] == [2.0] * 7
    assert (found.total, found.untold) == (sum(found.told.values()), {})


def test_all_of_an_endpoint_are_asked_about_together(built: World) -> None:
    before = sum(cloud.calls["read"] for cloud in built.clouds.values())
    costs_of(built)
    assert sum(cloud.calls["read"] for cloud in built.clouds.values()) - before == len(built.clouds)


def test_what_an_endpoint_does_not_tell_is_said_and_the_others_are_told(built: World) -> None:
    built.clouds["first"].weather = Weather(outages=((0.0, 1e9),))
    found = costs_of(built)
    assert len(found.told) == 3
    assert list(found.untold.values()) == ["first can't be reached"] * 4


def test_what_is_gone_costs_nobody_knows_what(built: World) -> None:
    victim = built.machines[0]
    built.clouds[victim.id.split("-")[0]].kill(victim)
    assert costs_of(built).untold == {victim.handle.node_id: "its backend does not know them"}


def test_there_must_be_an_infrastructure() -> None:
    with pytest.raises(InfrastructureNotFound):
        costs_of(world(1))

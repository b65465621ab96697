"""What instances have cost, as programs and users are told it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from strict_cloudbroker import StrictCloudBroker, refusal

from occopus.manager import InfrastructureManager
from occopus.settings import Settings
from occopus.testing.user import User

NODES = """
'node_def:plain':
  - resource: {type: cloudbroker, endpoint: URL, description: {deployment_id: a-deployment, instance_type_id: a-type}}
    health_check: {ping: false}
"""


@pytest.fixture
def infra_id(home: User, site: StrictCloudBroker) -> str:
    """Two machines: one has cost 2.5 so far, the other 4.25."""
    infra = home.write("infra.yaml", "infra_name: dear\nuser_id: me\nnodes:\n- {name: web, type: plain, scaling: {min: 2}}\n")
    built = home.build(infra, "--nodes", home.write("nodes.yaml", NODES.replace("URL", site.url)))
    for machine, cost in zip(site.alive, (-2.5, -4.25), strict=True):
        machine.cost = cost
    return built


@pytest.fixture
def manager(home: User) -> InfrastructureManager:
    store: Path = home.data / "occopus.db"
    return InfrastructureManager(Settings(data_dir=home.data, store_url=f"sqlite://{store}", auth_data_path=home.authentication))


def test_a_program_is_told_them(manager: InfrastructureManager, infra_id: str, site: StrictCloudBroker) -> None:
    costs = manager.costs(infra_id)
    assert costs.told == dict(zip(site.node_ids(), (2.5, 4.25), strict=True))
    assert (costs.total, costs.untold) == (6.75, {})


def test_a_report_tells_them(home: User, infra_id: str, site: StrictCloudBroker) -> None:
    assert ", 6.75 so far" in home.run("occopus", "report", "--costs", "-i", infra_id).stdout
    told = json.loads(home.run("occopus", "report", "--costs", "--json", "-i", infra_id).stdout)
    costs = {node_id: instance["cost"] for node_id, instance in told["web"]["instances"].items()}
    assert costs == dict(zip(site.node_ids(), (2.5, 4.25), strict=True))


def test_without_asking_for_them_nobody_asks_the_platform(home: User, infra_id: str, site: StrictCloudBroker) -> None:
    assert "so far" not in home.run("occopus", "report", "-i", infra_id).stdout
    assert "costs" not in site.actions


def test_it_is_said_where_the_platform_does_not_tell(
    home: User, manager: InfrastructureManager, infra_id: str, site: StrictCloudBroker
) -> None:
    site.say["costs"] = "<fees/>"
    assert "no costs of 2 instances: its backend does not know them" in home.run("occopus", "report", "--costs", "-i", infra_id).stdout
    del site.say["costs"]
    site.fail["costs"] = [refusal(403, "Only the owner sees this")]
    untold = manager.costs(infra_id).untold
    assert untold.keys() == {*site.node_ids()}
    assert {"Only the owner sees this" in why for why in untold.values()} == {True}

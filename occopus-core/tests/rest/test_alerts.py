"""Alerts over HTTP, and from a real Prometheus by way of a real Alertmanager."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus import missing, prometheus
from rest_world import NODES, Client, House, Installed, describe

from occopus.settings_rest import Token
from occopus.testing.cloud import Cloud
from occopus.testing.user import until

SCALABLE = describe("web: type: plain, scaling: {min: 1, max: 3}")


def payload(**labels: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "alerts": [{"status": "firing", "labels": {"alertname": "Busy", "node": "web", "alert": "overloaded"} | labels}],
    }


@pytest.fixture
def built(house: House, new_cloud: Callable[[str], Cloud]) -> tuple[Client, str]:
    """A service with an infrastructure."""
    client = house.open()
    infra_id = client.build(SCALABLE, house.definitions(new_cloud("here").endpoint))
    until(lambda: client.is_built(infra_id), "the build")
    return client, infra_id


def test_an_alert_scales_and_the_next_one_waits(built: tuple[Client, str]) -> None:
    client, infra_id = built
    (answer,) = client.post("/alerts", json=payload(infra_id=infra_id))["alerts"]
    assert answer == {"infra_id": infra_id, "node": "web", "decision": "scaled", "reason": "web: 1 -> 2 wanted (Busy)"}
    until(lambda: len(client.instances(infra_id, "web")) == 2, "another instance")
    (answer,) = client.post(f"/infrastructures/{infra_id}/alerts", json=payload(alert="underloaded"))["alerts"]
    assert answer["decision"] == "waiting"
    assert client.kinds(infra_id).count("alert-waits") == 1


def test_what_can_not_be_done_is_told_for_each_alert(built: tuple[Client, str]) -> None:
    client, infra_id = built
    two = {"alerts": payload(infra_id="no-such")["alerts"] + payload(infra_id=infra_id)["alerts"]}
    assert [each["decision"] for each in client.post("/alerts", json=two | {"status": "firing"})["alerts"]] == ["refused", "scaled"]


def test_nobody_scales_what_is_somebody_elses(house: House, new_cloud: Callable[[str], Cloud]) -> None:
    made = {user: Token.new(user, admin=False) for user in ("ann", "bob")}
    house.settings["rest_tokens"] = tuple(token for _, token in made.values())
    ann = house.open(made["ann"][0])
    infra_id = ann.build(SCALABLE, house.definitions(new_cloud("here").endpoint))
    bob = Client(ann.url, made["bob"][0])
    (answer,) = bob.post("/alerts", json=payload(infra_id=infra_id))["alerts"]
    assert (answer["decision"], answer["reason"]) == ("refused", f"there is no infrastructure '{infra_id}'")
    bob.post(f"/infrastructures/{infra_id}/alerts", 404, json=payload())
    assert Client(ann.url).ask("POST", "/alerts", json=payload()).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no json", 400), (b"[]", 422), (b'{"alerts": 1}', 422), (b'{"alerts": [{}]}', 422)],
    ids=["no JSON", "list", "no list", "no labels"],
)
def test_what_alertmanager_does_not_send(built: tuple[Client, str], body: bytes, status: int) -> None:
    client, _ = built
    assert client.ask("POST", "/alerts", data=body).status_code == status


@pytest.mark.skipif(bool(missing()), reason=f"NO REAL PROMETHEUS: {', '.join(missing())} must be installed")
def test_prometheus_watches_and_alertmanager_asks(installed: Installed, tmp_path: Path) -> None:
    installed.write("config.yaml", "rest: {cooldown: 2}\n")
    client = installed.serve("--cfg", "config.yaml")
    infra_id = client.build(SCALABLE, NODES)
    until(lambda: client.is_built(infra_id), "the build")
    rule = {
        "alert": "TooFew",
        "expr": 'occopus_instances{state="ready"} < 3',
        "labels": {"alert": "overloaded", "node": "web", "infra_id": infra_id},
        "annotations": {"summary": "it is too much"},
    }
    with prometheus(tmp_path / "prometheus", client.url.removeprefix("http://"), f"{client.url}/alerts", rule):
        until(lambda: len(installed.nodes) == 3, "three instances")
    asked = [
        event["message"] for event in client.get(f"/infrastructures/{infra_id}/events")["events"] if event["kind"] == "scale-requested"
    ]
    assert asked[:2] == ["web: 1 -> 2 wanted (TooFew: it is too much)", "web: 2 -> 3 wanted (TooFew: it is too much)"]

"""The numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families
from rest_world import Client, House, describe

from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.testing.cloud import Cloud
from occopus.testing.user import until


def numbers(client: Client) -> dict[tuple[str, str], float]:
    """By name, and by the values of the labels in their order."""
    answer = client.ask("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_they_tell_of_passes_states_calls_and_requests(house: House, new_cloud: Callable[[str], Cloud]) -> None:
    client = house.open()
    cloud = new_cloud("cloud")
    infra_id = client.build(describe("a", "b"), house.definitions(cloud.endpoint))
    until(lambda: client.is_built(infra_id), "the build")
    found = until(lambda: n if (n := numbers(client))["occopus_passes_total", "ok"] > 3 else None, "some passes")
    assert found["occopus_infrastructures", "ok"] == 1
    assert found["occopus_instances", "ready"] == 2
    assert found["occopus_backend_calls_total", "cloud create ok"] == cloud.calls["create"] == 2
    assert found["occopus_backend_call_seconds_count", "cloud create"] == 2
    assert found["occopus_pass_seconds_count", ""] >= 3
    assert found["occopus_pass_late_seconds_count", ""] >= 3
    assert found["occopus_http_requests_total", "POST /infrastructures 201"] == 1
    assert found["occopus_passes_running", ""] in (0, 1)

    cloud.fail("describe", None, ResourceError(ErrorKind.CREDENTIALS, "nobody is let in"))
    until(lambda: numbers(client).get(("occopus_backend_calls_total", "cloud describe credentials")), "calls that fail")
    until(lambda: numbers(client)["occopus_instances", "unknown"] == 2, "that the states are not known")
    cloud.failures.clear()
    until(lambda: numbers(client)["occopus_instances", "ready"] == 2, "that they are known again")


def test_no_name_is_among_them(house: House, new_cloud: Callable[[str], Cloud]) -> None:
    client = house.open()
    infra_id = client.build(describe("nodename", name="infraname"), house.definitions(new_cloud("cloud").endpoint))
    until(lambda: client.is_built(infra_id), "the build")
    client.get("/infrastructures/canary-path", 404)
    client.get("/canary-path", 404)
    client.ask("CANARY", "/")
    text = client.ask("GET", "/metrics").text
    for name in (infra_id, "nodename", "infraname", "canary-path", "CANARY"):
        assert name not in text

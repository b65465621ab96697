"""Where events go, said over HTTP; and that they go there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_world import Client, House, describe

from occopus.testing.cloud import Cloud
from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Reply, Request
from occopus.testing.user import until


class Receiver(FaultyServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        super().__init__()

    def respond(self, request: Request) -> Reply:
        self.kinds.append(request.json["kind"])
        return Reply(204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def build(house: House, new_cloud: Callable[[str], Cloud]) -> Callable[..., tuple[Client, str]]:
    """A service with these settings, and an infrastructure in it."""

    def built(**settings: Any) -> tuple[Client, str]:
        authentication = house.folder / "auth.yaml"
        authentication.write_text("notifier:\n- type: webhook\n  auth_data: {secret: shared-with-the-receiver}\n")
        authentication.chmod(0o600)
        house.settings |= {"auth_data_path": authentication, **settings}
        client = house.open()
        infra_id = client.build(describe("web"), house.definitions(new_cloud("here").endpoint))
        until(lambda: client.is_built(infra_id), "the build")
        return client, infra_id

    return built


def test_events_are_delivered_until_the_last(build: Any, receiver: Receiver) -> None:
    client, infra_id = build(rest_private_targets=True)
    target = {"type": "webhook", "url": f"{receiver.url}/events"}
    assert client.post(f"/infrastructures/{infra_id}/notify", 200, json=target) == {"infraid": infra_id}
    assert client.get(f"/infrastructures/{infra_id}/notify") == {"infraid": infra_id, "targets": [target]}
    client.delete(f"/infrastructures/{infra_id}")
    until(lambda: "destroyed" in receiver.kinds, "the last event")
    assert receiver.kinds[0] == "destroy-started"


def test_nothing_goes_any_more_where_no_target_is_left(build: Any, receiver: Receiver) -> None:
    client, infra_id = build(rest_private_targets=True)
    path = f"/infrastructures/{infra_id}/notify"
    client.post(path, 200, json=[{"type": "webhook", "url": receiver.url}])
    client.post(path, 200, json=[])
    assert client.get(path)["targets"] == []


def test_what_is_not_on_the_public_internet_is_refused(build: Any) -> None:
    client, infra_id = build()
    problem = client.post(f"/infrastructures/{infra_id}/notify", 422, json={"type": "webhook", "url": "http://127.0.0.1:1/"})
    assert "not on the public internet" in problem["errors"][0]["message"]


@pytest.mark.parametrize("wrong", [{"type": "pigeon"}, {"type": "webhook"}, {"url": "x"}, "webhook", 5], ids=str)
def test_what_is_no_target_is_refused(house: House, new_cloud: Any, wrong: Any) -> None:
    client = house.open()
    infra_id = client.build(describe("web"), house.definitions(Cloud.at("nowhere-in-particular").endpoint))
    problem = client.post(f"/infrastructures/{infra_id}/notify", 422, json=wrong)
    assert problem["errors"]


def test_a_secret_belongs_elsewhere(build: Any) -> None:
    client, infra_id = build(rest_private_targets=True)
    target = {"type": "webhook", "url": "https://example.org/", "secret": "hidden-1"}
    answer = client.ask("POST", f"/infrastructures/{infra_id}/notify", json=target)
    assert answer.status_code == 422
    assert "authentication file" in answer.text
    assert "hidden-1" not in answer.text

"""The events, as JSON and as a stream that can be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from rest_world import Client, House, describe

from occopus.testing.cloud import Cloud
from occopus.testing.user import until


@pytest.fixture
def client(house: House) -> Client:
    return house.open()


@pytest.fixture
def infra_id(client: Client, house: House, new_cloud: Callable[[str], Cloud]) -> str:
    made = client.build(describe("a"), house.definitions(new_cloud("cloud").endpoint))
    until(lambda: client.is_built(made), "the build")
    return made


def messages(stream: requests.Response) -> Iterator[dict[str, str]]:
    """The messages of a stream, without comments."""
    fields: dict[str, str] = {}
    for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
        if not line and fields:
            yield fields
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def test_they_can_be_read_in_parts(client: Client, infra_id: str) -> None:
    path = f"/infrastructures/{infra_id}/events"
    every = client.get(path)["events"]
    assert [event["kind"] for event in every] == ["build-started", "creating", "ready", "built"]
    assert client.get(f"{path}?limit=2")["events"] == every[:2]
    assert client.get(f"{path}?after={every[1]['id']}")["events"] == every[2:]
    assert client.get(f"{path}?after={every[-1]['id']}") == {"events": []}
    for bad in ("limit=0", "limit=x", "limit=1001", "after=x", "after=-1"):
        client.get(f"{path}?{bad}", 422)
    client.get("/infrastructures/nobody/events", 404)


def test_a_stream_goes_on_where_it_was_broken_off(client: Client, infra_id: str) -> None:
    every = client.get(f"/infrastructures/{infra_id}/events")["events"]
    with client.stream(infra_id) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        first = next(messages(stream))
    assert (first["id"], first["event"]) == (every[0]["id"], "build-started")
    with client.stream(infra_id, **{"Last-Event-ID": first["id"]}) as stream:
        told = messages(stream)
        rest = [next(told) for _ in every[1:]]
        assert [message["id"] for message in rest] == [event["id"] for event in every[1:]]
        client.delete(f"/infrastructures/{infra_id}")
        kinds = [message["event"] for message in told]
    assert kinds[0] == "destroy-started"
    assert kinds[-1] == "destroyed", "the stream ends with the infrastructure"
    last = client.get(f"/infrastructures/{infra_id}/events")["events"][-1]["id"]
    assert client.stream(infra_id, **{"Last-Event-ID": last}).status_code == 204, "so that a browser does not come again"


def test_a_stream_that_nobody_reads_any_more_is_given_up(client: Client, house: House, infra_id: str) -> None:
    assert house.services
    services = house.services
    with client.stream(infra_id) as stream:
        next(messages(stream))
        assert services.streams == 1
    until(lambda: services.streams == 0, "the end of the stream")


def test_there_are_not_more_streams_than_there_may_be(client: Client, infra_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occopus.rest.events.STREAMS", 1)
    with client.stream(infra_id) as first:
        next(messages(first))
        second = client.stream(infra_id)
        assert second.status_code == 503
        assert second.headers["Retry-After"]

"""The keeper: each infrastructure for itself, whatever happens to the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from redis_server import RedisServer
from rest_world import NODES, Client, House, Installed, describe, hanging

from occopus.engine.keeper import Keeper
from occopus.engine.wishes import wish_removal
from occopus.model.attachment import Attachment
from occopus.model.infrastructure import InfraId
from occopus.plugins.resource import ErrorKind, ResourceError
from occopus.rest.services import Patience
from occopus.store.records import load_attachments
from occopus.testing.cloud import Cloud
from occopus.testing.user import until

pytestmark = pytest.mark.endurance

NewCloud = Callable[[str], Cloud]


def built(client: Client, house: House, cloud: Cloud, *nodes: str, name: str = "test") -> str:
    infra_id = client.build(describe(*nodes, name=name), house.definitions(cloud.endpoint))
    until(lambda: client.is_built(infra_id), "the build")
    return infra_id


def passes(client: Client) -> float:
    """How many passes went well so far."""
    wanted = 'occopus_passes_total{result="ok"} '
    return next(float(line.removeprefix(wanted)) for line in client.ask("GET", "/metrics").text.splitlines() if line.startswith(wanted))


def heals(client: Client, infra_id: str, cloud: Cloud) -> None:
    """A thing that is lost comes again."""
    before = len(cloud.made)
    with cloud.lock:
        cloud.things.clear()
    until(lambda: len(cloud.made) > before, "another thing")


@pytest.mark.parametrize("kind", ["describe", "create", "drop"])
def test_a_backend_that_hangs_holds_only_those_who_use_it(house: House, new_cloud: NewCloud, kind: str) -> None:
    """Many infrastructures hang at once, with more calls than threads would be there if they were shared out by the first who comes."""
    client = house.open()
    good, bad = new_cloud("good"), new_cloud("bad")
    healthy = built(client, house, good, "a")
    nodes = [f"n{number}" for number in range(5)]
    stuck = [client.build(describe(*nodes, name=f"bad{number}"), house.definitions(bad.endpoint)) for number in range(20)]
    until(lambda: all(map(client.is_built, stuck)), "the builds")
    with hanging(bad, kind) as reached:
        if kind != "describe":
            with bad.lock:
                bad.things.clear()  # they are to be made again
        assert reached.wait(60)
        until(lambda: client.ask("GET", "/readyz").status_code == 200, "answers")
        for _ in range(2):
            heals(client, healthy, good)
        assert client.get(f"/infrastructures/{stuck[0]}"), "what is stuck is still reported"
        another = built(client, house, good, "b", name="another")
        client.delete(f"/infrastructures/{another}")
        until(lambda: client.is_gone(another), "the end")
    heals(client, stuck[0], bad)


def test_a_question_to_a_backend_that_hangs_is_given_up(house: House, new_cloud: NewCloud) -> None:
    house.options = {"patience": Patience(work=1.0)}
    client = house.open()
    cloud = new_cloud("cloud")
    infra_id = built(client, house, cloud, "a")
    with hanging(cloud, "describe") as reached:
        assert reached.wait(60)
        answer = client.ask("GET", f"/infrastructures/{infra_id}/plan")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert client.instances(infra_id, "a")
    assert client.get(f"/infrastructures/{infra_id}/plan")["steps"] == []


def test_a_backend_that_fails_fails_only_its_own(house: House, new_cloud: NewCloud) -> None:
    client = house.open()
    good, bad = new_cloud("good"), new_cloud("bad")
    failing = built(client, house, bad, "a", name="failing")
    healthy = built(client, house, good, "a", name="healthy")
    bad.fail("create", None, ResourceError(ErrorKind.INVALID, "the quota's owner says no"))
    bad.things.clear()
    until(lambda: client.get(f"/infrastructures/{failing}/status")["last_run"]["result"] == "failed", "the failure")
    assert "says no" in client.get(f"/infrastructures/{failing}/status")["last_run"]["problem"]
    heals(client, healthy, good)
    bad.failures.clear()
    until(lambda: bad.things, "that it heals too")


def test_a_wish_ends_what_is_under_way(house: House, new_cloud: NewCloud) -> None:
    """A build that would wait for an hour is given up for its removal, and for another description, without being rolled back first."""
    house.settings = {"rest_interval": 1000.0}
    client = house.open()
    cloud = new_cloud("cloud")
    cloud.pending.add("slow")
    infra_id = client.build(describe("a", "slow"), house.definitions(cloud.endpoint))
    until(lambda: len(cloud.things) == 2, "both")
    client.put(f"/infrastructures/{infra_id}", json={"description": describe("a", "b")})
    until(lambda: client.is_built(infra_id), "the other build")
    assert sorted(thing.handle.node_name for thing in cloud.things) == ["a", "b"]
    assert len([thing for thing in cloud.made if thing.handle.node_name == "a"]) == 1, "what stays is not made again"
    client.put(f"/infrastructures/{infra_id}", json={"description": describe("a", "slow")})
    until(lambda: "slow" in [thing.handle.node_name for thing in cloud.things], "the slow one")
    client.delete(f"/infrastructures/{infra_id}")
    until(lambda: client.is_gone(infra_id), "the end")
    assert cloud.things == []
    assert "rollback" not in client.kinds(infra_id)


def test_a_wish_that_comes_by_another_way_ends_it_too(house: House, new_cloud: NewCloud) -> None:
    """As from another service on the same store, which can tell this one nothing."""
    client = house.open()
    cloud = new_cloud("cloud")
    cloud.pending.add("slow")
    infra_id = InfraId(client.build(describe("slow"), house.definitions(cloud.endpoint)))
    until(lambda: cloud.things, "the slow one")
    wish_removal(house.store, Attachment(infra_id, "me"), time.time())
    until(lambda: client.is_gone(infra_id), "the end")
    assert cloud.things == []


def test_a_failed_change_goes_back_to_what_was(house: House, new_cloud: NewCloud) -> None:
    client = house.open()
    cloud = new_cloud("cloud")
    infra_id = built(client, house, cloud, "a")
    cloud.dead.add("bad")
    client.put(f"/infrastructures/{infra_id}", json={"description": describe("a", "bad")})
    until(lambda: "rolled-back" in client.kinds(infra_id), "the rollback")
    assert client.is_built(infra_id)
    assert list(client.get(f"/infrastructures/{infra_id}")) == ["a"]
    assert [thing.handle.node_name for thing in cloud.things] == ["a"]
    assert len([thing for thing in cloud.made if thing.handle.node_name == "a"]) == 1
    refused = client.get(f"/infrastructures/{infra_id}/events")["events"]
    assert "kernel panic" in next(event["message"] for event in refused if event["kind"] == "rollback")


def test_what_is_being_destroyed_takes_no_other_wishes(house: House, new_cloud: NewCloud) -> None:
    client = house.open()
    cloud = new_cloud("cloud")
    infra_id = built(client, house, cloud, "a")
    with hanging(cloud, "drop") as reached:
        client.delete(f"/infrastructures/{infra_id}")
        assert reached.wait(60)
        for ask in (
            lambda: client.put(f"/infrastructures/{infra_id}", 409, json={"description": describe("a")}),
            lambda: client.post(f"/infrastructures/{infra_id}/scaleup/a", 409),
            lambda: client.post(f"/infrastructures/{infra_id}/detach", 409),
        ):
            assert "is being destroyed" in ask()["detail"]
        assert client.delete(f"/infrastructures/{infra_id}") == {"infraid": infra_id}, "asked for twice, it is destroyed once"
    until(lambda: client.is_gone(infra_id), "the end")
    assert client.kinds(infra_id).count("destroy-started") == 1


def test_passes_come_at_their_interval_and_are_spread(house: House, new_cloud: NewCloud) -> None:
    house.settings = {"rest_interval": 0.5}
    client = house.open()
    cloud = new_cloud("cloud")
    for number in range(4):
        built(client, house, cloud, "a", name=f"infra{number}")
    house.close()
    moments: list[float] = []
    cloud.hook = lambda kind, moment, nodes: moments.append(time.monotonic()) if (kind, moment) == ("describe", "before") else None
    client = house.open()
    begun = time.monotonic()
    until(lambda: len(moments) >= 40, "forty passes")
    taken = time.monotonic() - begun
    assert taken > 4.0, "four infrastructures need at least four and a half seconds for ten passes each, less the first interval"
    first = sorted(moments[:4])
    assert first[-1] - first[0] > 0.2, "they do not all come at once after a start"


def test_a_stuck_pass_does_not_hold_up_the_end(house: House, new_cloud: NewCloud) -> None:
    house.settings = {"rest_drain": 1.0}
    client = house.open()
    cloud = new_cloud("cloud")
    infra_id = built(client, house, cloud, "a")
    with hanging(cloud, "describe") as reached:
        assert reached.wait(60)
        assert house.close() < 20
    client = house.open()
    heals(client, infra_id, cloud)


def test_what_was_destroyed_by_another_is_kept_no_longer(house: House, new_cloud: NewCloud) -> None:
    client = house.open()
    infra_id = built(client, house, new_cloud("cloud"), "a")
    house.manager().destroy(infra_id)
    until(lambda: client.get("/infrastructures/") == {"infrastructures": []}, "that it is not attached any more")
    assert load_attachments(house.store) == []


def test_threads_are_used_again(house: House, new_cloud: NewCloud) -> None:
    client = house.open()
    before = threading.active_count()
    built(client, house, new_cloud("cloud"), "a", "b")
    count = passes(client)
    until(lambda: passes(client) >= count + 20, "twenty passes")
    assert threading.active_count() - before < 40


def test_a_store_that_is_away_for_a_while_ends_nothing(installed: Installed, redis_server: RedisServer) -> None:
    installed.write("store.yaml", f"store: {{url: '{redis_server.url}'}}\n")
    installed.variables["OCCOPUS_CONFIG_PATH"] = "store.yaml"
    client = installed.serve()
    infra_id = client.build(describe("a"), NODES)
    until(lambda: client.is_built(infra_id), "the build")
    redis_server.pause()
    until(lambda: client.ask("GET", "/readyz").status_code == 503, "that it is noticed")
    assert client.get("/healthz") == {"status": "ok"}
    redis_server.resume()
    until(lambda: client.ask("GET", "/readyz").status_code == 200, "that it works again")
    (instance,) = client.instances(infra_id, "a")
    installed.kill_node(instance)
    until(lambda: client.instances(infra_id, "a").keys() not in ({instance}, set()), "another")


def test_the_keeper_is_not_well_when_its_thread_has_ended(house: House) -> None:
    client = house.open()
    until(lambda: client.ask("GET", "/readyz").status_code == 200, "readiness")
    assert house.services
    keeper: Keeper = house.services.keeper
    assert keeper.is_well
    keeper.drain(10)
    assert "keeper" in client.get("/readyz", 503)["detail"]
    assert client.get("/healthz") == {"status": "ok"}

"""What Nova is asked for, and what is not asked twice."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fake_openstack import SHAPES, FakeOpenStack, trouble
from lossy import LossyProxy

from occopus.model.instance import AddressKind, NodeState
from occopus.plugins import ErrorKind, HandlerConfig, ResourceError, UserData
from occopus.testing.resource_suite import Bench, Journal
from occopus_nova.handler import NovaHandler

NewBench = Callable[..., Bench]


@pytest.fixture
def new_bench(cloud: FakeOpenStack, tmp_path: Path) -> NewBench:
    """What drives a handler for a section with some more keys as the engine would."""

    def make(credentials: dict[str, str] = cloud.login, **more: Any) -> Bench:
        section = cloud.section(**more)
        config = HandlerConfig(section, credentials, tmp_path, logging.getLogger("occopus.nova"))
        return Bench(lambda: NovaHandler(config), section, UserData("#!/bin/sh\necho hé\n"), within=30, poll_every=0.02)

    return make


def only_server(cloud: FakeOpenStack) -> dict[str, Any]:
    (server,) = cloud.servers.values()
    return server


def test_everything_of_the_section_reaches_nova(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench(server_name="mine", key_name="a-key", security_groups=["default"]).created()
    server = only_server(cloud)
    assert (server["name"], server["key_name"], server["image"]) == ("mine", "a-key", {"id": SHAPES["image"]["id"]})
    assert server["fake"]["security_groups"] == [{"name": "default"}]
    assert base64.b64decode(server["fake"]["user_data"]).decode() == "#!/bin/sh\necho hé\n"


def test_servers_that_share_a_name_are_told_apart(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(server_name="the same for all")
    request, _ = bench.request(), bench.created()
    assert request.node_id not in bench.make_handler().describe([request.handle])
    bench.make_handler().create(request, Journal())
    assert len(cloud.servers) == 2


@pytest.mark.parametrize("by", ["id", "name"])
def test_image_and_flavor_by(by: str, cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench(image_id=SHAPES["image"][by], flavor_name=SHAPES["flavor"][by]).created()
    assert only_server(cloud)["image"] == {"id": SHAPES["image"]["id"]}


def test_the_id_of_a_flavor_may_be_a_number(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    """Nobody puts it into quotes."""
    cloud.flavors = {"3": SHAPES["flavor"] | {"id": "3"}}
    new_bench(flavor_name=3).created()
    only_server(cloud)


def test_two_images_of_one_name_are_refused(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.images["other"] = SHAPES["image"] | {"id": "other"}
    with pytest.raises(ResourceError, match=r"several for the image 'debian-12': .*other.*; give an id") as raised:
        new_bench().created()
    assert raised.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"image_id": "nope"}, "there is no image 'nope'"),
        ({"flavor_name": "nope"}, "there is no flavor 'nope'"),
        ({"network_id": "nope"}, "could not be found"),
        ({"key_name": "nope"}, "Invalid key_name provided"),
        ({"security_groups": ["nope"]}, "Unable to find security_group"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_not_there_is_invalid(more: dict[str, Any], message: str, cloud: FakeOpenStack, new_bench: NewBench) -> None:
    with pytest.raises(ResourceError, match=message) as raised:
        new_bench(**more).created()
    assert raised.value.kind is ErrorKind.INVALID
    assert cloud.servers == {}


@pytest.mark.parametrize(("asked", "size"), [(0, 1), (7, 7)], ids=["chosen-by-the-cloud", "given"])
def test_volume_of_a_size(asked: int, size: int, cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(volume_size=asked)
    handle, _ = bench.until_ready(bench.make_handler(), bench.request())
    (volume,) = cloud.volumes.values()
    assert (volume["size"], only_server(cloud)["image"]) == (size, "")
    bench.until_gone(bench.make_handler(), handle)
    assert cloud.volumes == {}


def test_chosen_size_holds_the_image_and_is_the_flavors(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.images = {SHAPES["image"]["id"]: SHAPES["image"] | {"virtual_size": 5 * 2**30 + 1, "min_disk": 3}}
    new_bench(volume_size=0).created()
    cloud.flavors = {SHAPES["flavor"]["id"]: SHAPES["flavor"] | {"disk": 20}}
    new_bench(volume_size=0).created()
    assert sorted(volume["size"] for volume in cloud.volumes.values()) == [6, 20]


def test_kept_volume_goes_with_a_server_that_never_was_up(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.build_seconds = 100
    bench = new_bench(volume_size=2, volume_persist=True)
    bench.until_gone(bench.make_handler(), bench.created())
    assert cloud.volumes == {}


def test_kept_volume_is_marked_and_stays(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(volume_size=2, volume_persist=True)
    request = bench.request()
    handle, _ = bench.until_ready(bench.make_handler(), request)
    bench.until_gone(bench.make_handler(), handle)
    (volume,) = cloud.volumes.values()
    assert (volume["status"], volume["metadata"], volume["name"]) == ("available", request.marks, request.machine_name)


def test_volume_that_a_user_attaches_changes_nothing(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(volume_size=2, volume_persist=True)
    handle, status = bench.until_ready(bench.make_handler(), bench.request())
    only_server(cloud)["os-extended-volumes:volumes_attached"].append({"id": "mine", "delete_on_termination": True})
    assert bench.make_handler().describe([handle])[handle.node_id] == status
    only_server(cloud)["os-extended-volumes:volumes_attached"].pop()


def test_application_credential(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench({"type": "application_credential", **cloud.application_credential}).created()
    assert len(cloud.servers) == 1


def test_application_credential_of_another_project_is_refused(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench({"type": "application_credential", **cloud.application_credential}, project_id="another")
    for call in (bench.created, lambda: bench.make_handler().describe([bench.request().handle])):
        with pytest.raises(ResourceError, match=r"is for the project '.*', not for 'another'") as raised:
            call()
        assert raised.value.kind is ErrorKind.CREDENTIALS
    bench.requests.clear()


def test_a_server_without_its_metadata_is_known_by_its_tags(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    """Metadata is the user's to change; what is ours is found by its tags."""
    bench = new_bench()
    handle, _ = bench.until_ready(bench.make_handler(), bench.request())
    only_server(cloud)["metadata"].clear()
    assert bench.make_handler().describe([handle])[handle.node_id].state is NodeState.READY
    assert [found.node_id for found in bench.make_handler().find(bench.infra_id)] == [handle.node_id]


def test_a_server_without_its_tags_is_known_by_its_id(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench()
    handle, _ = bench.until_ready(bench.make_handler(), bench.request())
    only_server(cloud)["tags"].clear()
    assert bench.make_handler().describe([handle])[handle.node_id].state is NodeState.READY
    bench.until_gone(bench.make_handler(), handle)
    assert cloud.servers == {}


@pytest.mark.parametrize(
    "credentials", [{"username": "me"}, {"type": "application_credential", "id": "x"}, {"type": "voms"}, {"type": "x"}]
)
def test_incomplete_credentials(credentials: dict[str, str], cloud: FakeOpenStack, new_bench: NewBench) -> None:
    with pytest.raises(ResourceError) as raised:
        new_bench(credentials).make_handler()
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert cloud.actions == []


@pytest.mark.parametrize(
    ("more", "message"),
    [({"region_name": "Nowhere"}, "Nowhere"), ({"endpoint": "http://127.0.0.1:{port}/elsewhere"}, "logging in failed")],
    ids=["region", "endpoint"],
)
def test_wrong_place_is_invalid(more: dict[str, str], message: str, cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(**{key: value.format(port=cloud.port) for key, value in more.items()})
    with pytest.raises(ResourceError, match=message) as raised:
        bench.created()
    assert raised.value.kind is ErrorKind.INVALID
    bench.requests.clear()
    cloud.complaints.clear()


def test_region_is_the_users(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench(region_name="RegionOne").created()
    assert len(cloud.servers) == 1


def test_user_data_is_in_no_error(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(server_name="x" * 256)
    bench.context = UserData("password: a-secret-that-nobody-may-read\n" * 3)
    with pytest.raises(ResourceError, match=r"'user_data': '\.\.\.'") as raised:
        bench.created()
    assert "YS1zZWNyZXQ" not in raised.value.message


def test_an_answer_that_is_no_json_is_told(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.fail["GET /servers/detail"] = [trouble(200, body="<html>Please log in to this network</html>")]
    with pytest.raises(ResourceError, match=r"looking for servers failed: the answer of http.*/servers/detail.* is no JSON"):
        new_bench().created()


def test_retry_after_is_passed_on(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.fail["POST /servers"] = [trouble(429, {"Retry-After": "17"})]
    with pytest.raises(ResourceError) as raised:
        new_bench().created()
    assert (raised.value.kind, raised.value.retry_after) == (ErrorKind.THROTTLED, 17.0)


def test_no_secret_is_in_an_error(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    with pytest.raises(ResourceError) as raised:
        new_bench({"username": "demo", "password": "the-wrong-password"}).created()
    assert raised.value.kind is ErrorKind.CREDENTIALS
    assert "the-wrong-password" not in f"{raised.value}{raised.value.__cause__}"


def test_user_is_of_the_domain(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench(user_domain_name="Default").created()
    bench = new_bench(user_domain_name="Another")
    with pytest.raises(ResourceError, match="logging in failed"):
        bench.created()
    bench.requests.clear()


def test_old_tenant_name(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    new_bench(project_id=None, tenant_name="demo").created()
    assert len(cloud.servers) == 1


def test_a_lost_reply_makes_no_second_server(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    with LossyProxy(cloud.url) as proxy:
        cloud.public_url = proxy.url
        proxy.lose["POST /servers"] = 1
        bench = new_bench()
        request = bench.request()
        with pytest.raises(ResourceError) as raised:
            bench.make_handler().create(request, Journal())
        assert raised.value.kind is ErrorKind.TRANSIENT
        assert cloud.actions.count("POST /servers") == 1, "the SDK itself must not repeat it"
        bench.make_handler().create(request, Journal())
    assert len(cloud.servers) == 1


def test_a_server_that_appears_late_becomes_no_twin(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    """The reply was lost, and the server could not be seen when create was called again."""
    bench = new_bench()
    request = bench.request()
    cloud.hidden_seconds = 0.3
    bench.make_handler().create(request, Journal())
    cloud.hidden_seconds, cloud.build_seconds = 0.0, 1.0
    bench.until_ready(bench.make_handler(), request)
    assert cloud.node_ids() == [request.node_id]


def test_all_pages_are_read(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    cloud.page = 2
    bench = new_bench()
    handles = [bench.created() for _ in range(7)]
    assert len(bench.make_handler().describe(handles)) == 7
    assert len(list(bench.make_handler().find(bench.infra_id))) == 7


def test_many_threads_share_a_handler(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench(floating_ip=True)
    handler, requests = bench.make_handler(), [bench.request() for _ in range(40)]
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda request: bench.until_ready(handler, request)[1], requests))
    assert sorted(cloud.node_ids()) == sorted(request.node_id for request in requests)
    public = [address.value for status in statuses for address in status.addresses if address.kind is AddressKind.PUBLIC]
    assert len(set(public)) == 40
    assert cloud.actions.count("POST /auth/tokens") == 1, "all threads share one login"


def test_one_machine_costs_three_calls(cloud: FakeOpenStack, new_bench: NewBench) -> None:
    bench = new_bench()
    handler = bench.make_handler()
    handler.create(bench.request(), Journal())
    before = len(cloud.actions)
    handle = handler.create(bench.request(), Journal())
    assert cloud.actions[before:] == ["GET /servers/detail", "POST /servers"]
    before = len(cloud.actions)
    assert handler.describe([handle])[handle.node_id].state in (NodeState.PENDING, NodeState.READY)
    assert cloud.actions[before:] == ["GET /servers/detail"]

"""The handler in a real engine, where answers get lost and containers end."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from occopus.model.instance import Handle, NodeState
from occopus.plugins import ContainerContext, CreateRequest, ErrorKind, ResourceError, ResourceStatus
from occopus.testing.user import until
from occopus_docker.handler import DockerHandler
from occopus_docker.limits import GRACE

K = ErrorKind


@pytest.fixture
def handler(handler_for: Callable[..., DockerHandler], proxy: Any, inside: Any) -> DockerHandler:
    return handler_for(proxy.url)


def create(handler: DockerHandler, request: CreateRequest) -> Handle:
    return handler.create(request, lambda _: None)


def status(handler: DockerHandler, handle: Handle) -> ResourceStatus | None:
    return handler.describe([handle]).get(handle.node_id)


def ended(handler: DockerHandler, handle: Handle) -> ResourceStatus:
    def found() -> ResourceStatus | None:
        seen = status(handler, handle)
        return seen if seen and seen.state is NodeState.SHUTDOWN else None

    return until(found, "the end")


@pytest.mark.parametrize("call", ["POST /containers/create", "POST /containers/*/start"])
def test_a_lost_answer_makes_no_second_container(handler: DockerHandler, request_for: Any, proxy: Any, inside: Any, call: str) -> None:
    request = request_for()
    proxy.lose[call] = 1
    with pytest.raises(ResourceError) as raised:
        create(handler, request)
    assert raised.value.kind is K.TRANSIENT
    handle = create(handler, request)
    (container,) = inside.containers
    assert (container["Id"], container["State"]) == (handle.ids["container_id"], "running")
    assert container["Names"] == [f"/{request.machine_name}"]


def test_one_that_has_the_name_and_the_mark_is_taken_over(handler: DockerHandler, request_for: Any, proxy: Any, inside: Any) -> None:
    request = request_for()
    first = create(handler, request)
    proxy.hide = 1
    assert create(handler, request) == first
    assert (proxy.actions.count("POST /containers/create"), len(inside.containers)) == (2, 1)


def test_one_that_was_made_under_another_name_is_found_by_its_mark(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    request = request_for()
    first = create(handler, request)
    assert create(handler, replace(request, machine_name="occopus-renamed")) == first
    assert len(inside.containers) == 1


def test_one_that_the_engine_is_still_making_is_found_later(handler: DockerHandler, request_for: Any, proxy: Any, inside: Any) -> None:
    request = request_for()
    first = create(handler, request)
    proxy.hide = 2
    handle = create(handler, request)
    assert handle.ids == {}
    seen = status(handler, handle)
    assert seen
    assert seen.state is NodeState.READY
    remove_as_the_engine_does(handler, handle)
    assert (inside.containers, first.ids != {}) == ([], True)


def test_a_name_that_somebody_else_has(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    request = request_for()
    stranger = inside.client.create_container("busybox", ["sh"], name=request.machine_name)
    with pytest.raises(ResourceError, match="not of this node has the name") as raised:
        create(handler, request)
    assert raised.value.kind is K.INVALID
    handler.drop(request.handle)
    assert [container["Id"] for container in inside.containers] == [stranger["Id"]]


def test_what_is_given_is_what_the_container_gets(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    request = request_for(
        "sh -c 'echo \"$greeting\"; sleep 1000'",
        ("greeting=Hello = hello, ü", "empty="),
        memory="64m",
        cpus=0.5,
        volumes=["occopus-test-data:/data", "/tmp:/host:ro", "/own"],
    )
    create(handler, request)
    (container,) = inside.containers
    found = inside.inspect(container)
    until(lambda: inside.logs(container), "output")
    assert inside.logs(container) == "Hello = hello, ü\n"
    assert found["Config"]["Cmd"] == ["sh", "-c", 'echo "$greeting"; sleep 1000']
    assert {"greeting=Hello = hello, ü", "empty="} <= set(found["Config"]["Env"])
    assert found["Config"]["Labels"] == request.marks
    limits = found["HostConfig"]
    assert (limits["Memory"], limits["NanoCpus"], limits["RestartPolicy"]["Name"]) == (64 << 20, 500_000_000, "")
    mounts = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in found["Mounts"]}
    assert mounts == {"/data": ("volume", True), "/host": ("bind", False), "/own": ("volume", True)}


def test_volumes_without_a_name_go_with_the_container(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    handle = create(handler, request_for(volumes=["occopus-test-kept:/data", "/own"]))
    remove_as_the_engine_does(handler, handle)
    assert inside.volumes == ["occopus-test-kept"]


def remove_as_the_engine_does(handler: DockerHandler, handle: Handle) -> None:
    handler.drop(handle)

    def gone() -> bool:
        seen = status(handler, handle)
        if seen and seen.unfinished:
            handler.drop(handle)
        return seen is None

    until(gone, "the removal")


def test_a_port_is_published(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    handle = create(handler, request_for("httpd -f -p 80 -h /root", ports=[f"127.0.0.1:{port}:80", 81, "53/udp"]))
    seen = status(handler, handle)
    assert seen
    for url in (f"http://127.0.0.1:{port}/start.sh", f"http://{seen.addresses[0].value}/start.sh"):
        until(lambda url=url: answers(url), url)
    published = inside.inspect(inside.containers[0])["NetworkSettings"]["Ports"]
    assert set(published) == {"80/tcp", "81/tcp", "53/udp"}
    assert published["81/tcp"][0]["HostPort"]
    with pytest.raises(ResourceError) as raised:
        create(handler, request_for(ports=[f"127.0.0.1:{port}:80"]))
    assert raised.value.kind is K.NO_CAPACITY


def answers(url: str) -> bool:
    try:
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("key", ["network", "network_mode"])
def test_a_network_of_the_users_own(handler: DockerHandler, request_for: Any, inside: Any, key: str) -> None:
    pool = {"Driver": "default", "Config": [{"Subnet": "198.51.100.0/28"}]}
    network = inside.client.create_network("occopus-test", ipam=pool)
    try:
        handle = create(handler, request_for(**{key: "occopus-test"}))
        seen = status(handler, handle)
        assert seen
        assert [address.value for address in seen.addresses] == ["198.51.100.2"]
        inside.client.connect_container_to_network(handle.ids["container_id"], "bridge")
        assert status(handler, handle) == seen
        inside.empty()
    finally:
        inside.client.remove_network(network["Id"])
    with pytest.raises(ResourceError, match="occopus-test") as raised:
        create(handler, request_for(**{key: "occopus-test"}))
    assert raised.value.kind is K.INVALID


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        ("sh -c 'for n in 1 2 3 4 5 6 7; do echo line $n; done; exit 3'", "exit code 3: line 3\nline 4\nline 5\nline 6\nline 7"),
        ("sh -c 'kill -9 $$; exit 1'", "exit code 1"),
        (["echo"], "exit code 0"),
        (["sh", "-c", "echo err >&2; exit 2"], "exit code 2: err"),
    ],
)
def test_why_a_container_has_ended(handler: DockerHandler, request_for: Any, inside: Any, command: Any, detail: str) -> None:
    handle = create(handler, request_for(command))
    seen = ended(handler, handle)
    assert (seen.detail, seen.unfinished) == (detail, True)
    remove_as_the_engine_does(handler, handle)
    assert inside.containers == []


def test_a_container_that_is_killed_by_somebody_else(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    handle = create(handler, request_for())
    inside.client.kill(handle.ids["container_id"])
    assert ended(handler, handle).detail == "exit code 137"


@pytest.mark.parametrize(
    ("do", "state"),
    [("pause", NodeState.PENDING), ("stop", NodeState.SHUTDOWN), ("start", NodeState.READY)],
    ids=["paused", "stopped", "on"],
)
def test_states_are_the_engines(handler: DockerHandler, request_for: Any, inside: Any, do: str, state: NodeState) -> None:
    handle = create(handler, request_for())
    getattr(inside.client, do)(handle.ids["container_id"])
    seen = status(handler, handle)
    assert seen
    assert (seen.state, seen.unfinished) == (state, state is NodeState.SHUTDOWN)
    remove_as_the_engine_does(handler, handle)
    assert inside.containers == []


def test_one_that_was_made_and_not_started(handler: DockerHandler, request_for: Any, inside: Any, proxy: Any) -> None:
    request = request_for()
    proxy.refuse("POST /containers/*/start", 500, "not now")
    with pytest.raises(ResourceError):
        create(handler, request)
    seen = status(handler, request.handle)
    assert seen
    assert (seen.state, seen.unfinished) == (NodeState.PENDING, True)
    proxy.fail.clear()
    handle = create(handler, request)
    seen = status(handler, handle)
    assert seen
    assert seen.state is NodeState.READY
    assert len(inside.containers) == 1


def test_the_engine_starts_it_again_where_that_is_wanted(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    handle = create(handler, request_for("sh -c 'sleep 0.3; exit 1'", restart="always"))
    until(lambda: inside.inspect(inside.containers[0])["RestartCount"] >= 2, "a restart")
    seen = status(handler, handle)
    assert seen
    assert seen.state in (NodeState.PENDING, NodeState.READY)
    remove_as_the_engine_does(handler, handle)
    assert inside.containers == []


def test_one_that_does_not_want_to_stop_is_killed(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    handle = create(handler, request_for("sleep 1000"))
    begun = time.monotonic()
    remove_as_the_engine_does(handler, handle)
    assert time.monotonic() - begun >= GRACE
    assert inside.containers == []


def test_two_containers_with_one_mark_both_go(handler: DockerHandler, request_for: Any, inside: Any) -> None:
    request = request_for()
    handle = create(handler, request)
    inside.client.create_container("busybox", ["sh"], name="twin", labels=request.marks)
    assert list(handler.find(request.infra_id)) != []
    remove_as_the_engine_does(handler, handle)
    assert inside.containers == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": ["no-such-program"]}, "no-such-program"),
        ({"command": None}, "No command specified"),
        ({"command": "sh -c 'unclosed"}, "No closing quotation"),
        ({"image": "Not/A:Name"}, "invalid reference format"),
        ({"image": "nothing"}, "the engine has no image nothing:latest"),
        ({"memory": "1k"}, "memory limit"),
        ({"cpus": 10_000}, "CPUs"),
        ({"volumes": ["/no/such/folder:relative"]}, "relative"),
    ],
)
def test_what_can_not_be_made(handler: DockerHandler, request_for: Any, inside: Any, changes: dict[str, Any], message: str) -> None:
    request = request_for(**changes)
    with pytest.raises(ResourceError, match=message) as raised:
        create(handler, request)
    assert raised.value.kind is K.INVALID
    handler.drop(request.handle)
    assert inside.containers == []


def test_a_message_tells_nothing_of_the_environment(handler: DockerHandler, request_for: Any) -> None:
    request = request_for()
    secret = "known-to-nobody-123"
    request = replace(request, context=ContainerContext((f"PASSWORD={secret}",), ("no-such-program",)))
    with pytest.raises(ResourceError) as raised:
        create(handler, request)
    assert secret not in raised.value.message

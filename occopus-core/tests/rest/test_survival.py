"""The service is killed, ended and started again; nobody has to ask for anything twice."""

from __future__ import annotations

import random
import time

import pytest
from rest_world import NODES, Installed, describe

from occopus.testing.user import until

pytestmark = pytest.mark.endurance

CHAIN = {"depends": "[[b, a], [c, b], [d, c]]"}


@pytest.mark.parametrize("seed", range(6))
def test_killed_after_the_answer_or_in_the_middle_of_a_build_it_goes_on(installed: Installed, seed: int) -> None:
    client = installed.serve()
    infra_id = client.build(describe(*"abcd", **CHAIN), NODES)
    pause = random.Random(seed).random() if seed else 0.0  # the first is killed right after the answer
    time.sleep(pause)  # not to wait for anything: the moment is what varies
    installed.kill()
    client = installed.serve()
    assert client.get("/infrastructures/") == {"infrastructures": [infra_id]}
    until(lambda: client.is_built(infra_id), "the build")
    assert {node for node in "abcd" if len(client.instances(infra_id, node)) == 1} == set("abcd")
    assert set(installed.nodes) == {id for node in "abcd" for id in client.instances(infra_id, node)}
    client.delete(f"/infrastructures/{infra_id}")
    until(lambda: client.is_gone(infra_id), "the end")
    assert installed.nodes == {}


@pytest.mark.parametrize("seed", range(4))
def test_killed_while_it_destroys_it_goes_on(installed: Installed, seed: int) -> None:
    client = installed.serve()
    infra_id = client.build(describe(*"abcd"), NODES)
    until(lambda: client.is_built(infra_id), "the build")
    client.delete(f"/infrastructures/{infra_id}")
    time.sleep(random.Random(seed).random() / 5 if seed else 0.0)
    installed.kill()
    client = installed.serve()
    until(lambda: client.is_gone(infra_id), "the end")
    assert installed.nodes == {}
    until(lambda: client.get("/infrastructures/") == {"infrastructures": []}, "that it is not kept any more")


def test_killed_while_it_rolls_back_nothing_is_left(installed: Installed) -> None:
    client = installed.serve()
    infra_id = client.build(describe("a", "b", "bad: type: never, create_timeout: 1"), NODES)
    until(lambda: "rollback" in client.kinds(infra_id), "the failure")
    installed.kill()
    client = installed.serve()
    until(lambda: client.is_gone(infra_id), "the end")
    assert installed.nodes == {}


def test_a_wanted_change_and_a_request_survive(installed: Installed) -> None:
    client = installed.serve()
    infra_id = client.build(describe("a: type: plain, scaling: {min: 1, max: 2}"), NODES)
    until(lambda: client.is_built(infra_id), "the build")
    client.put(f"/infrastructures/{infra_id}", json={"description": describe("a: type: plain, scaling: {min: 1, max: 2}", "b")})
    client.post(f"/infrastructures/{infra_id}/scaleup/a")
    installed.kill()
    client = installed.serve()
    until(lambda: len(client.instances(infra_id, "a")) == 2 and len(client.instances(infra_id, "b")) == 1, "both")
    until(lambda: client.is_built(infra_id), "the end of the change")


def test_sigterm_ends_the_pass_at_a_safe_point_and_undoes_nothing(installed: Installed) -> None:
    """The build waits for a node that never comes up; what is there stays there, and the next service goes on waiting."""
    client = installed.serve()
    infra_id = client.build(describe("a", "slow: type: never, create_timeout: 1000"), NODES)
    until(lambda: len(installed.nodes) == 2, "both")
    with client.stream(infra_id) as stream:
        begun = time.monotonic()
        assert installed.terminate() == 0
        assert time.monotonic() - begun < 25, "a stream that is open, and a build that waits, hold up nothing"
        assert b"build-started" in stream.raw.read()
    assert installed.said[-1] == "stopped"
    alive = installed.nodes
    assert len(alive) == 2
    client = installed.serve()
    assert client.get(f"/infrastructures/{infra_id}/status")["status"] == "being built"
    assert installed.nodes == alive
    client.delete(f"/infrastructures/{infra_id}")
    until(lambda: client.is_gone(infra_id), "the end")
    assert "rollback" not in client.kinds(infra_id)


def test_two_services_on_one_store_keep_the_same_infrastructures(installed: Installed) -> None:
    """What one was told, the other carries out too; what one began is ended by the other when the first is killed."""
    client = installed.serve()
    first = installed.process
    installed.port = "0"
    second = installed.serve()
    infra_id = client.build(describe(*"abcd", **CHAIN), NODES)
    assert first
    first.kill()
    until(lambda: second.is_built(infra_id), "the build")
    assert second.get("/infrastructures/") == {"infrastructures": [infra_id]}
    second.delete(f"/infrastructures/{infra_id}")
    until(lambda: second.is_gone(infra_id), "the end")
    assert installed.nodes == {}

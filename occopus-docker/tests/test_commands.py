"""The commands, as a user runs them, on a real engine: the package's own example, and what goes wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from busybox import busybox_tarball

from occopus.testing.user import User, until

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
SOCKET = "unix:///var/run/docker.sock"
PINGED = re.compile(r"seq=\d+ ttl=\d+ time=")


@pytest.fixture
def infra(home: User, engine: Any, inside: Any) -> Path:
    """The example, with our engine in the place of the user's, and its definitions imported."""
    folder = home.copy(EXAMPLE, instead={SOCKET: engine.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-docker-ping.yaml"


def test_the_example_from_building_to_destroying(home: User, infra: Path, inside: Any) -> None:
    infra_id = home.build(infra)
    (receiver,), (sender,) = inside.of_node("receiver"), inside.of_node("sender")
    assert f"target={inside.address(receiver)}" in inside.inspect(sender)["Config"]["Env"]
    until(lambda: PINGED.search(inside.logs(sender)), "an answer to a ping")
    (node_id,) = home.report(infra_id, "sender")
    assert sender["Names"] == [f"/occopus-docker-ping-{infra_id[:8]}-sender-{node_id[:8]}"]
    home.run("occopus-maintain", "-r", "-i", infra_id, "-f", "receiver", "-o", home.path / "addresses")
    assert (home.path / "addresses").read_text().split() == [inside.address(receiver)]

    home.run("occopus-scale", "-i", infra_id, "-n", "sender", "-c", "+1")
    home.run("occopus-maintain", "-i", infra_id)
    assert len(inside.of_node("sender")) == 2

    inside.client.kill(sender["Id"])
    until(lambda: inside.inspect(sender)["State"]["Status"] == "exited", "the end")
    reported = home.report(infra_id, "sender")[node_id]
    assert reported["state"] == "shutdown"
    assert reported["reason"].startswith("exit code 137: ")
    assert PINGED.search(reported["reason"])
    home.run("occopus-maintain", "-i", infra_id)
    senders = inside.of_node("sender")
    assert sender["Id"] not in [each["Id"] for each in senders]
    assert [each["State"] for each in senders] == ["running", "running"]
    for each in senders:
        until(lambda each=each: PINGED.search(inside.logs(each)), "an answer to a ping")

    home.run("occopus-scale", "-i", infra_id, "-n", "sender", "-s", "1")
    home.run("occopus-maintain", "-i", infra_id)
    assert len(inside.of_node("sender")) == 1
    home.run("occopus-destroy", "-i", infra_id)
    assert (inside.containers, inside.volumes, home.infras) == ([], [], [])


def test_what_runs_is_taken_over_after_the_store_is_gone(home: User, infra: Path, inside: Any) -> None:
    infra_id = home.build(infra)
    before = sorted(inside.node_ids)
    home.adopt(infra_id, infra, infra.parent / "nodes" / "node_definitions.yaml")
    assert sorted(inside.node_ids) == before
    home.run("occopus", "destroy", "-i", infra_id)
    assert inside.containers == []


def test_a_build_that_the_engine_refuses_is_rolled_back(home: User, infra: Path, inside: Any) -> None:
    definitions = infra.parent / "nodes" / "node_definitions.yaml"
    definitions.write_text(definitions.read_text().replace("command: sh -c", "command: no-such-program -c"))
    said = home.run("occopus-build", infra, "--nodes", definitions, code=1).stderr
    assert "no-such-program" in said
    assert (inside.containers, home.infras) == ([], [])


def test_a_container_that_ends_at_once_fails_the_build_with_its_last_words(home: User, infra: Path, inside: Any) -> None:
    definitions = infra.parent / "nodes" / "node_definitions.yaml"
    definitions.write_text(re.sub(r"command: sh -c .*", "command: sh -c 'echo I am lost; exit 7'", definitions.read_text()))
    said = home.run("occopus-build", infra, "--nodes", definitions, code=1).stderr
    assert "exit code 7: I am lost" in said
    assert (inside.containers, home.infras) == ([], [])


SECRETIVE = """
'node_def:secretive':
  - resource: {{type: docker, endpoint: '{url}', image: {image}, origin: dockerhub}}
    health_check: {{ping: false}}
    contextualisation:
      type: docker
      env: ["PASSWORD={{{{variables.password}}}}"]
      command: ["sh", "-c", "trap 'exit 0' TERM; echo it is $PASSWORD; {then}"]
"""

WITH_A_SECRET = """
infra_name: secretive
user_id: me
variables: {password: !secret {env: PASSWORD}}
nodes:
- {name: web, type: secretive}
"""


def test_the_most_talkative_log_tells_no_secret(home: User, proxy: Any, inside: Any, registry: Any) -> None:
    registry.login = ("me", "password-of-the-registry")
    image = registry.push("secretive", busybox_tarball("# secretive"))
    login = {"username": "me", "password": registry.login[1], "registry": registry.host}
    home.authenticate("docker", login, secrets=(registry.login[1],))
    home.variables["PASSWORD"] = "password-of-the-container"
    home.secrets.append("password-of-the-container")
    log = home.log_everything()
    infra = home.write("infra.yaml", WITH_A_SECRET)
    stays, ends = (
        home.write(f"{name}.yaml", SECRETIVE.format(url=proxy.url, image=image, then=then))
        for name, then in (("stays", "sleep 1000 & wait"), ("ends", "exit 1"))
    )
    said = home.run("occopus-build", infra, "--nodes", ends, code=1).stderr
    assert "exit code 1: it is " in said
    infra_id = home.build(infra, "--nodes", stays)
    (container,) = inside.containers
    assert "PASSWORD=password-of-the-container" in inside.inspect(container)["Config"]["Env"]
    home.run("occopus-destroy", "-i", infra_id)
    assert infra_id in log.read_text()
    assert home.secrets_in(log, home.data) == []


TWO_WAYS = """
'node_def:either':
  - resource: {{type: docker, endpoint: '{full}', image: busybox, origin: local}}
    contextualisation: &STAYS {{type: docker, env: [], command: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]}}
    health_check: {{ping: false}}
  - resource: {{type: docker, endpoint: '{other}', image: busybox, origin: local}}
    contextualisation: *STAYS
    health_check: {{ping: false}}
"""


def test_where_there_is_no_room_the_next_implementation_is_taken(home: User, engine: Any, proxy: Any, inside: Any) -> None:
    proxy.refuse("POST /containers/create", 500, "write /var/lib/docker/overlay2: no space left on device")
    nodes = home.write("nodes.yaml", TWO_WAYS.format(full=proxy.url, other=engine.url))
    infra = home.write(
        "infra.yaml", "infra_name: two\nuser_id: me\nnodes:\n- {name: web, type: either, filter: {type: docker}, scaling: {min: 3}}\n"
    )
    infra_id = home.build(infra, "--nodes", nodes)
    assert len(inside.of_node("web")) == 3
    home.run("occopus-destroy", "-i", infra_id)
    assert inside.containers == []


PLAIN = """
'node_def:plain':
  - resource: {{type: docker, endpoint: '{url}', image: busybox, origin: local}}
    contextualisation: {{type: docker, env: [], command: ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]}}
    health_check: {{ping: false}}
"""

MANY = """
infra_name: many
user_id: me
nodes:
- {name: base, type: plain}
- {name: worker, type: plain, scaling: {min: 4}}
dependencies: [[worker, base]]
"""


def test_a_build_is_interrupted(home: User, proxy: Any, inside: Any) -> None:
    nodes = home.write("nodes.yaml", PLAIN.format(url=proxy.url))
    process = home.start("occopus-build", "--parallelize", home.write("infra.yaml", MANY), "--nodes", nodes)
    until(lambda: proxy.actions.count("POST /containers/create") >= 2, "the second call")
    home.interrupt(process)
    assert (inside.containers, home.infras) == ([], [])

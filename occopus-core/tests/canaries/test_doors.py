"""Every command, while its backend fails in every way and tells all it knows: no canary comes out anywhere."""

from __future__ import annotations

import os
import resource
import signal
import stat
import time
from typing import Any

import pytest
from plantation import EVERYTHING, PLAIN, REFERENCES, found_in, found_in_files

pytestmark = pytest.mark.endurance

FAULTS = ("", "describe", "describe-bug", "describe-transient", "detail")
"""What the backend does while an infrastructure is looked at."""


FILES = ("infra.yaml", "--nodes", "nodes.yaml")


def looks_at_backends(infra_id: str) -> list[list[str]]:
    """The commands that ask backends and change nothing, in all their forms."""
    of = ["-i", infra_id]
    return [["plan", *of, "--debug"], ["plan", *of, *FILES, "--json"], ["report", *of, "--debug"], ["report", *of, "--json"]]


def looks_elsewhere(infra_id: str) -> list[list[str]]:
    """The others that change nothing, whatever backends do."""
    of = ["-i", infra_id]
    return [
        ["validate", *FILES],
        ["validate", *FILES, "--json"],
        ["plan", *FILES],
        ["events", *of],
        ["events", *of, "--json"],
        ["list", "--json"],
        ["graph", *of],
        ["graph", *FILES, "--format", "dot"],
        ["plugins"],
        ["schema"],
        ["import", "nodes.yaml"],
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_looking(world: Any, fault: str) -> None:
    world.build("--debug")
    infra_id, world.leaky = world.infra_id, fault
    for command in [*looks_at_backends(infra_id), *(() if fault else looks_elsewhere(infra_id))]:
        world.run(*command, code=None)
    world.leaky = ""
    world.run("destroy", "-i", infra_id)


@pytest.mark.parametrize("fault", ["create", "create-bug", "create-credentials", "create-no_capacity", "describe", "drop"])
def test_changing(world: Any, fault: str) -> None:
    world.leaky = fault
    said = world.build("--debug", code=0 if fault == "drop" else 1)
    if fault == "drop":
        infra_id = world.infra_id
        world.run("scale", "-i", infra_id, "-n", "machine", "-c", "+1")
        world.run("maintain", "-i", infra_id, "--debug")
        said = world.run("destroy", "-i", infra_id, "--debug", code=1)
        world.run("events", "-i", infra_id, "--json")
        world.leaky = ""
        world.run("destroy", "-i", infra_id)
    assert "refused: ********" in said, "the words of the backend are shown without what is secret"


def test_a_call_that_is_tried_again(world: Any) -> None:
    world.write("config.yaml", "parallelize: false\n")  # and no log, so that nobody takes the warnings
    world.leaky = "create-transient"
    process = world.start("build", "infra.yaml", "--nodes", "nodes.yaml", "--debug")
    said = ""
    while "trying again" not in said:
        said += (line := process.stderr.readline())
        assert line, said
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert found_in(said + out + err) == []
    world.assert_clean()


def test_maintaining_what_is_gone(world: Any) -> None:
    world.build()
    infra_id = world.infra_id
    world.end()
    world.leaky = "create"
    said = world.run("maintain", "-i", infra_id, "--debug", code=1)
    assert "refused: ********" in said
    for command in (["report"], ["events", "--json"], ["plan"]):
        world.run(*command, "-i", infra_id)
    world.leaky = ""
    world.run("destroy", "-i", infra_id)


def test_adopting(world: Any) -> None:
    world.build()
    infra_id = world.infra_id
    for file in world.data.glob("occopus.db*"):
        file.unlink()
    world.leaky = "find"
    said = world.run("adopt", "infra.yaml", "--nodes", "nodes.yaml", "-i", infra_id, "--debug", code=1)
    assert "refused: ********" in said
    world.leaky = ""
    world.run("adopt", "infra.yaml", "--nodes", "nodes.yaml", "-i", infra_id)
    world.run("destroy", "-i", infra_id)


def test_what_an_instance_gets_is_for_the_user_alone(world: Any) -> None:
    world.build()
    local = world.data / "local"
    given = {name for names in found_in_files(local, EVERYTHING).values() for name in names}
    assert given >= {*REFERENCES, "password", "pem", "in env"}, "the nodes have their secrets"
    for path in local.rglob("*"):
        if path.is_file() and found_in(path.read_text(errors="replace")):
            around = [path, *(parent for parent in path.parents if parent.is_relative_to(local))]
            assert any(stat.S_IMODE(each.stat().st_mode) & 0o077 == 0 for each in around), f"others can read {path}"
    world.run("destroy", "-i", world.infra_id)


def test_render_shows_what_instances_get_and_looks_nothing_up(world: Any) -> None:
    for form in ([], ["--json"]):
        process = world.start("render", "infra.yaml", "--nodes", "nodes.yaml", *form)
        out, err = process.communicate(timeout=60)
        assert set(found_in(out)) >= {"password", "api_key", "pem"}
        assert set(found_in(out)) <= PLAIN.keys()
        assert found_in(err) == []


def test_a_build_that_is_killed_leaves_nothing_in_the_store(world: Any) -> None:
    world.leaky = "hang"
    process = world.start("build", "infra.yaml", "--nodes", "nodes.yaml")
    deadline = time.monotonic() + 60
    while b"submitted" not in (text := _store(world)) and b"creating" not in text:
        assert time.monotonic() < deadline
        world.assert_clean()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    world.assert_clean()
    world.leaky = ""
    world.run("destroy", "-i", world.infra_id)


def _store(world: Any) -> bytes:
    return b"".join(file.read_bytes() for file in world.data.glob("occopus.db*"))


def test_a_full_disk(world: Any) -> None:
    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    world.run("build", "infra.yaml", "--nodes", "nodes.yaml", "--debug", code=1, preexec_fn=little_room)


@pytest.mark.parametrize(
    ("variables", "gone", "words"),
    [
        ({"CANARY": ""}, None, "!secret env:CANARY"),
        ({}, "secret.txt", "!secret file:"),
        ({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, None, "!secret keyring:service/name"),
        ({}, "keyring.json", "!secret keyring:service/name"),
    ],
)
def test_a_secret_that_is_missing(world: Any, variables: dict[str, str], gone: str | None, words: str) -> None:
    world.more = variables
    if gone:
        os.unlink(world.path / gone)
    assert words in world.build("--debug", code=None)


@pytest.mark.parametrize("fault", ["unreachable", "wrong password"])
def test_a_store_with_a_password(world: Any, fault: str, request: pytest.FixtureRequest) -> None:
    from urllib.parse import quote  # noqa: PLC0415

    password = quote(REFERENCES["env"], safe="")  # stands for any secret that is looked for
    address = "127.0.0.1:9/0"
    if fault == "wrong password":
        server = request.getfixturevalue("start_redis")("--requirepass", "another")
        address = server.url.removeprefix("redis://").rpartition("@")[2]
    world.write("config.yaml", f"logging: {{file: occopus.log, level: DEBUG}}\nstore: {{url: 'redis://:{password}@{address}'}}\n")
    world.run("list", "--debug", code=1)
    world.write("config.yaml", f"store: {{url: 'redis://:{password}@{address}', oops: 1}}\n")
    assert "********" in world.run("list", "--debug", code=2)
    world.write("config.yaml", f"store: {{url: 'redis://:{password}@{address}' : }}\n")
    world.run("list", "--debug", code=2)

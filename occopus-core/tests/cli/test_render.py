"""occopus render, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
INFRA, NODES = EXAMPLE / "infra.yaml", EXAMPLE / "nodes" / "node_definitions.yaml"


def test_json_has_every_instance(site: Any) -> None:
    done = site.run("occopus", "render", INFRA, "--nodes", NODES, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    receiver, sender = json.loads(done.stdout)
    assert receiver.keys() == {"node", "index", "infra_id", "node_id", "address", "resource", "user_data", "container", "attributes"}
    assert (receiver["node"], receiver["index"], receiver["resource"]) == ("receiver", 0, {"type": "local"})
    assert receiver["container"] is None
    assert yaml.safe_load(receiver["user_data"])["write_files"] == [{"path": "/srv/message.txt", "content": "Hello from the receiver!\n"}]
    assert f"http://{receiver['address']}:8080/message.txt" in sender["user_data"]


def test_text_has_the_same(site: Any) -> None:
    done = site.run("occopus", "render", INFRA, "-n", NODES)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.startswith("---")] == ["--- receiver 0", "--- sender 0"]
    assert "user_data:\n  #cloud-config\n" in done.stdout


@pytest.fixture
def container(tmp_path: Path) -> list[Path]:
    infra, nodes = tmp_path / "infra.yaml", tmp_path / "nodes.yaml"
    infra.write_text(
        "infra_name: i\nuser_id: me\nnodes:\n"
        "  - {name: a, type: n, variables: {password: open sesame, key: !secret {env: KEY}}}\n"
        "  - {name: b, type: n}\n"
    )
    nodes.write_text(
        "'node_def:n':\n  - resource: {type: local, name: 'n-{{ name }}'}\n    contextualisation: {type: docker, "
        "env: [\"PASSWORD={{ variables.password | default('x') }}\", \"KEY={{ variables.key | default('x') }}\"], "
        "command: [run, \"{{ cmd('touch ran') }}\"], attributes: {password: '{{ name }}'}}\n"
    )
    return [infra, nodes]


def test_a_container_is_shown_exactly_without_running_or_looking_up_anything(container: list[Path], site: Any, tmp_path: Path) -> None:
    infra, nodes = container
    done = site.run("occopus", "render", infra, "-n", nodes, "--json", KEY="the real key")
    a, b = json.loads(done.stdout)
    assert a["container"] == {"env": ["PASSWORD=open sesame", "KEY=(secret env:KEY)"], "command": ["run", "(output of touch ran)"]}
    assert a["attributes"] == {"password": "a", "connections": []}
    assert (a["resource"], b["resource"]) == ({"type": "local", "name": "n-a"}, {"type": "local", "name": "n-b"})
    assert a["user_data"] is None
    assert not list(tmp_path.rglob("ran"))
    shown = site.run("occopus", "render", infra, "-n", nodes, KEY="the real key")
    assert "PASSWORD=open sesame" in shown.stdout
    assert "the real key" not in shown.stdout + done.stdout


def test_doubts_are_told_once_and_do_not_mix_with_the_data(tmp_path: Path, site: Any) -> None:
    infra = tmp_path / "infra.yaml"
    infra.write_text("infra_name: i\nuser_id: me\nnodes: [{name: a, type: n}, {name: b, type: n, scaling: {min: 3}}]\n")
    nodes = tmp_path / "nodes.yaml"
    nodes.write_text(
        "'node_def:n': [{resource: {type: local}, contextualisation: "
        "{type: cloudinit, context_template: \"{% if name == 'b' %}{{ getip('a') }}{% endif %}\"}}]\n"
    )
    done = site.run("occopus", "render", infra, "-n", nodes, "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)) == 4
    first, *excerpt = done.stderr.splitlines()
    assert first == f"{nodes}:1:97: warning: node 'b' uses 'a' and does not depend on it: built in parallel it may come too early"
    assert len(excerpt) == 2


def test_definitions_come_from_the_store_where_none_are_given(site: Any) -> None:
    assert site.run("occopus", "import", NODES).returncode == 0
    done = site.run("occopus", "render", INFRA, "--json")
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'INFRA'"),
        ([NODES], "holds node definitions, not an infrastructure"),
        ([INFRA], "there is no node definition 'message_receiver'"),
        (["no-such-file.yaml"], "there is no file 'no-such-file.yaml'"),
    ],
)
def test_bad_input_ends_with_2(arguments: list[Path], words: str, site: Any) -> None:
    done = site.run("occopus", "render", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_template_that_fails_is_shown_at_its_place(tmp_path: Path, site: Any) -> None:
    infra = tmp_path / "infra.yaml"
    infra.write_text(INFRA.read_text().replace("message: Hello", "mesage: Hello"))
    done = site.run("occopus", "render", infra, "-n", NODES, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    receiver = NODES.parent / "cloud_init_receiver.yaml"
    assert f"{receiver}:4:14: error: node 'receiver' (local #1), contextualisation.context_template.write_files.0.content" in done.stderr
    assert "there is no 'message'" in done.stderr

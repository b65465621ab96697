"""Building, looking and destroying, as a user does it."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_the_example_from_its_build_to_its_end(home: Any) -> None:
    nodes = str(EXAMPLE / "nodes" / "node_definitions.yaml")
    built = home.run("occopus-build", str(EXAMPLE / "infra.yaml"), "--nodes", nodes)
    infra_id = built.stdout.strip()
    assert UUID.fullmatch(infra_id), "only the identifier is on the standard output"
    assert "List of nodes/ip addresses:" in built.stderr

    report = json.loads(home.run("occopus", "report", "-i", infra_id, "--json").stdout)
    (sender,) = report["sender"]["instances"].values()
    assert sender["state"] == "ready"
    assert report["sender"]["scaling"] == {"actual": 1, "target": 1, "min": 1, "max": 1}
    with urllib.request.urlopen(f"http://{sender['resource_address']}:8081/fetched.txt", timeout=20) as answer:
        assert answer.read() == b"Hello from the receiver!\n"

    table = home.run("occopus", "report", "-i", infra_id).stdout
    assert table.startswith(f"message {infra_id}: built, 2/2 ready\n")
    assert sender["resource_address"] in table
    assert infra_id in home.run("occopus", "list").stdout
    (listed,) = json.loads(home.run("occopus", "list", "--json").stdout)
    assert (listed["infra_id"], listed["name"], listed["status"]) == (infra_id, "message", "built")
    assert home.run("occopus", "plan", "-i", infra_id, "--detailed-exitcode").stdout == "plan: nothing to do\n"
    assert "receiver" in home.run("occopus", "graph", str(EXAMPLE / "infra.yaml"), "--nodes", nodes).stdout
    told = [json.loads(line)["kind"] for line in home.run("occopus", "events", "-i", infra_id, "--json").stdout.splitlines()]
    assert told == ["build-started", "creating", "ready", "creating", "ready", "built"]

    assert home.run("occopus-destroy", "-i", infra_id).stdout == ""
    home.assert_nothing_left()
    assert home.run("occopus", "list").stdout == ""
    assert "destroyed" in home.run("occopus", "events", "-i", infra_id).stdout


def test_the_commands_of_the_original(home: Any) -> None:
    infra_id = home.build(home.describe("front", "back"))
    assert infra_id in home.run("occopus-maintain", "-l").stdout
    assert "front" in home.run("occopus-maintain", "-r", "-i", infra_id).stdout
    assert "front" not in home.run("occopus-maintain", "-r", "-i", infra_id, "-f", "back").stdout
    assert home.run("occopus-maintain", "-r", "-i", infra_id, "-o", "out.txt").stdout == ""
    assert (home.path / "out.txt").read_text() == "".join(f"{instance.address}\n" for instance in home.instances)
    refused = home.run("occopus-maintain", "-r", "-i", infra_id, "-o", "no/such/out.txt", code=2).stderr
    assert "error: the report can't be written to 'no/such/out.txt': No such file or directory" in refused
    home.run("occopus-destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_a_description_that_changed_is_carried_out(home: Any) -> None:
    infra_id = home.build(home.describe("one", "two"))
    (kept,) = [instance.node_id for instance in home.instances if instance.node_name == "one"]
    changed = home.describe("one", "three", depends="[[three, one]]")
    planned = home.run("occopus", "plan", changed, "-i", infra_id, "-n", "nodes.yaml", "--detailed-exitcode", code=2).stdout
    assert "+ create three" in planned
    assert "- drop two" in planned
    assert home.build(changed, "-i", infra_id) == infra_id
    home.assert_exactly("one", "three")
    assert kept in [instance.node_id for instance in home.instances]
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_parallelize_makes_independent_nodes_at_the_same_time(home: Any) -> None:
    infra_id = home.build(home.describe("a", "b", "c"), "--parallelize")
    home.assert_exactly("a", "b", "c")
    kinds = [event.kind for event in home.events(infra_id)]
    assert kinds[:4] == ["build-started", "creating", "creating", "creating"]
    home.run("occopus", "destroy", "-i", infra_id, "--parallelize")
    home.assert_nothing_left()


def test_two_infrastructures_are_built_at_once(home: Any) -> None:
    descriptions = [home.describe("a", "b", name=name) for name in ("one", "two")]
    building = [home.start("occopus", "build", each, "--nodes", "nodes.yaml") for each in descriptions]
    ids = [process.communicate(timeout=60)[0].strip() for process in building]
    assert [process.returncode for process in building] == [0, 0]
    assert sorted(infra.infra_id for infra in home.infras) == sorted(ids)
    home.assert_exactly("a", "a", "b", "b")
    for infra_id in ids:
        home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_a_node_that_does_not_get_ready_is_removed_again_with_all_others(home: Any) -> None:
    description = home.describe("good", "bad: type: never, create_timeout: 2", depends="[[bad, good]]")
    failed = home.run("occopus", "build", description, "--nodes", "nodes.yaml", code=1)
    assert failed.stdout == ""
    assert re.search(r"^error: create bad [0-9a-f-]{36}: not ready within 2 s: ports: .*$", failed.stderr, re.MULTILINE)
    assert failed.stderr.endswith("  = a longer create_timeout may help\n")
    home.assert_nothing_left()


@pytest.mark.parametrize("command", [["report"], ["destroy"], ["events"], ["plan"], ["graph"], ["build", "test.yaml"], ["maintain", "-r"]])
def test_an_identifier_that_nobody_knows(home: Any, command: list[str]) -> None:
    home.describe("a")
    home.run("occopus", "import", "nodes.yaml")
    refused = home.run("occopus", *command, "-i", "no-such-id", code=2)
    assert refused.stdout == ""
    assert "error: there is no infrastructure 'no-such-id'\n  = 'occopus list' shows those that exist\n" in refused.stderr
    home.assert_nothing_left()


def test_a_data_directory_that_can_not_be_written(home: Any) -> None:
    home.data.write_text("a file where a directory should be")
    refused = home.run("occopus", "build", home.describe("a"), "--nodes", "nodes.yaml", code=1).stderr
    assert re.search(rf"^error: the store '{home.data}/occopus.db' can't be (made|opened)", refused, re.MULTILINE)
    assert "  = check that you may " in refused
    assert "Traceback" not in refused


def test_a_reader_that_goes_away_does_not_disturb_a_build(home: Any) -> None:
    """As with `occopus build ... 2>&1 | head -1`."""
    process = home.start("occopus", "build", home.describe("a", "b"), "--nodes", "nodes.yaml")
    assert process.stderr.readline() == "building test\n"
    process.stderr.close()
    process.stdout.read()
    process.wait(timeout=60)
    home.assert_exactly("a", "b")
    assert home.events(home.infras[0].infra_id)[-1].kind == "built"
    home.run("occopus", "destroy", "-i", home.infras[0].infra_id)
    home.assert_nothing_left()


def test_when_a_command_has_ended_the_store_is_one_file(home: Any) -> None:
    home.build(home.describe("a", "w: type: plain"))
    assert [path.name for path in home.data.glob("occopus.db*")] == ["occopus.db"]

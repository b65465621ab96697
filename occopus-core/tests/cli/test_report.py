"""What is there now, for people, for programs and into files."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from .conftest import until

WEB = "web: type: plain, scaling: {min: 2, max: 3}"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_addresses_go_into_a_file_and_only_those_of_some_nodes(home: Any) -> None:
    infra_id = home.build(home.describe("db", "web-db", WEB))
    addresses = {node: [instance.address for instance in home.named(node)] for node in ("db", "web-db", "web")}
    written = home.run("occopus", "report", "-i", infra_id, "-o", "all.txt")
    assert (written.stdout, written.stderr) == ("", "written: all.txt\n")
    assert sorted(lines(home.path / "all.txt")) == sorted(instance.address for instance in home.instances)
    home.run("occopus", "report", "-i", infra_id, "-o", "some.txt", "-f", "web")
    assert sorted(lines(home.path / "some.txt")) == sorted(addresses["web"] + addresses["web-db"])
    home.run("occopus", "report", "-i", infra_id, "-o", "some.txt", "-f", "unheard-of")
    assert lines(home.path / "some.txt") == [], "what the file had before is gone"

    shown = home.run("occopus", "report", "-i", infra_id, "-f", "db").stdout
    assert [line.split()[0] for line in shown.splitlines()[3:]] == ["db", "web-db"]
    report = json.loads(home.run("occopus", "report", "-i", infra_id, "-f", "db", "--json").stdout)
    assert list(report) == ["db", "web-db"]
    refused = home.run("occopus", "report", "-i", infra_id, "-o", ".", code=2).stderr
    assert refused == "error: the report can't be written to '.': Is a directory\n"


def test_the_heading_counts_all_nodes_also_where_only_some_are_shown(home: Any) -> None:
    infra_id = home.build(home.describe("db", WEB))
    shown = home.run("occopus", "report", "-i", infra_id, "-f", "db").stdout
    assert shown.startswith(f"test {infra_id}: built, 3/3 ready, web 2/2 (limits 2 to 3)\n")


def test_a_pass_writes_the_addresses_that_are_there_after_it(home: Any) -> None:
    infra_id = home.build(home.describe("db", WEB))
    old = [instance.address for instance in home.named("web")]
    home.kill(home.named("web")[0])
    home.maintain(infra_id, "-o", "web.txt", "-f", "web")
    now = [instance.address for instance in home.named("web")]
    assert sorted(lines(home.path / "web.txt")) == sorted(now) != sorted(old)
    home.run("occopus-scale", "-i", infra_id, "-n", "web", "-s", "3")
    home.maintain(infra_id, "-o", "web.txt", "-f", "web")
    assert len(lines(home.path / "web.txt")) == 3
    refused = home.maintain(infra_id, "-o", "no/such/file", code=2)
    assert "error: the report can't be written to 'no/such/file': No such file or directory\n" in refused


def test_a_report_changes_nothing_and_sees_what_no_pass_has_seen(home: Any) -> None:
    infra_id = home.build(home.describe("db", WEB))
    home.kill(home.named("db")[0])
    rows, processes = home.rows, home.alive_all()
    shown = home.run("occopus", "report", "-i", infra_id).stdout
    assert shown.startswith(f"test {infra_id}: built, 2/3 ready, web 2/2 (limits 2 to 3)\n")
    assert "failed" in shown
    assert "the node's supervisor was killed" in shown
    again = home.run("occopus-maintain", "-r", "-i", infra_id).stdout
    assert [line.split()[:3] for line in again.splitlines()] == [line.split()[:3] for line in shown.splitlines()]
    assert json.loads(home.run("occopus", "report", "-i", infra_id, "--json").stdout)["db"]["scaling"]["actual"] == 1
    home.run("occopus-maintain", "-l")
    home.run("occopus", "plan", "-i", infra_id)
    assert (home.rows, home.alive_all()) == (rows, processes)


def test_a_report_while_somebody_works(home: Any) -> None:
    """It waits for nobody, and says how far things are."""
    description = home.describe("good", "bad: type: never", depends="[[bad, good]]")
    building = home.start("occopus", "build", description, "--nodes", "nodes.yaml")
    until(lambda: len(home.instances) == 2 and home.instances[1].ids, "the second node")
    (infra,) = home.infras
    shown = home.run("occopus", "report", "-i", infra.infra_id).stdout
    assert shown.startswith(f"test {infra.infra_id}: being built, 1/2 ready\n")
    assert "ports: " in shown
    assert "being built" in home.run("occopus-maintain", "-l").stdout
    building.send_signal(signal.SIGINT)
    building.wait()
    home.assert_nothing_left()


def test_costs_that_no_backend_tells(home: Any) -> None:
    infra_id = home.build(home.describe("db", WEB))
    shown = home.run("occopus", "report", "-i", infra_id, "--costs").stdout.splitlines()
    assert shown[0].endswith(", 0.00 so far")
    assert shown[1] == "no costs of 3 instances: its backend tells no costs"
    assert shown[3].split()[-2:] == ["cost", "reason"]
    report = json.loads(home.run("occopus", "report", "-i", infra_id, "--costs", "--json").stdout)
    assert [instance["cost"] for instance in report["db"]["instances"].values()] == [None]
    without = json.loads(home.run("occopus", "report", "-i", infra_id, "--json").stdout)
    assert [set(instance) & {"cost"} for instance in without["db"]["instances"].values()] == [set()]

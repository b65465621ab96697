"""Requests for more or fewer instances, and the passes that carry them out."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.endurance

WEB = "web: type: plain, scaling: {min: 2, max: 5}"


@pytest.fixture
def scalable(home: Any) -> str:
    """The identifier of an infrastructure with a node that may have two to five instances, and one that it depends on."""
    infra_id: str = home.build(home.describe("db", WEB, depends="[[web, db]]"))
    return infra_id


def scale(home: Any, infra_id: str, *args: str, code: int = 0) -> str:
    said: str = home.run("occopus-scale", "-i", infra_id, "-n", "web", *args, code=code).stderr
    return said


def planned(home: Any, infra_id: str) -> list[tuple[str, str, str]]:
    """The steps that a plan shows: what is done to which node, and to which instance where it exists already."""
    shown = home.run("occopus", "plan", "-i", infra_id).stdout
    steps = re.findall(r"^  . (create|drop) (\S+) (\S+)", shown, re.MULTILINE)
    return sorted((action, node, "" if action == "create" else node_id) for action, node, node_id in steps)


def done(home: Any, infra_id: str) -> list[tuple[str, str, str]]:
    """The steps that the next pass carries out, in the same form."""
    before = len(home.events(infra_id))
    home.maintain(infra_id)
    events = [event for event in home.events(infra_id)[before:] if event.kind in ("creating", "dropped")]
    return sorted(("create", e.node_name, "") if e.kind == "creating" else ("drop", e.node_name, e.node_id) for e in events)


REQUESTS = [
    ([["-c", "+2"]], "web: 2 -> 4 wanted", 4),
    ([["-c", "-1"]], "web: 4 -> 3 wanted", 3),
    ([["-c", "1"], ["-c", "-5"]], "web: 4 -> 2 wanted, not -1: its limits are 2 to 5", 2),
    ([["-s", "9"]], "web: 2 -> 5 wanted, not 9: its limits are 2 to 5", 5),
    ([["-s", "3"]], "web: 5 -> 3 wanted", 3),
    ([["-s", "5"], ["-c", "-1"], ["-c", "-1"], ["-c", "+1"]], "web: 3 -> 4 wanted", 4),
    ([["-c", "+9"], ["-c", "-2"]], "web: 5 -> 3 wanted", 3),
]


def test_requests_add_up_and_the_next_pass_does_what_the_plan_shows(home: Any, scalable: str) -> None:
    for requests, told, wanted in REQUESTS:
        before, there = home.alive("db", "web"), home.named("web")
        for request in requests:
            said = scale(home, scalable, *request)
        assert said == f"{told}; the next pass of 'occopus maintain -i {scalable}' does it\n"
        assert home.alive("db", "web") == before, "nothing happens before the next pass"
        expected = planned(home, scalable)
        gone = [("drop", "web", instance.node_id) for instance in there[wanted:]]
        assert expected == sorted(gone + [("create", "web", "")] * (wanted - len(there)))
        assert done(home, scalable) == expected
        home.assert_exactly("db", *["web"] * wanted)
        kept = {node_id: pids for node_id, pids in before.items() if ("drop", "web", node_id) not in gone}
        assert kept.items() <= home.alive("db", "web").items()
        assert [e.message for e in home.events(scalable) if e.kind == "scaled"][-1] == told
    assert "web 3/3 (limits 2 to 5)" in home.run("occopus", "report", "-i", scalable).stdout
    assert done(home, scalable) == []


def test_the_youngest_go_first_and_the_named_one_before_them(home: Any, scalable: str) -> None:
    scale(home, scalable, "-s", "5")
    home.maintain(scalable)
    oldest, second, third, fourth, youngest = home.named("web")
    before = home.alive("db", "web")
    scale(home, scalable, "-c", "-1")
    assert planned(home, scalable) == done(home, scalable) == [("drop", "web", youngest.node_id)]
    scale(home, scalable, "-f", second.node_id)
    assert planned(home, scalable) == done(home, scalable) == [("drop", "web", second.node_id)]
    scale(home, scalable, "-f", oldest.address)
    assert planned(home, scalable) == done(home, scalable) == [("drop", "web", oldest.node_id)]
    assert [i.node_id for i in home.named("web")] == [third.node_id, fourth.node_id]
    home.assert_exactly("db", "web", "web")
    assert home.alive("db", "web").items() <= before.items()


def test_the_named_one_stays_where_the_minimum_would_not_be_kept(home: Any, scalable: str) -> None:
    first = home.named("web")[0]
    said = scale(home, scalable, "-f", first.address)
    assert said.startswith(f"web {first.node_id} stays, since web has to have at least 2")
    before = home.alive("web")
    assert planned(home, scalable) == done(home, scalable) == []
    assert home.alive("web") == before


def test_the_named_one_goes_once_however_often_it_is_named(home: Any, scalable: str) -> None:
    scale(home, scalable, "-s", "4")
    home.maintain(scalable)
    first = home.named("web")[0]
    scale(home, scalable, "-f", first.node_id)
    assert scale(home, scalable, "-f", first.node_id).startswith(f"web {first.node_id} is gone already")
    assert planned(home, scalable) == done(home, scalable) == [("drop", "web", first.node_id)]
    home.assert_exactly("db", "web", "web", "web")


def test_more_and_fewer_at_once_and_a_dead_one_beside(home: Any, scalable: str) -> None:
    scale(home, scalable, "-s", "3")
    home.maintain(scalable)
    first, second, third = home.named("web")
    home.kill(second)
    scale(home, scalable, "-f", first.node_id)
    scale(home, scalable, "-c", "+2")
    expected = planned(home, scalable)
    assert {step for step in expected if step[0] == "drop"} == {("drop", "web", first.node_id), ("drop", "web", second.node_id)}
    assert expected.count(("create", "web", "")) == 3
    assert done(home, scalable) == expected
    home.assert_exactly("db", *["web"] * 4)
    assert third.node_id in home.processes.values()


def test_the_number_asked_for_outlives_healing_and_further_passes(home: Any, scalable: str) -> None:
    scale(home, scalable, "-s", "4")
    home.maintain(scalable, "--parallelize")
    home.kill(home.named("web")[2])
    home.kill(home.named("db")[0])
    home.maintain(scalable)
    home.assert_exactly("db", *["web"] * 4)
    home.run("occopus", "destroy", "-i", scalable)
    home.assert_nothing_left()


ONE = "error: one of -c, -s and -f is needed, and only one"
BAD = [
    ([], ONE),
    (["-c", "1", "-s", "3"], ONE),
    (["-c", "1", "-f", "x"], ONE),
    (["-s", "2", "-f", "x"], ONE),
    (["-c", "1", "-s", "2", "-f", "x"], ONE),
    (["-c", "0"], "error: -c 0 changes nothing"),
    (["-c", "many"], "'many' is not a valid integer"),
    (["-s", "-1"], "-1 is not in the range"),
    (["-c", "1", "-n", "wep"], "error: there is no node 'wep' in test\n  = did you mean 'web'?"),
    (["-f", "127.0.0.1"], "error: no instance of 'web' has the id or address '127.0.0.1'\n  = its instances: "),
]


def test_bad_usage_ends_with_2_and_nothing_is_stored(home: Any, scalable: str) -> None:
    rows = home.rows
    for args, words in BAD:
        assert words in scale(home, scalable, *args, code=2)
        assert home.rows == rows
    assert "'-n'" in home.run("occopus-scale", "-i", scalable, "-c", "1", code=2).stderr
    assert "'-i'" in home.run("occopus-scale", "-n", "web", "-c", "1", code=2).stderr


def test_an_empty_name_is_no_instance(home: Any, scalable: str) -> None:
    """As with `-f "$ADDRESS"` where the variable was never set."""
    rows = home.rows
    assert "error: no instance of 'web' has the id or address ''" in scale(home, scalable, "-f", "", code=2)
    assert home.rows == rows


def test_an_instance_of_another_node_is_not_meant(home: Any, scalable: str) -> None:
    (db,), rows = home.named("db"), home.rows
    assert f"no instance of 'web' has the id or address '{db.address}'" in scale(home, scalable, "-f", db.address, code=2)
    assert home.rows == rows


def test_an_infrastructure_that_nobody_knows_or_that_is_gone(home: Any, scalable: str) -> None:
    rows = home.rows
    assert "error: there is no infrastructure 'nobody'" in scale(home, "nobody", "-c", "1", code=2)
    assert home.rows == rows
    home.run("occopus", "destroy", "-i", scalable)
    rows = home.rows
    assert f"error: there is no infrastructure '{scalable}'" in scale(home, scalable, "-c", "1", code=2)
    assert home.rows == rows

"""What happened, told while it happens and afterwards."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

from .conftest import PATIENCE, until


def follow(home: Any, infra_id: str, *args: str) -> Any:
    return home.start("occopus", "events", "-i", infra_id, "--follow", *args)


def test_following_shows_what_happens_as_it_happens_until_the_end(home: Any) -> None:
    infra_id = home.build(home.describe("a", "b", depends="[[b, a]]"))
    following = follow(home, infra_id, "--json")
    told = [json.loads(following.stdout.readline()) for _ in range(6)]
    assert [event["kind"] for event in told] == ["build-started", "creating", "ready", "creating", "ready", "built"]
    (dead,) = home.named("a")
    home.kill(dead)
    home.maintain(infra_id)
    begun = time.monotonic()
    healing = [json.loads(following.stdout.readline()) for _ in range(5)]
    assert time.monotonic() - begun < 2
    assert [(event["kind"], event["node_name"]) for event in healing] == [
        (kind, "a") for kind in ("failed", "dropping", "dropped", "creating", "ready")
    ]
    assert {event["node_id"] for event in healing[:3]} == {dead.node_id}
    assert following.poll() is None
    home.run("occopus", "destroy", "-i", infra_id)
    out, err = following.communicate(timeout=PATIENCE)
    assert (following.returncode, err) == (0, "")
    rest = [json.loads(line) for line in out.splitlines()]
    assert rest[-1]["kind"] == "destroyed"
    everything = home.run("occopus", "events", "-i", infra_id, "--json").stdout.splitlines()
    assert [json.loads(line) for line in everything] == told + healing + rest
    ids = [event["id"] for event in told + healing + rest]
    assert ids == sorted(set(ids)), "each once, and each after the one before"
    assert {event["infra_id"] for event in told + healing + rest} == {infra_id}


def test_following_what_is_gone_already_ends_at_once(home: Any) -> None:
    infra_id = home.build(home.describe("a"))
    home.run("occopus", "destroy", "-i", infra_id)
    following = follow(home, infra_id)
    out, _ = following.communicate(timeout=PATIENCE)
    assert following.returncode == 0
    assert out.splitlines()[-1].endswith("  destroyed")


def test_following_sees_what_other_commands_do_and_ends_with_ctrl_c(home: Any) -> None:
    infra_id = home.build(home.describe("w: type: plain, scaling: {min: 1, max: 2}"))
    following = follow(home, infra_id)
    until(lambda: following.stdout.readline().endswith("  built\n"), "what was there before")
    home.run("occopus-scale", "-i", infra_id, "-n", "w", "-c", "+1")
    assert following.stdout.readline().endswith("  scale-requested  w  w: 1 -> 2 wanted\n")
    home.maintain(infra_id)
    told = [following.stdout.readline().split("  ")[1:3] for _ in range(3)]
    assert told == [["scaled", "w: 1 -> 2 wanted\n"], ["creating", "w"], ["ready", "w"]]
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=PATIENCE)
    assert (out, "Traceback" in err) == ("", False)


def test_a_reader_that_goes_away_ends_it_without_a_word(home: Any) -> None:
    """As with `occopus events --follow | head -1`."""
    infra_id = home.build(home.describe("a"))
    following = follow(home, infra_id)
    following.stdout.readline()
    following.stdout.close()
    home.run("occopus", "destroy", "-i", infra_id)
    assert "Traceback" not in following.stderr.read()
    following.wait(timeout=PATIENCE)

"""Healing: nodes whose processes really die, hang or fail their checks, and the passes that replace them."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import time
from typing import Any

import pytest

from .conftest import PATIENCE, until

pytestmark = pytest.mark.endurance

CHAIN = "[[app, db], [web, app]]"


def kill_command(home: Any, instance: Any) -> None:
    home.signal_command(instance, signal.SIGKILL)
    # The supervisor has buried it when the state says so.
    until(lambda: '"exit_codes": [137]' in (home.directory(instance) / "state.json").read_text(), "the note of the killed command")


def lose_directory(home: Any, instance: Any) -> None:
    shutil.rmtree(home.directory(instance))


@pytest.mark.parametrize(
    ("breaking", "reason"),
    [
        (lambda home, instance: home.kill(instance), "failed: the node's supervisor was killed"),
        (kill_command, "failed: its last command was killed (signal 9)"),
        (lose_directory, "shutdown: gone: its backend no longer knows it"),
    ],
)
def test_what_died_is_replaced_and_those_that_depend_on_it_stay(home: Any, breaking: Any, reason: str) -> None:
    infra_id = home.build(home.describe("db", "app", "web", depends=CHAIN))
    others, (dead,) = home.alive("app", "web"), home.named("db")
    before = len(home.events(infra_id))
    breaking(home, dead)
    assert home.maintain(infra_id).endswith("\n1 dropped, 1 created\n")
    home.assert_exactly("db", "app", "web")
    assert home.alive("app", "web") == others
    (made,) = home.named("db")
    assert dead.node_id not in home.processes.values()

    reported = home.reported(infra_id, made)
    assert reported["state"] == "ready"
    assert reported["origin"].startswith(f"replaces {dead.node_id} ({reason}")
    table = home.run("occopus", "report", "-i", infra_id).stdout
    assert re.search(rf"^db +{made.node_id} +ready .* replaces {dead.node_id} \({re.escape(reason)}", table, re.MULTILINE)
    lines = home.run("occopus", "events", "-i", infra_id, "--json").stdout.splitlines()
    told = [json.loads(line) for line in lines][before:]
    assert [event["kind"] for event in told] == [reason.partition(":")[0], "dropping", "dropped", "creating", "ready"]
    assert {event["node_id"] for event in told[:3]} == {dead.node_id}
    assert {event["node_id"] for event in told[3:]} == {made.node_id}
    assert reason in told[1]["message"]
    assert f"replaced by {made.node_id}" in told[1]["message"]
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)

    rows = home.rows
    assert home.maintain(infra_id).endswith("\nnothing to do\n")
    assert home.run("occopus", "plan", "-i", infra_id, "--detailed-exitcode").stdout == "plan: nothing to do\n"
    assert home.rows == rows, "a pass that finds everything well writes nothing"
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


@pytest.mark.parametrize("args", [[], ["--parallelize"]])
def test_all_that_died_at_once_come_back_in_the_order_of_their_dependencies(home: Any, args: list[str]) -> None:
    infra_id = home.build(home.describe("web", "db", "app", depends=CHAIN))
    before = home.instances
    for instance in before:
        home.kill(instance)
    home.maintain(infra_id, *args)
    home.assert_exactly("db", "app", "web")
    assert not {i.node_id for i in before} & {i.node_id for i in home.instances}
    order = {kind: [e.node_name for e in home.events(infra_id)[-14:] if e.kind == kind] for kind in ("dropped", "creating", "ready")}
    assert order == {"dropped": ["web", "app", "db"], "creating": ["db", "app", "web"], "ready": ["db", "app", "web"]}


def test_a_check_that_fails_is_waited_for_from_pass_to_pass(home: Any) -> None:
    """Each pass is a command of its own: since when the check fails is known to the store alone."""
    infra_id = home.build(home.describe("db", "web: type: server", "top", depends="[[web, db], [top, web]]"))
    (web,), everything = home.named("web"), home.alive("db", "web", "top")
    home.sicken(web)
    assert "\nnothing to do; 1 of 3 instances are not ready: " in home.maintain(infra_id)
    (seen,) = home.named("web")
    assert (seen.state, seen.node_id) == ("pending", web.node_id)
    began = seen.failing_since
    reason = home.reported(infra_id, web)["reason"]
    why = r"urls: http://[0-9.]+:8080/health: answers 404"
    assert re.fullmatch(rf"{why} .* \(for \d s; replaced after 3 s\)|unhealthy for more than 3 s: {why} .*", reason)
    while "replaces" not in (told := home.maintain(infra_id)):
        (seen,) = home.named("web")
        assert (seen.node_id, seen.failing_since) == (web.node_id, began)
        assert home.alive("db", "web", "top") == everything
    (dropped,) = [event for event in home.events(infra_id) if event.kind == "dropping" and event.node_id == web.node_id]
    assert dropped.time - began > 3
    assert f"failed          web  {web.node_id}  unhealthy for more than 3 s: urls: " in told
    (made,) = home.named("web")
    assert made.created_at - began >= 3
    assert made.origin.startswith(f"replaces {web.node_id} (failed: unhealthy for more than 3 s: urls: ")
    assert home.reported(infra_id, made)["state"] == "ready"
    del everything[web.node_id]
    assert home.alive("db", "top") == everything
    home.assert_exactly("db", "web", "top")


def test_a_check_that_succeeds_again_in_time_is_forgotten(home: Any) -> None:
    infra_id = home.build(home.describe("web: type: server"))
    (web,), before = home.named("web"), home.alive("web")
    for _ in range(2):
        home.sicken(web)
        home.maintain(infra_id)
        assert home.named("web")[0].failing_since
        home.cure(web)
        assert "ready           web" in home.maintain(infra_id)
        assert home.named("web")[0].failing_since is None
        assert home.reported(infra_id, web)["failing_since"] is None
    assert home.alive("web") == before
    assert home.kinds(infra_id)[-4:] == ["pending", "ready", "pending", "ready"]


def test_a_server_that_hangs_is_replaced_and_one_that_wakes_up_is_not(home: Any) -> None:
    """A frozen process still accepts connections, but it answers none: each pass waits for it until the check gives up."""
    infra_id = home.build(home.describe("web: type: server, scaling: {min: 2, max: 2}"))
    hanging, waking = home.named("web")
    for instance in (hanging, waking):
        home.signal_command(instance, signal.SIGSTOP)
    assert "\nnothing to do; 2 of 2 instances are not ready: " in home.maintain(infra_id)
    assert [(i.node_id, i.state) for i in home.named("web")] == [(hanging.node_id, "pending"), (waking.node_id, "pending")]
    assert "no answer within" in home.named("web")[0].reason
    home.signal_command(waking, signal.SIGCONT)
    told = home.maintain(infra_id)
    assert told.endswith("\n1 dropped, 1 created\n")
    assert "no answer within" in told
    kept, made = home.named("web")
    assert (kept.node_id, kept.state, kept.failing_since) == (waking.node_id, "ready", None)
    assert f"replaces {hanging.node_id} " in made.origin
    home.assert_exactly("web", "web")


def test_where_most_fail_only_our_checks_at_once_nothing_is_replaced_unless_it_is_forced(home: Any) -> None:
    infra_id = home.build(home.describe("web: type: server, scaling: {min: 4, max: 4}"), "--parallelize")
    before, sick = home.alive("web"), home.named("web")[:3]
    for instance in sick:
        home.sicken(instance)
    home.maintain(infra_id)
    since = home.named("web")[0].failing_since
    told = until(lambda: "--force-replace" in (said := home.maintain(infra_id)) and said, "the end of patience")
    guarded = "the health checks of 3 of 4 instances fail at once while their backends report them as running"
    assert (
        f"\nwarning: 3 instances have failed and are not replaced: {guarded}; --force-replace replaces them\nnothing to do; 3 of 4" in told
    )
    assert home.alive("web") == before
    reported = home.reported(infra_id, sick[0])
    assert (reported["state"], reported["failing_since"]) == ("failed", since)
    assert f"not replaced: {guarded}" in reported["reason"]
    assert "warning: 3 instances" in home.run("occopus", "plan", "-i", infra_id).stdout
    rows = home.rows
    assert "nothing to do; 3 of 4 instances are not ready: " in home.maintain(infra_id)
    assert home.rows == rows, "what was said once is not written again"

    planned = home.run("occopus", "plan", "-i", infra_id, "--force-replace").stdout
    assert "plan: 3 to create, 3 to drop\n" in planned
    assert home.maintain(infra_id, "--force-replace", "--parallelize").endswith("\n3 dropped, 3 created\n")
    home.assert_exactly(*["web"] * 4)
    assert len(home.alive("web").keys() & before.keys()) == 1
    assert home.maintain(infra_id).endswith("\nnothing to do\n")


def test_what_its_backend_says_is_dead_is_replaced_however_many_fail_their_checks(home: Any) -> None:
    infra_id = home.build(home.describe("web: type: server, scaling: {min: 4, max: 4}"), "--parallelize")
    *sick, dead = home.named("web")
    for instance in sick:
        home.sicken(instance)
    home.kill(dead)
    assert "\n1 dropped, 1 created; 3 of 4 instances are not ready: " in home.maintain(infra_id)
    assert [i.node_id for i in home.named("web")[:3]] == [i.node_id for i in sick]


def test_a_node_that_can_not_be_healed_now_is_healed_by_a_later_pass(home: Any) -> None:
    """It can't have an address, since a file stands where the addresses are kept."""
    infra_id = home.build(home.describe("db", "app", "web", depends=CHAIN))
    (db,), others = home.named("db"), home.alive("app", "web")
    home.kill(db)
    addresses = home.data / "local" / ".addresses"
    hidden = addresses.rename(home.data / "hidden")
    addresses.write_text("in the way")
    said = home.maintain(infra_id, code=1)
    assert re.search(r"^error: (drop|create) db [0-9a-f-]{36}: .* Not a directory", said, re.MULTILINE)
    assert said.endswith(f"'occopus maintain -i {infra_id}' goes on where it ended\n")
    assert "Traceback" not in said
    addresses.unlink()
    hidden.rename(addresses)
    home.maintain(infra_id)
    home.assert_exactly("db", "app", "web")
    assert home.alive("app", "web") == others


def test_passes_again_and_again_heal_what_dies_in_between(home: Any) -> None:
    infra_id = home.build(home.describe("a", "b", depends="[[b, a]]"))
    process = home.start("occopus-maintain", "-i", infra_id, "-c", "-t", "0.1", "-o", "addresses.txt")
    said = [process.stderr.readline() for _ in range(2)]
    assert said == [f"maintaining {infra_id}\n", "nothing to do\n"]
    for node in ("a", "b", "a"):
        (dead,) = home.named(node)
        home.kill(dead)
        made = until(
            lambda node=node, dead=dead: [i for i in home.named(node) if i.node_id != dead.node_id and i.state == "ready"], "healing"
        )
        until(lambda made=made: made[0].address in (home.path / "addresses.txt").read_text(), "the new address in the file")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert err.endswith("stopping at a safe point; Ctrl-C again stops at once\nstopped\n")
    assert err.count("1 dropped, 1 created\n") == 3
    assert err.count("nothing to do\n") <= 3, "only news are told"
    home.assert_exactly("a", "b")


def test_passes_end_when_the_infrastructure_is_destroyed(home: Any) -> None:
    infra_id = home.build(home.describe("a"))
    process = home.start("occopus-maintain", "-i", infra_id, "-c", "-t", "0.1")
    until(lambda: process.stderr.readline() == "nothing to do\n", "the first pass")
    home.run("occopus", "destroy", "-i", infra_id)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "there is no infrastructure" in err) == (0, True)
    home.assert_nothing_left()


def test_a_destroyed_infrastructure_can_not_be_maintained(home: Any) -> None:
    infra_id = home.build(home.describe("a"))
    home.run("occopus", "destroy", "-i", infra_id)
    for args in ([], ["-c"]):
        assert f"error: there is no infrastructure '{infra_id}'" in home.maintain(infra_id, *args, code=2)
    home.assert_nothing_left()


def described(home: Any) -> list[str]:
    """The nodes that should exist, each as often as it is wanted."""
    (record,) = home.infras
    return [name for name, limits in record.limits.items() for _ in range(limits.clamped(record.targets.get(name, limits.min)))]


def start_to_heal(home: Any, infra_id: str) -> Any:
    home.kill(home.named("db")[0])
    home.kill(home.named("web")[-1])
    return home.start("occopus-maintain", "-i", infra_id)


def start_to_scale(home: Any, infra_id: str, change: str) -> Any:
    home.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", change)
    return home.start("occopus-maintain", "-i", infra_id)


def start_to_change(home: Any, infra_id: str, *nodes: str, depends: str) -> Any:
    return home.start("occopus", "build", "-i", infra_id, home.describe(*nodes, depends=depends), "--nodes", "nodes.yaml")


WEB = "web: type: plain, scaling: {min: 2, max: 4}"
OPERATIONS = {
    "heal": start_to_heal,
    "scale up": lambda home, infra_id: start_to_scale(home, infra_id, "+2"),
    "scale down": lambda home, infra_id: start_to_scale(home, infra_id, "-2"),
    "change": lambda home, infra_id: start_to_change(
        home, infra_id, "db: type: plain, variables: {a: 1}", WEB, "cache", depends="[[web, db], [web, cache]]"
    ),
    "change back": lambda home, infra_id: start_to_change(home, infra_id, "db", WEB, depends="[[web, db]]"),
}


def own_events(home: Any, infra_id: str) -> int:
    """The number of events so far, without those of requests, which come from other commands."""
    return sum(kind != "scale-requested" for kind in home.kinds(infra_id))


def stopped(home: Any, infra_id: str, operation: str, number: signal.Signals, chance: random.Random) -> Any:
    """A command after it was sent a signal at some moment, unless it has ended by then."""
    first, events, delay = own_events(home, infra_id), chance.randint(1, 9), chance.uniform(0, 0.1)
    print(f"{operation}: {events} events and {delay:.3f} s")
    process = OPERATIONS[operation](home, infra_id)
    until(lambda: process.poll() is not None or own_events(home, infra_id) >= first + events, "the event")
    time.sleep(delay)  # not to wait for anything: the moment between two events is what varies
    process.send_signal(number)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_at_random_moments_and_finished_by_the_next_pass(home: Any, number: signal.Signals) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)
    infra_id = home.build(home.describe("db", WEB, depends="[[web, db]]"))
    for operation in OPERATIONS:
        before, former = home.alive_all(), home.infras[0].desired
        process = stopped(home, infra_id, operation, number, chance)
        _, err = process.communicate(timeout=PATIENCE)
        if "stopping at a safe point; Ctrl-C again stops at once\n" in err and process.returncode:
            assert process.returncode == 1, err
            end = "it is as it was before" if "change" in operation else f"\n  = 'occopus maintain -i {infra_id}' goes on where it ended"
            assert re.search(rf"^error: stopped(; )?{re.escape(end)}\n\Z", err, re.MULTILINE), err
            if "change" in operation:
                assert home.infras[0].desired == former
                assert home.alive_all().keys() & before.keys(), "some were not reached"
        elif number is signal.SIGINT:
            assert home.plan(infra_id) == "plan: nothing to do\n", "it came to its end before the signal"
        home.maintain(infra_id)
        assert not home.infras[0].changing
        home.assert_exactly(*described(home))
        assert home.plan(infra_id) == "plan: nothing to do\n"
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_ctrl_c_in_the_middle_of_a_step_ends_passes_when_the_step_is_done(home: Any) -> None:
    infra_id = home.build(home.describe("a"))
    (dead,) = home.instances
    home.kill(dead)
    with home.stuck(dead):
        process = home.start("occopus-maintain", "-i", infra_id, "-c", "-t", "1000")
        until(lambda: "dropping" in home.kinds(infra_id), "the drop")
        process.send_signal(signal.SIGINT)
        until(lambda: "stopping at a safe point" in process.stderr.readline(), "the answer to the signal")
        assert process.poll() is None
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert err.endswith(f"stopped: 'occopus maintain -i {infra_id}' goes on where it ended\nstopped\n")
    home.maintain(infra_id)
    home.assert_exactly("a")


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        (["occopus-maintain", "-i", "ID"], "'occopus maintain -i ID' goes on where it ended"),
        (["occopus-maintain", "-i", "ID", "-c"], "'occopus maintain -i ID' goes on where it ended"),
        (["occopus-build", "-i", "ID", "test.yaml"], "'occopus maintain -i ID' finishes it"),
    ],
)
def test_the_second_ctrl_c_ends_at_once_and_says_what_finishes_the_job(home: Any, command: list[str], goes_on: str) -> None:
    infra_id = home.build(home.describe("a", "b"))
    (dead,) = home.named("a")
    home.kill(dead)
    with home.stuck(dead):
        process = home.start(*(word.replace("ID", infra_id) for word in command))
        until(lambda: "dropping" in home.kinds(infra_id), "the drop")
        for told in ("stopping at a safe point; Ctrl-C again stops at once", f"stopped at once; {goes_on.replace('ID', infra_id)}"):
            process.send_signal(signal.SIGINT)
            until(lambda told=told: process.stderr.readline() == f"{told}\n", told)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    home.maintain(infra_id)
    home.assert_exactly("a", "b")

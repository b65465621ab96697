"""Several maintainers of one infrastructure: one works, the others wait, whatever dies, sleeps or wakes up in between."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, Looking, until

pytestmark = pytest.mark.endurance

SECONDS = 60.0
"""How long two maintainers are disturbed."""

MAXIMUM = {"db": 1, "web": 5}
DISTURBANCES = ("kill a maintainer", "kill a maintainer", "kill a node", "kill a node", "kill a command", "scale", "scale")

AUDIT = """
CREATE TABLE audit (number INTEGER PRIMARY KEY, kind TEXT, value TEXT, owner TEXT, fence INTEGER);
CREATE TRIGGER inserted AFTER INSERT ON records BEGIN
    INSERT INTO audit SELECT NULL, NEW.kind, NEW.value, owner, fence FROM (SELECT 1) LEFT JOIN leases ON scope = NEW.scope; END;
CREATE TRIGGER updated AFTER UPDATE ON records BEGIN
    INSERT INTO audit SELECT NULL, NEW.kind, NEW.value, owner, fence FROM (SELECT 1) LEFT JOIN leases ON scope = NEW.scope; END;
CREATE TRIGGER deleted AFTER DELETE ON records BEGIN
    INSERT INTO audit SELECT NULL, OLD.kind, OLD.value, owner, fence FROM (SELECT 1) LEFT JOIN leases ON scope = OLD.scope; END;
"""
"""Lets the store note who holds the lease at the moment of each write."""

TOLD = re.compile(r"^ +[0-9.]+s  (creating|dropping|dropped)  +\w+  ([0-9a-f-]{36})", re.MULTILINE)
"""An event that a maintainer tells of; of each instance there is only one of each of these kinds."""


PASSED = re.compile("nothing to do|created|dropped|waiting for it")
"""What a maintainer says when it has begun to work, or to wait."""


@dataclass
class Watch(Looking):
    """Looks at the nodes and at the lease of a home."""

    home: Any
    most: Counter[str] = field(default_factory=Counter)
    """By node: how many instances were seen at once, as processes or as directories."""
    owners: dict[int, set[str]] = field(default_factory=dict)
    """By number of the lease: who was seen to hold it."""

    def look(self) -> None:
        self.most |= Counter(dict(self._processes()).values())
        self.most |= Counter(self._directories())
        with closing(sqlite3.connect(self.home.data / "occopus.db", timeout=10)) as db:
            for owner, fence in db.execute("SELECT owner, fence FROM leases"):
                self.owners.setdefault(fence, set()).add(owner)

    def _processes(self) -> Iterator[tuple[str, str]]:
        """The ids of all nodes of this home that have a living process, with their names."""
        ours = f"HOME={self.home.data}/".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has ended meanwhile
                variables = path.read_bytes().split(b"\0")
                if any(variable.startswith(ours) for variable in variables):
                    found = dict(variable.decode().split("=", 1) for variable in variables if variable.startswith(b"OCCOPUS_"))
                    yield found["OCCOPUS_NODE_ID"], found["OCCOPUS_NODE_NAME"]

    def _directories(self) -> Iterator[str]:
        for path in (self.home.data / "local").glob("[!.]*/*/node.json"):
            with suppress(OSError):
                yield json.loads(path.read_text())["marks"]["occopus:node_name"]


class Maintainers:
    """Two commands that maintain an infrastructure without an end; who is killed comes back."""

    def __init__(self, home: Any, infra_id: str) -> None:
        self.home = home
        self.infra_id = infra_id
        self.output: dict[int, Path] = {}
        """By process: what it tells."""
        self.running = [self._start(), self._start()]

    def _start(self) -> Any:
        path = self.home.path / f"maintainer-{len(self.output)}"
        with path.open("w") as file:
            process = self.home.start("occopus-maintain", "-i", self.infra_id, "-c", "-t", "0.2", stderr=file, stdout=subprocess.DEVNULL)
        self.output[process.pid] = path
        return process

    def kill(self, which: int) -> None:
        self.running[which].kill()
        self.running[which].wait()
        self.running[which] = self._start()

    def stop(self) -> None:
        for process in self.running:
            until(lambda process=process: PASSED.search(self.output[process.pid].read_text()), "the first pass")
            process.send_signal(signal.SIGINT)
        assert [process.wait(timeout=PATIENCE) for process in self.running] == [0, 0]


def disturb(home: Any, maintainers: Maintainers, chance: random.Random) -> None:
    what = chance.choice(DISTURBANCES)
    if what == "kill a maintainer":
        maintainers.kill(chance.randrange(2))
    elif what == "scale":
        (first, *_) = (*home.named("web"), None)
        leaving = ["-f", first.node_id] if first else ["-s", "3"]
        asked = chance.choice([["-c", "+1"], ["-c", "+2"], ["-c", "-1"], ["-s", "5"], ["-s", "3"], leaving])
        home.run("occopus-scale", "-i", maintainers.infra_id, "-n", "web", *asked, code=2 if asked[0] == "-f" and not first else None)
    else:
        processes = list(home.processes)
        if processes:
            victim = chance.choice(processes)
            with suppress(ProcessLookupError, AssertionError, ValueError):  # it may have been killed a moment ago
                instance = next((i for i in home.instances if victim in home.pids(i)), None)
                if instance:
                    home.kill(instance) if what == "kill a node" else home.signal_command(instance, signal.SIGKILL)


def assert_every_write_was_by_the_holder(home: Any, maintainers: Maintainers) -> None:
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        audit = db.execute("SELECT kind, value, owner, fence FROM audit ORDER BY number").fetchall()
    writes = []
    for kind, value, owner, fence in audit:
        decoded = json.loads(value)
        if kind == "request" or decoded.get("kind") == "scale-requested":
            continue  # anybody may ask
        assert owner, f"{kind} was written without a lease: {value}"
        writes.append((fence, owner, (decoded.get("kind"), decoded.get("node_id")) if kind == "event" else None))
    fences = [fence for fence, _, _ in writes]
    assert fences == sorted(fences), "nobody writes again after another has taken over"
    assert max(Counter(fence for fence, _ in {(fence, owner) for fence, owner, _ in writes}).values()) == 1
    writers = {event: int(owner.split(":")[1]) for _, owner, event in writes if event}
    told = [(pid, event) for pid, path in maintainers.output.items() for event in TOLD.findall(path.read_text())]
    assert len(told) > 20
    assert [(pid, event) for pid, event in told if writers[event] != pid] == [], "each tells only of what it wrote as the holder"


def test_two_maintainers_that_are_killed_again_and_again_never_make_too_much(home: Any) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)
    infra_id = home.build(home.describe("db", "web: type: plain, scaling: {min: 3, max: 5}", depends="[[web, db]]"))
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        db.executescript(AUDIT)
    maintainers = Maintainers(home, infra_id)
    end = time.monotonic() + SECONDS
    with Watch(home) as watch:
        while time.monotonic() < end:
            time.sleep(chance.uniform(0, 1.0))  # not to wait for anything: how much may happen in between varies
            disturb(home, maintainers, chance)
        maintainers.stop()
        home.maintain(infra_id)
    assert watch.looks > SECONDS * 4
    assert watch.most == MAXIMUM, "never more, and the most allowed was reached"
    assert {len(owners) for owners in watch.owners.values()} == {1}, watch.owners
    assert_every_write_was_by_the_holder(home, maintainers)
    (record,) = home.infras
    home.assert_exactly("db", *["web"] * record.limits["web"].clamped(record.targets.get("web", 3)))
    assert home.plan(infra_id) == "plan: nothing to do\n"
    said = "".join(path.read_text() for path in maintainers.output.values())
    assert "Traceback" not in said
    assert "unexpected" not in said
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def holder(home: Any, infra_id: str) -> int | None:
    """The process that has the lease."""
    with closing(sqlite3.connect(home.data / "occopus.db")) as db:
        row = db.execute("SELECT owner FROM leases WHERE scope = ?", [infra_id]).fetchone()
    return int(row[0].split(":")[1]) if row else None


@pytest.fixture
def broken(home: Any) -> tuple[str, Any]:
    """An infrastructure with a node that died."""
    infra_id = home.build(home.describe("a", "b", depends="[[b, a]]"))
    (dead,) = home.named("a")
    home.kill(dead)
    return infra_id, dead


def start_and_hang(home: Any, infra_id: str) -> Any:
    process = home.start("occopus-maintain", "-i", infra_id)
    until(lambda: "dropping" in home.kinds(infra_id), "the drop")
    return process


def test_the_second_waits_says_for_whom_and_finds_nothing_to_do(home: Any, broken: tuple[str, Any]) -> None:
    infra_id, dead = broken
    with home.stuck(dead):
        first = start_and_hang(home, infra_id)
        second = home.start("occopus-maintain", "-i", infra_id)
        assert second.stderr.readline() == f"maintaining {infra_id}\n"
        said = second.stderr.readline()
        assert re.search(
            rf"waiting +another command works on this infrastructure \(process {first.pid} on [^ ]+\); waiting for it\n$", said
        )
        assert holder(home, infra_id) == first.pid
    assert first.communicate(timeout=PATIENCE)[1].endswith("\n1 dropped, 1 created\n")
    assert second.communicate(timeout=PATIENCE)[1] == "nothing to do\n"
    assert (first.returncode, second.returncode) == (0, 0)
    home.assert_exactly("a", "b")


@pytest.mark.parametrize(("args", "code"), [([], 1), (["-c"], 0)])
def test_who_only_waits_is_stopped_at_once(home: Any, broken: tuple[str, Any], args: list[str], code: int) -> None:
    infra_id, dead = broken
    with home.stuck(dead):
        first = start_and_hang(home, infra_id)
        second = home.start("occopus-maintain", "-i", infra_id, *args)
        until(lambda: "waiting for it" in second.stderr.readline(), "the second command's word")
        second.send_signal(signal.SIGINT)
        _, err = second.communicate(timeout=5)
        assert second.returncode == code
        assert f"stopped while waiting for process {first.pid} on " in err
        assert first.poll() is None
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
    home.assert_exactly("a", "b")


def test_of_one_that_was_killed_the_work_is_taken_over_without_waiting(home: Any, broken: tuple[str, Any]) -> None:
    infra_id, dead = broken
    with home.stuck(dead):
        first = start_and_hang(home, infra_id)
        first.kill()
        first.communicate()
    begun = time.monotonic()
    assert home.maintain(infra_id).endswith("\n1 dropped, 1 created\n")
    assert time.monotonic() - begun < 5
    home.assert_exactly("a", "b")


def put_to_sleep(home: Any, process: Any) -> None:
    """Stop a process, but not while it writes: SQLite would then let nobody else write."""
    with closing(sqlite3.connect(home.data / "occopus.db", timeout=0, isolation_level=None)) as db:
        while True:
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # until each of its threads has stopped
            with suppress(sqlite3.OperationalError):
                db.executescript("BEGIN IMMEDIATE; ROLLBACK")
                return
            process.send_signal(signal.SIGCONT)


MOMENTS = [0, 0.004, 0.008]
"""Seconds after an instance was noted down, until the command that makes it falls asleep. One more does while it waits for readiness."""


def ended(process: Any, seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.poll() is not None


def test_those_that_sleep_longer_than_their_leases_are_refused_when_they_wake_up(home: Any) -> None:
    """As with a laptop that was closed. They fall asleep at different moments; others take over from all of them at once."""
    healed = home.build(home.describe("a", "b", depends="[[b, a]]"))
    (dead,) = home.named("a")
    home.kill(dead)
    destroyed = {home.build(home.describe("w: type: plain, scaling: {min: 1, max: 3}", name=f"w{n}")): n for n in range(len(MOMENTS) + 1)}
    sleepers, others = {}, {}
    with home.stuck(dead):
        sleepers[healed] = start_and_hang(home, healed)
        for infra_id, number in destroyed.items():
            home.run("occopus-scale", "-i", infra_id, "-n", "w", "-s", "3")
            sleepers[infra_id] = home.start("occopus-maintain", "-i", infra_id)
            until(lambda infra_id=infra_id: home.kinds(infra_id).count("creating") == 2, "the second instance")
            if number == len(MOMENTS):
                until(lambda infra_id=infra_id: len(list((home.data / "local" / infra_id).glob("*/state.json"))) == 2, "the new supervisor")
            time.sleep([*MOMENTS, 0.02][number])  # not to wait for anything: the moment varies
            put_to_sleep(home, sleepers[infra_id])
        put_to_sleep(home, sleepers[healed])
        assert {infra_id: holder(home, infra_id) for infra_id in sleepers} == {infra_id: p.pid for infra_id, p in sleepers.items()}
        for infra_id in sleepers:
            others[infra_id] = home.start("occopus", "maintain" if infra_id == healed else "destroy", "-i", infra_id)
        until(lambda: holder(home, healed) == others[healed].pid, "the take-over")
    for infra_id, other in others.items():
        until(lambda infra_id=infra_id, other=other: other.poll() is not None or holder(home, infra_id) == other.pid, "the take-over")
    for other in others.values():
        ended(other, 2)  # unless a sleeper holds the lock of its node
    for sleeper in sleepers.values():
        sleeper.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 12
    late = [destroyed[infra_id] for infra_id, sleeper in sleepers.items() if not ended(sleeper, max(0.0, deadline - time.monotonic()))]
    for infra_id, other in others.items():
        assert other.wait(PATIENCE) == 0
        sleeper = sleepers[infra_id]
        if ended(sleeper, 0):
            said = sleeper.stderr.read()
            assert sleeper.returncode == 1, said
            assert re.search(rf"^error: .* no longer holds the lease of '{infra_id}'; nothing was written$", said, re.MULTILINE), said
            assert "Traceback" not in said
        else:
            sleeper.kill()
            sleeper.wait()
    assert others[healed].stderr.read().endswith("\n1 dropped, 1 created\n")
    home.assert_exactly("a", "b")
    assert home.plan(healed) == "plan: nothing to do\n"
    home.run("occopus", "destroy", "-i", healed)
    home.assert_nothing_left()
    assert late == [], "who has lost its lease ends soon, also where it only waits"

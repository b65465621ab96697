"""Ctrl-C, SIGTERM, and a second command; and what is seen of a command while it runs, on a terminal and elsewhere."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import termios
import time
from typing import Any

import pytest

from .conftest import PATIENCE, until

pytestmark = pytest.mark.endurance

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def building(home: Any, *args: str, **options: Any) -> Any:
    """A build in the middle: one node is ready, the other never will be."""
    description = home.describe("good", "bad: type: never", depends="[[bad, good]]")
    process = home.start("occopus", "build", description, "--nodes", "nodes.yaml", *args, **options)
    until(lambda: [instance.node_name for instance in home.instances] == ["good", "bad"] and home.instances[1].ids, "the second node")
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("args", [[], ["--parallelize"]])
def test_the_first_signal_takes_everything_back(home: Any, number: signal.Signals, args: list[str]) -> None:
    process = building(home, *args)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert "stopping at a safe point; Ctrl-C again stops at once\n" in err
    assert err.endswith("error: stopped; everything that was made is removed again\n")
    home.assert_nothing_left()


def test_the_second_ends_at_once_and_says_the_command_that_finishes(home: Any) -> None:
    process = building(home)
    (infra,) = home.infras
    with home.stuck(home.instances[0]):
        process.send_signal(signal.SIGINT)
        until(lambda: [event.kind for event in home.events(infra.infra_id)].count("dropping") == 2, "the drop of the other node")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    assert err.endswith(f"stopped at once; 'occopus destroy -i {infra.infra_id}' removes what is left\n")
    home.run("occopus", "destroy", "-i", infra.infra_id)
    home.assert_nothing_left()


def test_a_destroy_that_is_stopped_goes_on_when_it_is_run_again(home: Any) -> None:
    infra_id = home.build(home.describe("a", "b", depends="[[b, a]]"))
    (first,) = [instance for instance in home.instances if instance.node_name == "b"]
    with home.stuck(first):
        process = home.start("occopus", "destroy", "-i", infra_id)
        until(lambda: "dropping" in [event.kind for event in home.events(infra_id)], "the first drop")
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == f"destroying {infra_id}\n"
        until(lambda: "stopping" in process.stderr.readline(), "the answer to the signal")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err.endswith(f"error: stopped\n  = 'occopus destroy -i {infra_id}' goes on where it ended\n")
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_a_second_command_waits_for_the_first(home: Any) -> None:
    first = building(home)
    (infra,) = home.infras
    second = home.start("occopus", "destroy", "-i", infra.infra_id)
    waiting = until(lambda: (line := second.stderr.readline()).startswith(" ") and line, "the second command's word")
    assert f"another command works on this infrastructure (process {first.pid} on " in waiting
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=PATIENCE)
    _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2, "the first has removed it"
    assert "error: there is no infrastructure" in err
    home.assert_nothing_left()


class Terminal:
    """A pseudo-terminal, and what was written to it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (24, 120))
        self.before = termios.tcgetattr(self.theirs)
        self.text = ""

    def read(self, seconds: float = 0.0) -> str:
        """Everything so far."""
        while select.select([self.ours], [], [], seconds)[0]:
            self.text += os.read(self.ours, 65536).decode()
        return self.text

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.read(0.02):
            assert time.monotonic() < deadline, f"{text!r} is not in {self.text!r}"

    def assert_sane(self) -> None:
        """The cursor is seen again, and the settings are those of before."""
        assert self.read().count(HIDE_CURSOR) == self.text.count(SHOW_CURSOR) >= 1
        assert self.text.rindex(SHOW_CURSOR) > self.text.rindex(HIDE_CURSOR)
        assert termios.tcgetattr(self.theirs) == self.before

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal() -> Any:
    made = Terminal()
    yield made
    made.close()


def test_on_a_terminal_nodes_and_reasons_are_seen_while_they_wait(home: Any, terminal: Terminal) -> None:
    environment = home.environment | {"TERM": "xterm-256color"}
    process = building(home, stderr=terminal.theirs, env=environment)
    terminal.wait_for("ports: ")
    process.send_signal(signal.SIGINT)
    terminal.wait_for("stopping at a safe point")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.read())
    assert "building test: " in shown
    assert re.search(r"bad +[0-9a-f]{8} +creating +\d+s +ports: ", shown)
    assert re.search(r"good +[0-9a-f]{8} +ready", shown)
    assert "error: stopped; everything that was made is removed again" in shown
    terminal.assert_sane()
    home.assert_nothing_left()


def test_a_terminal_is_given_back_also_by_the_second_signal(home: Any, terminal: Terminal) -> None:
    process = building(home, stderr=terminal.theirs, env=home.environment | {"TERM": "xterm-256color"})
    (infra,) = home.infras
    with home.stuck(home.instances[0]):
        process.send_signal(signal.SIGINT)
        until(lambda: [event.kind for event in home.events(infra.infra_id)].count("dropping") == 2, "the drop of the other node")
        process.send_signal(signal.SIGINT)
        terminal.wait_for(f"'occopus destroy -i {infra.infra_id}'")
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    terminal.assert_sane()
    home.run("occopus", "destroy", "-i", infra.infra_id)
    home.assert_nothing_left()


def test_no_color_is_respected(home: Any, terminal: Terminal) -> None:
    environment = home.environment | {"TERM": "xterm-256color", "NO_COLOR": "1"}
    process = home.start("occopus", "build", home.describe("a"), "--nodes", "nodes.yaml", stderr=terminal.theirs, env=environment)
    infra_id = process.communicate(timeout=PATIENCE)[0].strip()
    colours = [
        code for code in re.findall(r"\x1b\[([0-9;]*)m", terminal.read()) if re.search(r"(^|;)([349][0-7]|10[0-7]|[34]8)(;|$)", code)
    ]
    assert "ready" in terminal.text
    assert colours == []
    home.run("occopus", "destroy", "-i", infra_id)


@pytest.mark.parametrize("term", [None, "dumb"])
def test_elsewhere_there_are_plain_lines(home: Any, terminal: Terminal, term: str | None) -> None:
    options = {"stderr": terminal.theirs, "env": home.environment | {"TERM": term}} if term else {}
    process = home.start("occopus", "build", home.describe("a"), "--nodes", "nodes.yaml", **options)
    out, err = process.communicate(timeout=PATIENCE)
    lines = (err or terminal.read().replace("\r\n", "\n")).splitlines()
    assert not any("\x1b" in line for line in lines)
    assert lines[0] == "building test"
    told = [match.group(1) for line in lines if (match := re.match(r" +\d+\.\d+s  ([a-z-]+) ", line))]
    assert [kind for kind in told if kind != "waiting"] == ["build-started", "creating", "ready", "built"]
    assert f"build-started   {out.strip()}" in lines[1], "whoever is cut off later knows what to destroy"
    home.run("occopus", "destroy", "-i", out.strip())

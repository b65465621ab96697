"""Commands on a terminal: what they draw, and in which colours."""

from __future__ import annotations

import os
import pty
import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from occopus.cli.app import App
from occopus.cli.progress import LiveTable
from occopus.model.instance import NodeId

from .conftest import Home, until

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[\d;]+)m")


def read_all(terminal: int) -> bytes:
    """All that is written to a terminal until nobody has it open."""
    found = b""
    try:
        while chunk := os.read(terminal, 65536):
            found += chunk
    except OSError:  # how Linux says that it is closed
        pass
    return found


def on_terminal(home: Home, command: str, *args: str, typed: str = "", code: int = 0, **environment: str) -> str:
    """What a command shows to a person, with standard input and standard error on a terminal."""
    terminal, its_end = pty.openpty()
    try:
        os.write(terminal, typed.encode())
        process = home.start(command, *args, stdin=its_end, stderr=its_end, env={**home.environment, **environment})
    finally:
        os.close(its_end)
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(read_all, terminal)
        out, _ = process.communicate(timeout=60)
        text = shown.result(timeout=60).decode()
    os.close(terminal)
    assert process.returncode == code, text
    assert ESCAPE not in out, "data has no colours"
    return text


COLOURFUL = {"TERM": "xterm-256color"}
TERMINALS: list[tuple[dict[str, str], bool, bool]] = [
    (COLOURFUL, True, True),
    ({**COLOURFUL, "FORCE_COLOR": "1"}, True, True),
    ({**COLOURFUL, "NO_COLOR": "1"}, True, False),
    ({**COLOURFUL, "NO_COLOR": "0"}, True, False),
    ({**COLOURFUL, "NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    ({"TERM": "dumb"}, False, False),
    ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, False),
    ({"TERM": ""}, False, False),
    ({}, False, False),
]
"""Environments, whether a table is drawn over and over in them, and whether in colours."""


@pytest.mark.parametrize(("environment", "live", "coloured"), TERMINALS, ids=lambda value: str(value) if isinstance(value, dict) else None)
def test_progress_is_drawn_as_the_terminal_can_and_the_user_wants(
    environment: dict[str, str], live: bool, coloured: bool, home: Home
) -> None:
    description = home.describe("one")
    shown = on_terminal(home, "occopus", "build", description, "--nodes", "nodes.yaml", **environment)
    assert "ready" in shown
    assert (ESCAPE in shown) == live
    assert bool(COLOUR.search(shown)) == coloured


def test_without_a_terminal_colours_are_not_forced_into_logs(home: Home) -> None:
    process = home.start("occopus", "build", home.describe("one"), "--nodes", "nodes.yaml", env={**home.environment, "FORCE_COLOR": "1"})
    out, err = process.communicate(timeout=60)
    assert ESCAPE not in out + err
    assert "ready" in err


def test_faults_and_help_have_no_escapes(home: Home) -> None:
    home.write("broken.yaml", "infra_name: [\n")
    assert ESCAPE not in on_terminal(home, "occopus", "validate", "broken.yaml", code=2, **COLOURFUL)
    assert ESCAPE not in on_terminal(home, "occopus", "nonsense", code=2, **COLOURFUL)
    assert ESCAPE not in on_terminal(home, "occopus", "--help", **COLOURFUL)


def test_what_is_said_is_shown_as_it_is() -> None:
    """A table that takes '[/red]' in a reason for an end of its own markup breaks."""
    table = LiveTable(App(None, None, debug=False), "building x")
    table.waiting(NodeId(""), "the store says [/red] [bold]wait")
    console = Console(file=StringIO(), width=200)
    console.print(table)
    assert "building x: the store says [/red] [bold]wait" in " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


@pytest.mark.parametrize(("typed", "backend"), [("local\n", "local"), ("\n", "local"), ("nothing like it\nlocal\n", "local")])
def test_init_asks_for_the_backend(typed: str, backend: str, home: Home) -> None:
    shown = on_terminal(home, "occopus", "init", "new", typed=typed, **COLOURFUL)
    assert re.search(r"local +Processes on this machine", shown)
    assert "backend [local]:" in shown
    assert f"type: {backend}" in (home.path / "new" / "nodes" / "node_definitions.yaml").read_text()


def test_ctrl_d_at_a_question_writes_nothing(home: Home) -> None:
    on_terminal(home, "occopus", "init", "new", typed="\x04", code=1)
    assert list(home.path.iterdir()) == []


def test_a_live_table_ends_well_on_ctrl_c(home: Home) -> None:
    """The cursor that it hides is shown again."""
    description = home.describe("one: type: never")
    terminal, its_end = pty.openpty()
    process: Any = home.start(
        "occopus", "build", description, "--nodes", "nodes.yaml", stderr=its_end, env={**home.environment, **COLOURFUL}
    )
    os.close(its_end)
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(read_all, terminal)
        until(lambda: home.instances and home.instances[0].state == "pending", "an instance that waits")
        process.send_signal(2)
        process.communicate(timeout=60)
        text = shown.result(timeout=60).decode()
    os.close(terminal)
    assert process.returncode == 1
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    home.assert_nothing_left()

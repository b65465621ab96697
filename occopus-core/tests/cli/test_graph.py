"""occopus graph, as a user runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from occopus.cli.drawing import DRAWINGS
from occopus.model.infrastructure import Dependency, Infrastructure
from occopus.model.node import Implementation, Node, Scaling

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
INFRA, NODES = EXAMPLE / "infra.yaml", EXAMPLE / "nodes" / "node_definitions.yaml"

EXPECTED = {
    "text": "message\n  receiver (local)\n  sender (local)  <- receiver\n",
    "dot": (
        'digraph "message" {\n'
        '  "receiver" [label="receiver (local)"];\n'
        '  "sender" [label="sender (local)"];\n'
        '  "sender" -> "receiver";\n}\n'
    ),
    "mermaid": 'graph LR\n  n0["receiver (local)"]\n  n1["sender (local)"]\n  n1 --> n0\n',
}


@pytest.mark.parametrize("form", DRAWINGS)
def test_each_form(form: str, site: Any) -> None:
    done = site.run("occopus", "graph", INFRA, "-n", NODES, "--format", form)
    assert (done.returncode, done.stdout, done.stderr) == (0, EXPECTED[form], "")


def test_text_is_what_is_drawn_where_nothing_else_is_asked_for(site: Any) -> None:
    assert site.run("occopus", "graph", INFRA, "-n", NODES).stdout == EXPECTED["text"]


def test_counts_types_and_several_dependencies() -> None:
    local, moon = Implementation(0, {"type": "local"}), Implementation(1, {"type": "moon"})
    nodes = {
        "end": Node("end", "n", (local, moon, local), Scaling(1, 3)),
        "graph": Node("graph", "n", (moon,), Scaling(2, 2)),
        "node": Node("node", "n", (moon,)),
    }
    edges = (Dependency("node", "end"), Dependency("node", "graph"))
    infrastructure = Infrastructure("i", "me", nodes, edges)
    assert DRAWINGS["text"](infrastructure).splitlines() == [
        "i",
        "  end x1..3 (local/moon)",
        "  graph x2 (moon)",
        "  node (moon)  <- end, graph",
    ]
    assert '  "node" -> "end";' in DRAWINGS["dot"](infrastructure)
    assert DRAWINGS["mermaid"](infrastructure).splitlines()[-2:] == ["  n2 --> n0", "  n2 --> n1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "error: there is nothing to draw\n  = give either an infrastructure description or -i ID"),
        ([INFRA, "-i", "x"], "error: there are two things to draw\n  = give either an infrastructure description or -i ID"),
        (["-i", "unheard-of"], "error: there is no infrastructure 'unheard-of'\n  = 'occopus list' shows those that exist"),
        ([INFRA], "there is no node definition 'message_receiver'"),
        ([INFRA, "-n", NODES, "--format", "png"], "'png' is not one of 'text', 'dot', 'mermaid'"),
    ],
)
def test_bad_input_ends_with_2(arguments: list[Any], words: str, site: Any) -> None:
    done = site.run("occopus", "graph", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr

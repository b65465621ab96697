"""occopus graph, as a user runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from occopus.cli.drawing import DRAWINGS, FORMS
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


@pytest.mark.parametrize("form", EXPECTED)
def test_each_form_that_others_draw(form: str, site: Any) -> None:
    done = site.run("occopus", "graph", INFRA, "-n", NODES, "--format", form)
    assert (done.returncode, done.stdout, done.stderr) == (0, EXPECTED[form], "")


def test_text_is_what_is_drawn_where_nothing_else_is_asked_for(site: Any) -> None:
    assert site.run("occopus", "graph", INFRA, "-n", NODES).stdout == EXPECTED["text"]


def test_svg_is_a_picture_of_its_own(site: Any) -> None:
    done = site.run("occopus", "graph", INFRA, "-n", NODES, "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    root = ElementTree.fromstring(done.stdout)
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")] == [
        "message: its nodes, and what each depends on",
        "sender → receiver",
    ]
    assert {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")} == {"sender", "receiver", "local"}
    assert not re.search(r"(href|src|url\()", done.stdout), "it needs nothing else"


@pytest.mark.parametrize(("ending", "form"), FORMS.items())
def test_a_files_name_says_in_which_form(ending: str, form: str, site: Any, tmp_path: Path) -> None:
    drawn = site.run("occopus", "graph", INFRA, "-n", NODES, "--format", form).stdout
    target = tmp_path / f"picture{ending.upper()}"
    target.write_text("what was there before")
    done = site.run("occopus", "graph", INFRA, "-n", NODES, "-o", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"written: {target}\n")
    assert target.read_text() == drawn


def test_a_format_that_is_given_goes_over_the_name(site: Any, tmp_path: Path) -> None:
    site.run("occopus", "graph", INFRA, "-n", NODES, "-o", tmp_path / "a.svg", "--format", "text")
    assert (tmp_path / "a.svg").read_text() == EXPECTED["text"]


ODD = 'a"b\\c\\" ]};%%#<i>`x`&amp;_y_\n日本'


def odd_infrastructure() -> Infrastructure:
    """Names are letters, digits and hyphens; what the plugins call a type can be anything."""
    nodes = {name: Node(name, "n", (Implementation(0, {"type": ODD}),)) for name in ("end", "subgraph", "-", "--", "0")}
    return Infrastructure("strict", "me", nodes, (Dependency("--", "-"), Dependency("subgraph", "0")))


def test_odd_names_in_dot() -> None:
    drawn = DRAWINGS["dot"](odd_infrastructure())
    quoted = r'"(?:[^"\\]|\\.)*"'
    statement = rf"{quoted}( \[label={quoted}\]| -> {quoted});"
    assert re.fullmatch(rf"digraph {quoted} {{\n(  {statement}\n)*}}", drawn, re.DOTALL), "it follows the grammar of DOT"
    labels = [re.sub(r"\\(.)", r"\1", found) for found in re.findall(r'label="((?:[^"\\]|\\.)*)"', drawn, re.DOTALL)]
    assert labels == [f"{name} ({ODD})" for name in ("end", "subgraph", "-", "--", "0")]
    if dot := shutil.which("dot"):
        subprocess.run([dot, "-Tsvg"], input=drawn.encode(), check=True, capture_output=True, timeout=60)


def test_odd_names_in_mermaid() -> None:
    drawn = DRAWINGS["mermaid"](odd_infrastructure()).splitlines()
    assert drawn[0] == "graph LR"
    labels = []
    for line in drawn[1:6]:
        found = re.fullmatch(r'  n\d\["([^"]*)"\]', line)
        assert found, line
        assert not re.search(r"[`<>&\\;%](?!\w*\()", re.sub(r"#\d+;", "", found[1])), "nothing in it is a mark of Mermaid, Markdown or HTML"
        assert not re.match(r"\W", found[1]) or found[1].startswith("#")
        labels.append(re.sub(r"#(\d+);", lambda number: chr(int(number[1])), found[1]))
    assert labels == [f"{name} ({ODD})" for name in ("end", "subgraph", "-", "--", "0")]
    assert drawn[6:] == ["  n3 --> n2", "  n1 --> n4"]


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
        ([INFRA, "-n", NODES, "--format", "png"], "'png' is not one of 'text', 'dot', 'mermaid', 'svg'"),
        (
            [INFRA, "-n", NODES, "-o", "a.png"],
            "into 'a.png'?\n  = give --format, or a name that ends in .txt, .dot, .gv, .mmd, .mermaid, .svg",
        ),
        ([INFRA, "-n", NODES, "-o", "/not/there/a.svg"], "error: '/not/there/a.svg' can't be written: No such file or directory"),
    ],
)
def test_bad_input_ends_with_2(arguments: list[Any], words: str, site: Any) -> None:
    done = site.run("occopus", "graph", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr

"""Everything is rendered before anything exists, nothing is run or looked up, and each fault is shown at its place in the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from occopus.diagnostics import DescriptionError, Fault
from occopus.plugins.contextualiser import UserData
from occopus.rendering.rehearsal import Rehearsal, without_effects
from occopus.rendering.scope import Outside
from occopus.workspace import Description, Workspace

Read = Callable[..., Description]


@pytest.fixture
def read(tmp_path: Path, occopus_home: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def put(**files: str) -> Description:
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(dedent(text).lstrip("\n"))
        return Workspace.open().read(["infra.yaml", "nodes.yaml"])

    return put


@pytest.fixture
def faults(read: Read) -> Callable[..., list[str]]:
    def found(**files: str) -> list[str]:
        try:
            every = read(**files).warnings
        except DescriptionError as error:
            every = error.faults
        return [shown(fault) for fault in every]

    return found


def shown(fault: Fault) -> str:
    return f"{fault.position or ''}: {'warning: ' if fault.warning else ''}{fault.message}"


INFRA = """
infra_name: test
user_id: me
nodes:
  - {name: a, type: n, scaling: {min: 2, max: 9}, variables: {pw: !secret {env: PW}}}
  - {name: b, type: n}
dependencies: [[b, a]]
"""


def nodes(template: str) -> str:
    return (
        f"'node_def:n':\n  - resource: {{type: local}}\n    contextualisation:\n      type: cloudinit\n      context_template: {template}\n"
    )


class Nothing:
    """A world outside that must not be touched."""

    def run(self, command: str) -> str:
        raise AssertionError(command)

    outside = property(lambda self: Outside(self.run, self.run, self.run))


def texts(description: Description) -> dict[tuple[str, int], str]:
    assert description.infrastructure
    rehearsed = Rehearsal(description.infrastructure, Workspace.open().composition, without_effects(Nothing().outside)).rehearse()
    found = {}
    for row in rehearsed:
        assert isinstance(row.inputs.context, UserData)
        found[row.node_name, row.index] = row.inputs.context.text
    return found


def test_every_first_instance_in_the_order_of_creation_each_with_an_address_of_its_own(read: Read) -> None:
    description = read(infra=INFRA, nodes=nodes("x"))
    workspace = Workspace.open()
    assert description.infrastructure
    rows = workspace.render(description.infrastructure)
    assert [(row.node_name, row.index) for row in rows] == [("a", 0), ("a", 1), ("b", 0)]
    assert [row.address for row in rows] == ["198.18.0.1", "198.18.0.2", "198.18.0.3"]
    assert len({row.node_id for row in rows}) == 3
    assert workspace.render(description.infrastructure) == rows, "the same description gives the same ids"


def test_what_a_later_node_sees_of_an_earlier_one_is_what_that_was_given(read: Read) -> None:
    template = "{% if name == 'b' %}{{ getipall('a') | join(' ') }} {{ find_node_id('a').node_id }}{% else %}{{ node_id }}{% endif %}"
    found = texts(read(infra=INFRA, nodes=nodes(f'"{template}"')))
    assert found["b", 0] == f"198.18.0.1 198.18.0.2 {found['a', 0]}"


def test_no_command_is_run_and_no_secret_is_looked_up(read: Read) -> None:
    template = "\"{{ cmd('hostname -f') }} {{ variables.pw | default('none') }}\""
    found = texts(read(infra=INFRA, nodes=nodes(template)))
    assert found["a", 0] == "(output of hostname -f) (secret env:PW)"
    assert found["b", 0] == "(output of hostname -f) none"


@pytest.mark.parametrize(
    "line",
    [
        "a: {{ cmd('curl -H \"A: b\" # x') }}",
        'a: "{{ cmd(\'say \\\\"x\\\\"\') }}"',
        "a: [{{ cmd('a, b]') }}]",
        "- {{ cmd('- x') }}: x",
        "a: {{ cmd('x\ny') }}",
    ],
)
def test_the_output_of_a_command_breaks_no_cloud_config_before_it_is_known(line: str, faults: Callable[..., list[str]]) -> None:
    block = "|\n        #cloud-config\n        " + line.replace("- {{", "k: {{").replace("}}: x", "}}").replace("\n", "\\n")
    assert faults(infra=INFRA, nodes=nodes(block)) == []


def test_nothing_is_said_against_what_is_not_known_yet(faults: Callable[..., list[str]]) -> None:
    text = """
    'node_def:n':
      - resource: {type: local}
        health_check:
          ports: ["{{ cmd('get-port') }}", !secret {env: PORT}, "{{ variables.pw | default('8') }}", "{{ cut(cmd('get-port'), 0, 3) }}"]
    """
    assert faults(infra=INFRA, nodes=text) == []
    assert faults(infra=INFRA, nodes=text.replace("cut(cmd('get-port'), 0, 3)", "infra_name")) == [
        "nodes.yaml:4:98: node 'a' (local #1), health_check.ports.3: after rendering, item 4 of 'ports' must be a whole number, not 'test'"
    ]


def test_a_node_that_is_used_without_being_waited_for_is_doubtful_and_one_that_comes_later_is_wrong(
    faults: Callable[..., list[str]],
) -> None:
    infra = INFRA.replace("dependencies: [[b, a]]", "dependencies: ")
    assert faults(infra=infra, nodes=nodes("\"{% if name == 'b' %}{{ getip('a') }}{% endif %}\"")) == [
        "nodes.yaml:5:25: warning: node 'b' uses 'a' and does not depend on it: built in parallel it may come too early"
    ]
    assert faults(infra=infra, nodes=nodes("\"{% if name == 'a' %}{{ getip('b') }}{% endif %}\"")) == [
        "nodes.yaml:5:25: node 'a' (local #1), contextualisation.context_template, line 1, in {% if name == 'a' %} {{ getip('b') }} "
        "{% endif %}: node 'b' has no instance yet"
    ]


def test_waiting_through_another_node_is_enough(faults: Callable[..., list[str]]) -> None:
    infra = """
    infra_name: test
    user_id: me
    nodes: [{name: a, type: n}, {name: b, type: n}, {name: c, type: n}]
    dependencies: [[b, a], [c, b]]
    """
    assert faults(infra=infra, nodes=nodes("\"{% if name == 'c' %}{{ getip('a') }}{% endif %}\"")) == []


PLACES = [
    ('"{{ x }}"', {}, ["nodes.yaml:5:25"]),
    ("{runcmd: [ok, '{{ x }}', {a: '{{ y }}'}]}", {}, ["nodes.yaml:5:39", "nodes.yaml:5:54"]),
    ("|\n        first\n        {{ x }}\n          {{ y }}", {}, ["nodes.yaml:7:9"]),
    ("!text_import {url: 'file://text.yaml'}", {"text": "one\ntwo {{ x }}\n"}, ["text.yaml:2:1"]),
    (
        "!yaml_import {url: 'file://tree.yaml'}",
        {"tree": "a: 1\nb:\n  - '{{ x }}'\n  - |\n    ok\n    {{ y }}\n"},
        ["tree.yaml:3:5", "tree.yaml:6:5"],
    ),
]


@pytest.mark.parametrize(("template", "files", "places"), PLACES)
def test_a_fault_is_shown_where_it_stands(
    template: str, files: dict[str, str], places: list[str], faults: Callable[..., list[str]]
) -> None:
    assert [fault.split(": ")[0] for fault in faults(infra=INFRA, nodes=nodes(template), **files)] == places


def test_a_template_that_many_nodes_use_is_reported_once_and_every_fault_of_a_node_is(faults: Callable[..., list[str]]) -> None:
    text = """
    'node_def:n':
      - resource: {type: local, name: "{{ one }}"}
        contextualisation: {type: cloudinit, context_template: {a: "{{ two }}", b: "{{ two }}"}, attributes: {c: "{{ three }}"}}
        health_check: {urls: ["{{ four }}"], ports: ["{{ five }}"]}
      - resource: {type: local, name: "{{ six }}"}
    """
    found = faults(infra=INFRA, nodes=text)
    assert [fault.rsplit(": ", 1)[1].split("'")[1] for fault in found] == ["one", "two", "two", "three", "four", "five", "six"]
    lines = dedent(text).strip().splitlines()
    places = [(number, match.start() + 1) for number, line in enumerate(lines, 1) for match in re.finditer('"{{', line)]
    assert [fault.split(": ")[0] for fault in found] == [f"nodes.yaml:{line}:{column}" for line, column in places]


def test_a_doubt_is_told_once_at_the_line_where_it_first_arises(faults: Callable[..., list[str]]) -> None:
    text = "|\n        first\n        {% if name == 'b' %}\n          {{ getip(a) }}\n          {{ getip(a) }}\n        {% endif %}"
    (fault,) = faults(infra=INFRA, nodes=nodes(text))
    assert fault.startswith("nodes.yaml:8:11: warning: node 'b' (local #1): a template says a")


def test_an_unquoted_node_is_doubtful(faults: Callable[..., list[str]]) -> None:
    assert faults(infra=INFRA, nodes=nodes("\"{% if name == 'b' %}{{ getip(a) }}{% endif %}\"")) == [
        "nodes.yaml:5:25: warning: node 'b' (local #1): a template says a where it should say 'a': the node of that name is meant"
    ]

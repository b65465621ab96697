"""What is wrong with an infrastructure description: all of it at once, each fault at its place and in words that help."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

Faults = Callable[..., list[str]]

NODES = """
'node_def:small':
  - resource: {type: local}
'node_def:two':
  - resource: {type: local, name: first}
  - resource: {type: moon, endpoint: up, name: second, orbit: {height: 3, kind: low}}
"""


def infra(text: str) -> str:
    return "infra_name: test\nuser_id: me\n" + text


ONE_FAULT = [
    ("nodes: []", "infra.yaml:3:8: 'nodes' must not be empty"),
    ("nodes:", "infra.yaml:3:7: 'nodes' has no value = The nodes."),
    ("nodes: {a: 1}", "infra.yaml:3:8: 'nodes' must be a list, not a mapping"),
    ("nodes: '{{ all }}'", "infra.yaml:3:8: 'nodes' must be a list, not '{{ all }}'"),
    ("nodes: [x]", "infra.yaml:3:9: a node must be a mapping, not 'x'"),
    ("nodes: [{name: a, type: small}]\nnode: 1", "infra.yaml:4:1: unknown key 'node' = did you mean 'nodes'?"),
    (
        "nodes: [{name: a, type: small}]\n7: 1",
        "infra.yaml:4:1: unknown key '7' = expected one of: dependencies, infra_name, nodes, user_id, variables",
    ),
    ("nodes: [{name: a, type: smal}]", "infra.yaml:3:25: there is no node definition 'smal' = did you mean 'small'?"),
    (
        "nodes: [{name: a, type: unheard-of}]",
        "infra.yaml:3:25: there is no node definition 'unheard-of' = import it with occopus-import, or give its file with --nodes",
    ),
    ("nodes: [{name: a, type: ''}]", "infra.yaml:3:25: 'type' must not be empty"),
    ("nodes: [{name: a, type: [small]}]", "infra.yaml:3:25: 'type' must be text, not a list"),
    ("nodes: [{type: small}]", "infra.yaml:3:9: the key 'name' is missing = Names the node within the infrastructure."),
    ("nodes: [{name: a}]", "infra.yaml:3:9: the key 'type' is missing = The node definition that says how it is made."),
    ("nodes: [{name: a_b, type: small}]", "infra.yaml:3:16: 'name' must be 1 to 63 letters, digits and hyphens, not 'a_b'"),
    ("nodes: [{name: '{{ x }}', type: small}]", "infra.yaml:3:16: 'name' must be 1 to 63 letters, digits and hyphens, not '{{ x }}'"),
    ("nodes: [{name: 7, type: small}]", "infra.yaml:3:16: 'name' must be 1 to 63 letters, digits and hyphens, not 7"),
    ('nodes: [{name: "a\\n", type: small}]', "infra.yaml:3:16: 'name' must be 1 to 63 letters, digits and hyphens, not 'a\n'"),
    (
        f"nodes: [{{name: {'n' * 64}, type: small}}]",
        f"infra.yaml:3:16: 'name' must be 1 to 63 letters, digits and hyphens, not '{'n' * 37}...'",
    ),
    ("nodes: [{name: a, type: small, typo: 1}]", "infra.yaml:3:32: unknown key 'typo' = did you mean 'type'?"),
    ("nodes: [{name: a, type: small, scaling: {min: 3, max: 2}}]", "infra.yaml:3:55: max (2) is less than min (3)"),
    ("nodes: [{name: a, type: small, scaling: {min: 0}}]", "infra.yaml:3:47: 'min' must be at least 1, not 0"),
    ("nodes: [{name: a, type: small, scaling: {min: two}}]", "infra.yaml:3:47: 'min' must be a whole number, not 'two'"),
    ("nodes: [{name: a, type: small, scaling: {max: '{{ n }}'}}]", "infra.yaml:3:47: 'max' must be a whole number, not '{{ n }}'"),
    ("nodes: [{name: a, type: small, scaling: {min: true}}]", "infra.yaml:3:47: 'min' must be a whole number, not true"),
    ("nodes: [{name: a, type: small, scaling: '{{ n }}'}]", "infra.yaml:3:41: 'scaling' must be a mapping, not '{{ n }}'"),
    ("nodes: [{name: a, type: small, scaling: {mix: 1}}]", "infra.yaml:3:42: unknown key 'mix' = did you mean 'min'?"),
    ("nodes: [{name: a, type: small, create_timeout: 0}]", "infra.yaml:3:48: 'create_timeout' must be at least 1, not 0"),
    ("nodes: [{name: a, type: small, create_timeout: 1h}]", "infra.yaml:3:48: 'create_timeout' must be a number, not '1h'"),
    (
        "nodes: [{name: a, type: small, backend_selection_strategy: best}]",
        "infra.yaml:3:60: 'backend_selection_strategy' can't be 'best' = expected one of: random",
    ),
    ("nodes: [{name: a, type: small, variables: !secret {env: X}}]", "infra.yaml:3:43: 'variables' must be a mapping, not !secret env:X"),
    (
        "nodes: [{name: a, type: small}, {name: a, type: small}]",
        "infra.yaml:3:40: there is a node 'a' already = give each node a name of its own",
    ),
    ("nodes: [{name: a, type: small}]\nvariables: [1]", "infra.yaml:4:12: 'variables' must be a mapping, not a list"),
    (
        "nodes: [{name: a, type: two, filter: {type: ec2, name: x}}]",
        "infra.yaml:3:38: the filter {type: ec2, name: x} leaves no implementation of 'two' = "
        "implementation 1 has {type: local, name: first}; implementation 2 has {type: moon, name: second}",
    ),
    (
        "nodes: [{name: a, type: two, filter: {orbit: {height: 4}}}]",
        "infra.yaml:3:38: the filter {orbit: {height: 4}} leaves no implementation of 'two' = "
        "implementation 1 has {orbit: (none)}; implementation 2 has {orbit: {height: 3}}",
    ),
]


@pytest.mark.parametrize(("text", "fault"), ONE_FAULT)
def test_a_single_fault(text: str, fault: str, faults: Faults) -> None:
    assert faults(infra=infra(text), nodes=NODES) == [fault]


DEPENDENCIES = [
    ("[a]", "4:16: a dependency must be a pair [dependent, dependee] = for example: [ *SENDER, *RECEIVER ]"),
    ("[a, b, a]", "4:16: a dependency must be a pair [dependent, dependee] = for example: [ *SENDER, *RECEIVER ]"),
    ("a", "4:16: a dependency must be a pair [dependent, dependee] = for example: [ *SENDER, *RECEIVER ]"),
    ("[a, B]", "4:20: 'B' is no node of this infrastructure = expected one of: a, b"),
    ("[a, {x: 1}]", "4:20: a mapping is no node of this infrastructure = expected one of: a, b"),
    ("[7, a]", "4:17: 7 is no node of this infrastructure = expected one of: a, b"),
    ("{connections: [a, b]}", "4:16: the key 'connection' is missing"),
    ("{connection: [a]}", "4:29: a dependency must be a pair [dependent, dependee] = for example: [ *SENDER, *RECEIVER ]"),
    ("{connection: a}", "4:29: 'connection' must be a list, not 'a'"),
    ("{connection: [a, c]}", "4:33: 'c' is no node of this infrastructure = expected one of: a, b"),
    ("{connection: [a, b], mappings: x}", "4:47: 'mappings' must be a list, not 'x'"),
    ("{connection: [a, b], mappings: [x]}", "4:48: a mapping of attributes must be a mapping, not 'x'"),
    ("{connection: [a, b], mappings: [[x]]}", "4:48: 'attributes' must be two attribute names: [source, target], not a list"),
    ("{connection: [a, b], mappings: [[x, 1]]}", "4:52: item 2 of 'attributes' must be text, not 1"),
    ("{connection: [a, b], mappings: [{attributes: [x, y], synch: maybe}]}", "4:76: 'synch' must be true or false, not 'maybe'"),
    ("{connection: [a, b], mappings: [{synch: true}]}", "4:48: the key 'attributes' is missing"),
    ("[a, a]", "4:15: the dependencies form a cycle: a -> a = each node is made after those it depends on; take one of these out"),
    (
        "[a, b], [b, c], [c, a]",
        "4:15: the dependencies form a cycle: ",
    ),
]


@pytest.mark.parametrize(("entries", "fault"), DEPENDENCIES)
def test_a_fault_in_a_dependency(entries: str, fault: str, faults: Faults) -> None:
    names = "abc" if "c," in entries else "ab"
    nodes = ", ".join(f"{{name: {name}, type: small}}" for name in names)
    found = faults(infra=infra(f"nodes: [{nodes}]\ndependencies: [{entries}]\n"), nodes=NODES)
    errors = [line for line in found if ": warning: " not in line]
    assert len(errors) == 1
    assert errors[0].startswith("infra.yaml:" + fault)


def test_the_cycle_that_is_named_follows_the_dependencies(faults: Faults) -> None:
    nodes = ", ".join(f"{{name: {name}, type: small}}" for name in "abcd")
    [found] = faults(infra=infra(f"nodes: [{nodes}]\ndependencies: [[d, a], [a, b], [b, c], [c, a]]\n"), nodes=NODES)
    cycle = found.split("cycle: ")[1].split(" = ")[0].split(" -> ")
    assert cycle[0] == cycle[-1]
    assert set(pairwise(cycle)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_slip_in_a_key_that_would_pass_for_a_plugin_is_a_warning(faults: Faults) -> None:
    text = "nodes: [{name: a, type: small}, {name: b, type: small}]\ndependencies: [{connection: [a, b], maping: [[x, y]], colour: red}]\n"
    assert faults(infra=infra(text), nodes=NODES) == [
        "infra.yaml:4:37: warning: 'maping' means nothing to Occopus = did you mean 'mappings'?"
    ]


def test_a_description_without_a_user_is_doubtful(faults: Faults) -> None:
    assert faults(infra="infra_name: x\nnodes: [{name: a, type: small}]\n", nodes=NODES) == [
        "infra.yaml:1:1: warning: the key 'user_id' is missing = node definitions are kept per user; add user_id: you@example.org"
    ]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[]", "word", "7"])
def test_what_is_no_description_at_all(text: str, faults: Faults) -> None:
    [found] = faults(infra=text, nodes=NODES)
    assert found.startswith("infra.yaml:1:")
    assert "an infrastructure description must be a mapping, not " in found


def test_all_faults_of_all_files_come_at_once_in_the_order_of_their_places(faults: Faults) -> None:
    found = faults(
        infra="""
        infra_name: under_score
        user_id: me
        typo: 1
        nodes:
          - &A
            name: a
            type: small
            scaling: {min: 2, max: 1}
          - &B
            type: small
          - name: a
            type: missing
            filtr: {type: local}
          - &D
            name: d
            type: broken
            filter: {type: none}
        dependencies:
          - [ *A, *D ]
          - [ *D, *A ]
          - [ *A, *B ]
          - [ *A, E ]
        """,
        nodes="""
        'node_def:small':
          - resource: {type: local, nam: x}
            contextualisation: {type: cloudinit}
        'node_def:broken':
          - ressource: {type: local}
            health_check: {ports: [http]}
        """,
    )
    assert found == [
        "infra.yaml:1:13: 'infra_name' must be 1 to 63 letters, digits and hyphens, not 'under_score'",
        "infra.yaml:3:1: unknown key 'typo' = expected one of: dependencies, infra_name, nodes, user_id, variables",
        "infra.yaml:8:28: max (1) is less than min (2)",
        "infra.yaml:9:5: the key 'name' is missing = Names the node within the infrastructure.",
        "infra.yaml:11:11: there is a node 'a' already = give each node a name of its own",
        "infra.yaml:12:11: there is no node definition 'missing' = import it with occopus-import, or give its file with --nodes",
        "infra.yaml:13:5: unknown key 'filtr' = did you mean 'filter'?",
        "infra.yaml:19:3: the dependencies form a cycle: a -> d -> a = each node is made after those it depends on; take one of these out",
        "infra.yaml:22:11: 'E' is no node of this infrastructure = expected one of: a, d",
        "nodes.yaml:2:29: unknown key 'nam' = did you mean 'name'?",
        "nodes.yaml:3:24: the key 'context_template' is missing = The user data, as text or as a cloud-config; its strings are templates.",
        "nodes.yaml:5:5: the key 'resource' is missing = What the node runs on; its keys depend on `type`.",
        "nodes.yaml:5:5: unknown key 'ressource' = did you mean 'resource'?",
        "nodes.yaml:6:28: item 1 of 'ports' must be a whole number, not 'http'",
    ]


def test_two_descriptions_and_a_definition_that_stands_twice(faults: Faults) -> None:
    one = infra("nodes: [{name: a, type: small}]")
    assert faults(infra=one, other=one, nodes=NODES, more="'node_def:small': [{resource: {type: local}}]\n") == [
        "more.yaml:1:1: the node definition 'small' stands in two files = the other one is at nodes.yaml:1:1",
        "other.yaml:1:1: a second infrastructure description = give one at a time",
    ]


def test_what_stands_in_a_file_that_cannot_be_read_is_not_reported_as_missing(faults: Faults) -> None:
    found = faults(infra=infra("nodes: [{name: a, type: small}, {name: b_, type: small}]"), nodes="'node_def:small': [\n")
    assert [line.split(": ")[0] for line in found] == ["infra.yaml:3:40", "nodes.yaml:1:20"]

"""From files to an infrastructure, and from what the store keeps to the same infrastructure again."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occopus.diagnostics import DescriptionError, Diagnostics
from occopus.model.infrastructure import AttributeMapping, Dependency, Infrastructure
from occopus.model.node import Scaling
from occopus.model.secret import SecretReference
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Registry
from occopus.schema.composition import Composition
from occopus.schema.definitions import Definition
from occopus.schema.infrastructure import InfrastructureCompiler, compile_source
from occopus.workspace import Description, Workspace

Read = Callable[..., Description]

NODES = """
'node_def:one':
  - resource: {type: moon, endpoint: !secret {env: ENDPOINT}, name: first, orbit: {height: 3, kind: low}}
    contextualisation: {type: cloudinit, context_template: {runcmd: ["{{ variables.x }}", 7, null, true]}, attributes: {a: 1}}
    health_check: {mysqlDBs: [{name: x, user: y, pass: !secret {file: /pw}}], timeout: 3}
  - resource: {type: local, name: second}
    config_management:
"""

INFRA = """
infra_name: test
user_id: me
nodes:
  - &A {name: a, type: one, variables: {deep: {own: 1, both: own}, "!secret": looks alike, "key": !secret {keyring: s/n}}}
  - &B {name: b, type: one, scaling: {min: 2, max: 5}, filter: {orbit: {kind: low}}, attributes: {b: [2]}, create_timeout: 90}
  - &C {name: c, type: one, scaling: , filter: , variables: , attributes: }
  - {name: d, type: one, filter: {type: local}, scaling: {max: 3}}
dependencies:
  - [ *A, *B ]
  - [ c, b ]
  - connection: [ *A, c ]
    mappings:
      - [ fqdn, db.host ]
      - {attributes: [ip, db.ip], synch: true, colour: red}
    colour: blue
variables: {deep: {base: 0, both: base}, shared: !secret {env: SHARED}}
"""


def built(read: Read, infra: str = INFRA) -> Infrastructure:
    infrastructure = read(infra=infra, nodes=NODES.replace('"{{ variables.x }}", ', "")).infrastructure
    assert infrastructure
    return infrastructure


def test_the_model(read: Read) -> None:
    infrastructure = built(read)
    a, b, c, d = (infrastructure.nodes[name] for name in "abcd")
    assert (infrastructure.name, infrastructure.user_id) == ("test", "me")
    assert list(infrastructure.nodes) == ["b", "d", "c", "a"]
    assert infrastructure.dependencies == (
        Dependency("a", "b"),
        Dependency("c", "b"),
        Dependency("a", "c", (AttributeMapping("fqdn", "db.host"), AttributeMapping("ip", "db.ip", synch=True))),
    )
    assert [node.scaling for node in (a, b, c, d)] == [Scaling(1, 1), Scaling(2, 5), Scaling(1, 1), Scaling(1, 3)]
    assert [[i.index for i in node.implementations] for node in (a, b, c, d)] == [[0, 1], [0], [0, 1], [1]]
    assert a.variables["deep"] == {"base": 0, "both": "own", "own": 1}
    assert a.variables["key"] == SecretReference("keyring", "s/n")
    assert c.variables == {"deep": {"base": 0, "both": "base"}, "shared": SecretReference("env", "SHARED")}
    assert (b.attributes, c.attributes) == ({"b": [2]}, {})
    assert (b.create_timeout, a.create_timeout) == (90, None)
    assert a.implementations[1].config_management is None


def test_the_source_compiles_to_the_same_also_after_json(read: Read, registry: Registry) -> None:
    infrastructure = built(read)
    composition = Composition(registry)
    source = infrastructure.source
    for kept in (source, json.loads(json.dumps(source))):
        again = compile_source(kept, composition)
        assert again == infrastructure
        assert list(again.nodes) == list(infrastructure.nodes)
        assert again.source == source
    assert set(source["definitions"]) == {"one"}


def test_the_source_does_not_depend_on_the_files_or_on_the_store(read: Read, registry: Registry, occopus_home: object) -> None:
    infrastructure = built(read)
    workspace = Workspace.open(registry=registry)
    workspace.import_definitions(read(nodes="'node_def:one': [{resource: {type: local}}]\n"))
    assert compile_source(infrastructure.source, workspace.composition) == infrastructure


def test_a_source_that_needs_what_is_gone_says_so(read: Read, registry: Registry) -> None:
    source = built(read).source
    with pytest.raises(DescriptionError) as caught:
        compile_source(source, Composition(Registry()))
    assert "node_def:one (imported earlier), implementation 1: no resource handler 'moon' is installed" in str(caught.value)


PAIRS = [
    ("[ *A, *B ]", ()),
    ("[ a, b ]", ()),
    ("[ *A, b ]", ()),
    ("{connection: [ *A, *B ]}", ()),
    ("{connection: [ a, b ], mappings: }", ()),
    ("{connection: [ a, b ], mappings: []}", ()),
    ("{connection: [ a, b ], mappings: [[x, y]]}", (AttributeMapping("x", "y"),)),
    ("{connection: [ a, b ], mappings: [{attributes: [x, y]}]}", (AttributeMapping("x", "y"),)),
    ("{connection: [ a, b ], mappings: [{attributes: [x, y], synch: true, more: {z: 1}}]}", (AttributeMapping("x", "y", True),)),
    ("{connection: [ a, b ], mappings: [{attributes: [x, y], synch: false}]}", (AttributeMapping("x", "y"),)),
]


@pytest.mark.parametrize(("entry", "mappings"), PAIRS)
def test_every_form_of_a_dependency(entry: str, mappings: tuple[AttributeMapping, ...], read: Read) -> None:
    text = f"infra_name: i\nuser_id: me\nnodes: [&A {{name: a, type: one}}, &B {{name: b, type: one}}]\ndependencies: [{entry}]\n"
    description = read(infra=text, nodes="'node_def:one': [{resource: {type: local}}]\n")
    assert description.infrastructure
    assert description.infrastructure.dependencies == (Dependency("a", "b", mappings),)
    assert list(description.infrastructure.nodes) == ["b", "a"]
    assert description.warnings == ()


def test_without_dependencies_nodes_stand_as_written(read: Read) -> None:
    for dependencies in ("", "dependencies:\n", "dependencies: []\n"):
        text = f"infra_name: i\nuser_id: me\nnodes: [{{name: z, type: one}}, {{name: a, type: one}}]\n{dependencies}"
        infrastructure = read(infra=text, nodes="'node_def:one': [{resource: {type: local}}]\n").infrastructure
        assert infrastructure
        assert list(infrastructure.nodes) == ["z", "a"]


def test_a_file_that_is_given_twice_is_read_once(write: Callable[..., list[str]], registry: Registry) -> None:
    [file] = write(nodes="'node_def:one': [{resource: {type: local}}]\n")
    assert set(Workspace.open(registry=registry).read([file, f"./{file}"]).definitions) == {"one"}


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12)


@given(EDGES)
def test_every_node_comes_after_those_it_depends_on_or_there_is_a_cycle(edges: list[tuple[int, int]]) -> None:
    data = {
        "infra_name": "i",
        "user_id": "me",
        "nodes": [{"name": f"n{number}", "type": "one"} for number in range(8)],
        "dependencies": [[f"n{dependent}", f"n{dependee}"] for dependent, dependee in edges],
    }
    diagnostics = Diagnostics()
    definition = Definition("one", ({"resource": {"type": "local"}},))
    compiler = InfrastructureCompiler(COMPOSITION, diagnostics, {"one": definition}, lambda name: None)
    infrastructure = compiler.compile(data, lambda path, of_key=False: None)
    if infrastructure is None:
        [fault] = diagnostics.faults
        cycle = fault.message.split(": ")[1].split(" -> ")
        assert cycle[0] == cycle[-1]
        assert {(int(a[1:]), int(b[1:])) for a, b in pairwise(cycle)} <= set(edges)
    else:
        places = {name: place for place, name in enumerate(infrastructure.nodes)}
        assert len(places) == 8
        assert all(places[f"n{dependee}"] < places[f"n{dependent}"] for dependent, dependee in edges)


COMPOSITION = Composition(load_plugins())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab!{} ", max_size=4),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("ab!", max_size=3) | st.just("!secret"), below, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_whatever_stands_in_a_description_is_judged_and_never_breaks_the_judge(something: object, other: object) -> None:
    """No form of wrong data ends in an error of the program's own."""
    for data in (
        something,
        {"infra_name": "i", "nodes": something, "dependencies": other, "variables": other},
        {"infra_name": "i", "nodes": [{"name": "a", "type": "one", "scaling": something, "filter": other}], "dependencies": [something]},
        {"infra_name": "i", "nodes": [{"name": something, "type": other}, something], "dependencies": [[something, other]]},
        {
            "infra_name": "i",
            "nodes": [{"name": "a", "type": "one"}],
            "dependencies": [{"connection": something, "mappings": other}, {"connection": ["a", "a"], "mappings": [something]}],
        },
    ):
        diagnostics = Diagnostics()
        definition = Definition("one", ({"resource": {"type": "local"}},))
        compiler = InfrastructureCompiler(COMPOSITION, diagnostics, {"one": definition}, lambda name: None)
        infrastructure = compiler.compile(data, lambda path, of_key=False: None)
        assert diagnostics.has_errors == (infrastructure is None)

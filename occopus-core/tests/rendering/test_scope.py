"""What a template can name and call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from occopus.errors import RenderError
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node, Scaling
from occopus.model.secret import SecretReference
from occopus.rendering.scope import Outside, Subject, variables
from occopus.rendering.templates import Templates

SECRET = SecretReference("env", "PASSWORD")
IMPLEMENTATION = Implementation(
    index=0,
    resource={"type": "moon", "endpoint": "up", "password": SECRET},
    contextualisation={"type": "docker", "env": [], "context_variables": {"colour": "red", "key": SECRET}},
    health_check={"timeout": 9},
)
NODE = Node(
    name="worker",
    type="one",
    implementations=(IMPLEMENTATION,),
    scaling=Scaling(2, 5),
    variables={"message": "Hello", "target": "master", "password": SECRET, "deep": {"list": [SECRET]}},
    attributes={"a": 1},
    create_timeout=60,
)


def instance(node: str, index: int, *addresses: Address) -> Instance:
    return Instance(InfraId("i"), NodeId(f"{node}-{index}"), node, 0, "", Phase.CREATED, 0.0, addresses=addresses, state=NodeState.READY)


PUBLIC, PRIVATE = Address("1.2.3.4", AddressKind.PUBLIC), Address("10.0.0.1", AddressKind.PRIVATE)
INSTANCES = {
    "master": [instance("master", 0, PUBLIC, PRIVATE)],
    "store": [instance("store", 0, Address("5.6.7.8")), instance("store", 1, Address("host.example", AddressKind.DNS))],
}


class World:
    """Renders for the node `worker`, and remembers what is asked of the world outside."""

    def __init__(self, **more: Node) -> None:
        self.warnings: list[str] = []
        self.commands: list[str] = []
        nodes: Mapping[str, Node] = {
            **{name: Node(name, "one", (IMPLEMENTATION,)) for name in ("master", "store", "empty")},
            "worker": NODE,
            **more,
        }
        self.subject = Subject(Infrastructure("infra", "me", nodes), InfraId("the-infra-id"), NODE, IMPLEMENTATION, NodeId("the-node-id"))

    def run(self, command: str) -> str:
        self.commands.append(command)
        return "output"

    def render(self, value: Any) -> Any:
        outside = Outside(self.run, lambda reference: f"secret of {reference.name}", self.warnings.append)
        names = variables(self.subject, self.instances, outside)
        return Templates(names, self.subject.label, outside.resolve_secret).render(value, ("x",))

    def instances(self, name: str) -> Sequence[Instance]:
        return INSTANCES.get(name, [])


NAMES = [
    ("{{ infra_name }} {{ infra_id }} {{ user_id }}", "infra the-infra-id me"),
    ("{{ name }} {{ node_id }} {{ type }}", "worker the-node-id one"),
    ("{{ scaling.min }}-{{ scaling.max }} {{ create_timeout }} {{ attributes.a }}", "2-5 60 1"),
    ("{{ variables.message }}", "Hello"),
    ("{{ variables.password }} {{ variables.deep.list[0] }}", "secret of PASSWORD secret of PASSWORD"),
    ("{{ resource.type }} {{ resource.endpoint }} {{ resource.password }}", "moon up secret of PASSWORD"),
    ("{{ contextualisation.type }} {{ health_check.timeout }} {{ config_management }}", "docker 9 {}"),
    ("{{ context_variables.colour }} {{ context_variables.key }}", "red secret of PASSWORD"),
    ("{{ getip('master') }} {{ getip(variables.target) }} {{ getip('store') }}", "1.2.3.4 1.2.3.4 5.6.7.8"),
    ("{{ getprivip('master') }} {{ getprivip('store') }}", "10.0.0.1 5.6.7.8"),
    ("{{ getipall('store') }} {{ getipall('store') | join(',') }}", "['5.6.7.8', 'host.example'] 5.6.7.8,host.example"),
    ("{% for ip in getipall('store') %}{{ ip }};{% endfor %}", "5.6.7.8;host.example;"),
    ("{{ find_node_id('store').node_id }} {{ find_node_id('master').resource_address }}", "store-0 1.2.3.4"),
    ("{% for one in find_node_id('store', allnodes=True) %}{{ one.node_id }} {{ one.state }};{% endfor %}", "store-0 ready;store-1 ready;"),
    ("{{ find_node_id('store', True)[1].addresses[0] }} {{ find_node_id('store').name }}", "host.example store"),
    ("{{ cut('abcdef', 1, 3) }} {{ cut(infra_id, 0, 3) }} {{ cut(12345, 0, 2) }} {{ cut('abc', -2, none) }}", "bc the 12 bc"),
    ("{{ cmd('hostname -f') }}", "output"),
    ("{{ variables.message | b64encode }}", "SGVsbG8="),
]


@pytest.mark.parametrize(("text", "result"), NAMES)
def test_names_and_functions(text: str, result: str) -> None:
    world = World()
    assert world.render(text) == result
    assert world.warnings == []
    assert world.commands == (["hostname -f"] if "cmd" in text else [])


@pytest.mark.parametrize(
    "function", ["getip(master)", "getprivip(master)", "getipall(master)", "find_node_id(master)", "getip(node=master)"]
)
def test_a_node_without_quotes_is_taken_for_its_name_with_a_warning(function: str) -> None:
    world = World()
    quoted = function.replace("(master)", "('master')").replace("=master", "='master'")
    assert world.render(f"{{{{ {function} }}}}") == world.render(f"{{{{ {quoted} }}}}")
    assert world.warnings == [
        "node 'worker' (moon #1): a template says master where it should say 'master': the node of that name is meant"
    ]


WRONG = [
    ("getip('mster')", "there is no node 'mster' in this infrastructure", "its nodes are: master, store, empty, worker"),
    ("getipall(7)", "there is no node '7' in this infrastructure", "its nodes are: master, store, empty, worker"),
    ("getip('empty')", "node 'empty' has no instance yet", "make 'worker' depend on 'empty'"),
    ("getip('worker')", "node 'worker' has no instance yet", "a node can't know the instances of its own"),
    ("getip(nobody)", "'nobody' is not defined", "define it under 'variables' of the node or the infrastructure, or write | default(...)"),
    (
        "getip(variables.nobody)",
        "there is no 'nobody'",
        "define it under 'variables' of the node or the infrastructure, or write | default(...)",
    ),
    ("find_node_id('empty', allnodes=True)", "node 'empty' has no instance yet", "make 'worker' depend on 'empty'"),
]


@pytest.mark.parametrize(("call", "words", "hint"), WRONG)
def test_what_can_not_be_found(call: str, words: str, hint: str) -> None:
    world = World()
    with pytest.raises(RenderError) as caught:
        world.render(f"first\n{{{{ {call} }}}}")
    assert caught.value.message == f"node 'worker' (moon #1), x, line 2, in {{{{ {call} }}}}: {words}"
    assert caught.value.hint == hint
    assert world.warnings == []


def test_nothing_that_a_template_sees_can_be_changed_by_it() -> None:
    world = World()
    for attempt in ("find_node_id('store').update({'name': 'x'})", "variables.deep.list.append(1)", "getipall('store').clear()"):
        with pytest.raises(RenderError, match="unsafe"):
            world.render(f"{{{{ {attempt} }}}}")

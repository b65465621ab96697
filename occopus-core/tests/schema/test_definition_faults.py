"""What is wrong with node definitions, section by section, as the rules of the installed plugins see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from occopus.diagnostics import DescriptionError
from occopus.plugins.registry import Registry
from occopus.workspace import Description, Workspace

Faults = Callable[..., list[str]]


def definition(sections: str) -> str:
    return f"'node_def:n':\n  - {sections}\n"


OUTLINES = [
    ("'node_def:n': 1", "1:1: 'node_def:n' must be a list of implementations = begin each with a hyphen"),
    ("'node_def:n': []", "1:1: 'node_def:n' must be a list of implementations = begin each with a hyphen"),
    ("'node_def:n':", "1:1: 'node_def:n' must be a list of implementations = begin each with a hyphen"),
    ("'node_def:n': {resource: {type: local}}", "1:1: 'node_def:n' must be a list of implementations = begin each with a hyphen"),
    ("'node_def:n': [x]", "1:16: an implementation must be a mapping, not 'x'"),
    ("'node_def:n': [{}]", "1:16: the key 'resource' is missing = What the node runs on; its keys depend on `type`."),
    ("'node_def:n': [{resource: }]", "1:27: 'resource' has no value = What the node runs on; its keys depend on `type`."),
    ("'node_def:n': [{resource: '{{x}}'}]", "1:27: 'resource' must be a mapping, not '{{x}}'"),
    (
        "'node_def:n': [{resource: {type: local}, contextualization: {}}]",
        "1:42: unknown key 'contextualization' = did you mean 'contextualisation'?",
    ),
    (
        "'node_def:': [{resource: {type: local}}]",
        "1:1: unknown key 'node_def:' = the keys of a file of node definitions have the form 'node_def:NAME'",
    ),
    (
        "'node_def:n': [{resource: {type: local}}]\nnodedef:m: []",
        "2:1: unknown key 'nodedef:m' = the keys of a file of node definitions have the form 'node_def:NAME'",
    ),
]


@pytest.mark.parametrize(("text", "fault"), OUTLINES)
def test_an_outline(text: str, fault: str, faults: Faults) -> None:
    assert faults(nodes=text + "\n") == ["nodes.yaml:" + fault]


SECTIONS = [
    ("resource: {}", "2:15: the key 'type' of resource is missing = expected one of: local, moon"),
    ("resource: {type: 7}", "2:22: the key 'type' of resource must be a name, not 7 = expected one of: local, moon"),
    (
        "resource: {type: '{{ x }}'}",
        "2:22: the key 'type' of resource must be a name, not '{{ x }}' = expected one of: local, moon",
    ),
    ("resource: {type: ec2}", "2:22: no resource handler 'ec2' is installed = pip install occopus-ec2"),
    ("resource: {type: mon}", "2:22: no resource handler 'mon' is installed = did you mean 'moon'?"),
    ("resource: {type: moon}", "2:15: the key 'endpoint' is missing = Where the moon is."),
    ("resource: {type: moon, endpoint: }", "2:38: 'endpoint' has no value = Where the moon is."),
    ("resource: {type: moon, endpoint: [x]}", "2:38: 'endpoint' must be text, not a list"),
    ("resource: {type: moon, endpoint: x, sde: near}", "2:41: unknown key 'sde' = did you mean 'side'?"),
    ("resource: {type: moon, endpoint: x, side: far}", "2:47: 'side' can't be 'far' = expected one of: dark, near"),
    ("resource: {type: moon, endpoint: x, side: dark}", "2:47: the dark side needs a lamp = add the key 'lamp'"),
    ("resource: {type: moon, endpoint: x, craters: -1}", "2:50: 'craters' must be at least 0, not -1"),
    ("resource: {type: moon, endpoint: x, craters: 10}", "2:50: 'craters' must be at most 9, not 10"),
    ("resource: {type: moon, endpoint: x, craters: true}", "2:50: 'craters' must be a whole number, not true"),
    ("resource: {type: moon, endpoint: x, craters: 1.5}", "2:50: 'craters' must be a whole number, not 1.5"),
    ("resource: {type: moon, endpoint: x, phases: []}", "2:49: 'phases' must have at least 1 item, not 0"),
    ("resource: {type: moon, endpoint: x, phases: [a, b, c, d]}", "2:49: 'phases' must have at most 3 items, not 4"),
    ("resource: {type: moon, endpoint: x, phases: [a, 1]}", "2:53: item 2 of 'phases' must be text, not 1"),
    ("resource: {type: moon, endpoint: x, phases: ['']}", "2:50: item 1 of 'phases' must not be empty"),
    ("resource: {type: moon, endpoint: x, crew: [{age: 3}]}", "2:48: the key 'name' is missing"),
    ("resource: {type: moon, endpoint: x, crew: [{name: a, agge: 3}]}", "2:58: unknown key 'agge' = did you mean 'age'?"),
    ("resource: {type: moon, endpoint: x, crew: [{name: a, age: old}]}", "2:63: 'age' must be a number, not 'old'"),
    ("resource: {type: moon, endpoint: x, orbit: {}}", "2:48: the key 'height' is missing"),
    ("resource: {type: moon, endpoint: x, orbit: {height: 1, knd: x}}", "2:60: unknown key 'knd' = did you mean 'kind'?"),
    ("resource: {type: moon, endpoint: x, code: abc}", "2:47: 'code' must be three capital letters, not 'abc'"),
    ("resource: {type: moon, endpoint: x, either: y}", "2:49: 'either' has none of the forms that are allowed, being 'y'"),
    (
        "{resource: {type: local}, contextualisation: {type: basics}}",
        "2:57: no contextualiser 'basics' is installed = did you mean 'basic'?",
    ),
    (
        "{resource: {type: moon, endpoint: x}, contextualisation: {type: docker, env: []}}",
        "2:69: the contextualisation 'docker' does not work with the resource 'moon' = moon takes: basic, cloudinit",
    ),
    (
        "{resource: {type: local}, contextualisation: {type: docker}}",
        "2:50: the key 'env' is missing = Environment variables, each NAME=value; templates.",
    ),
    (
        "{resource: {type: local}, contextualisation: {type: docker, env: [A=1, B]}}",
        "2:76: item 2 of 'env' must be text of the form NAME=value, not 'B'",
    ),
    (
        "{resource: {type: local}, contextualisation: {type: docker, env: [], command: {a: 1}}}",
        "2:83: 'command' must be text or a list, not a mapping",
    ),
    (
        "{resource: {type: local}, config_management: {type: chef}}",
        "2:57: no config manager 'chef' is installed = pip install occopus-chef",
    ),
    ("{resource: {type: local}, health_check: {port: [22]}}", "2:46: unknown key 'port' = did you mean 'ports'?"),
    ("{resource: {type: local}, health_check: {ping: 1}}", "2:52: 'ping' must be true or false, not 1"),
    ("{resource: {type: local}, health_check: {ports: [22, 70000]}}", "2:58: item 2 of 'ports' must be at most 65535, not 70000"),
    ("{resource: {type: local}, health_check: {timeout: long}}", "2:55: 'timeout' must be a number, not 'long'"),
    ("{resource: {type: local}, health_check: {protocol: odd}}", "2:56: 'protocol' can't be 'odd' = expected one of: basic"),
    ("{resource: {type: local}, health_check: {mysqldbs: [{name: x, user: y}]}}", "2:57: the key 'pass' is missing = The user's password."),
]


@pytest.mark.parametrize(("sections", "fault"), SECTIONS)
def test_a_section(sections: str, fault: str, faults: Faults) -> None:
    assert faults(nodes=definition(sections)) == ["nodes.yaml:" + fault]


def test_an_older_spelling_of_a_health_check(faults: Faults) -> None:
    written = definition("{resource: {type: local}, health_check: {mysqlDBs: [{name: x, user: y, pass: z}]}}")
    assert faults(nodes=written) == ["nodes.yaml:2:46: warning: 'mysqlDBs' is an older spelling = say 'mysqldbs'"]


@pytest.mark.parametrize("backend", ["{type: moon, endpoint: x}", "{type: local}"])
def test_a_contextualisation_fits_where_that_fits_which_it_is_like(backend: str, read: Callable[..., Description]) -> None:
    read(nodes=definition(f"{{resource: {backend}, contextualisation: {{type: ship, crew: 3}}}}"))


EMPTY = [
    ("resource: {type: moon, endpoint: x, code: }", "2:47: warning: 'code' has no value: it is as if it were left out"),
    ("resource: {type: moon, endpoint: x, orbit: {height: 1, kind: }}", "2:66: warning: 'kind' has no value: it is as if it were left out"),
    ("{resource: {type: local}, health_check: {ports: }}", "2:53: warning: 'ports' has no value: it is as if it were left out"),
]


@pytest.mark.parametrize(("sections", "fault"), EMPTY)
def test_a_key_that_may_be_left_out_may_have_no_value(sections: str, fault: str, faults: Faults) -> None:
    """As keys of published descriptions have none, for their users to fill in."""
    assert [each.partition(" = ")[0] for each in faults(nodes=definition(sections))] == ["nodes.yaml:" + fault]


def test_checks_see_a_section_without_what_has_no_value(faults: Faults) -> None:
    (dark, empty) = faults(nodes=definition("resource: {type: moon, endpoint: x, side: dark, lamp: }"))
    assert "'lamp' has no value" in empty
    assert "the dark side needs a lamp" in dark


GOOD = [
    "resource: {type: local}",
    "{resource: {type: local}, contextualisation: , config_management: , health_check: }",
    "{resource: {type: local}, health_check: {}}",
    "{resource: {type: local}, health_check: {type: basic, protocol: basic, timeout: 1.5, ping: false}}",
    "{resource: {type: local}, health_check: {mysqldbs: [{name: x, user: y, pass: z}]}}",
    "{resource: {type: local}, contextualisation: {type: basic, attributes: {a: {b: c}}}}",
    "{resource: {type: moon, endpoint: x}, contextualisation: {type: basic}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: ['A=1=2'], command: [a, b], context_variables: }}",
    # What is only known later may be anything.
    "resource: {type: moon, endpoint: x, craters: '{{ c }}', phases: '{{ p }}', side: '{{ s }}', crew: ['{{ m }}']}",
    "resource: {type: moon, endpoint: !secret {env: X}, code: !secret {env: X}, either: x1}",
    "{resource: {type: local}, contextualisation: {type: docker, env: ['{{ e }}']}}",
]


@pytest.mark.parametrize("sections", GOOD)
def test_what_is_right(sections: str, faults: Faults) -> None:
    assert faults(nodes=definition(sections)) == []


def without_healthchecks(registry: Registry) -> Registry:
    return replace(registry, plugins={key: plugin for key, plugin in registry.plugins.items() if key[0] != "health check"})


@pytest.mark.parametrize("key", ["ping: false", "ports: [22]", "urls: [http://x]", "mysqldbs: []", "mysqlDBs: []"])
def test_a_check_whose_package_is_not_installed(key: str, registry: Registry, write: Callable[..., list[str]]) -> None:
    files = write(nodes=definition(f"{{resource: {{type: local}}, health_check: {{{key}, timeout: 5}}}}"))
    with pytest.raises(DescriptionError) as caught:
        Workspace.open(registry=without_healthchecks(registry)).read(files)
    [fault] = caught.value.faults
    assert fault.message == f"no health check '{key.split(':', maxsplit=1)[0]}' is installed"
    assert fault.hint == "pip install occopus-healthchecks"
    assert str(fault.position) == "nodes.yaml:2:46"


def test_importing_what_is_not_installed_is_doubtful_only(registry: Registry, write: Callable[..., list[str]]) -> None:
    [file] = write(
        nodes="""
        'node_def:n':
          - resource: {type: ec2}
            health_check: {ping: true}
          - resource: {type: ec3}
        """
    )
    workspace = Workspace.open(registry=without_healthchecks(registry))
    with pytest.raises(DescriptionError) as caught:
        workspace.read([file], definitions_only=True)
    assert [(fault.warning, fault.message) for fault in caught.value.faults] == [
        (True, "no resource handler 'ec2' is installed"),
        (True, "no health check 'ping' is installed"),
        (False, "no resource handler 'ec3' is installed"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no node definitions here"),
        ("[1]", "there are no node definitions here"),
        ("infra_name: x\nnodes: []\n", "this is an infrastructure description, and node definitions are wanted here"),
    ],
)
def test_importing_what_holds_no_definitions(text: str, message: str, registry: Registry, write: Callable[..., list[str]]) -> None:
    [file] = write(nodes=text)
    with pytest.raises(DescriptionError) as caught:
        Workspace.open(registry=registry).read([file], definitions_only=True)
    assert [fault.message for fault in caught.value.faults] == [message]


def test_an_implementation_that_is_not_used_may_need_what_is_not_installed(faults: Faults) -> None:
    infra = "infra_name: i\nuser_id: me\nnodes: [{name: a, type: n, filter: {type: local}}]\n"
    nodes = "'node_def:n':\n  - resource: {type: ec2}\n  - resource: {type: local}\n"
    assert faults(infra=infra, nodes=nodes) == [
        "nodes.yaml:2:22: warning: no resource handler 'ec2' is installed = pip install occopus-ec2"
    ]


def test_an_implementation_that_is_used_is_reported_once(faults: Faults) -> None:
    infra = "infra_name: i\nuser_id: me\nnodes: [{name: a, type: n}, {name: b, type: n}]\n"
    nodes = "'node_def:n':\n  - resource: {type: ec2}\n"
    assert faults(infra=infra, nodes=nodes) == ["nodes.yaml:2:22: no resource handler 'ec2' is installed = pip install occopus-ec2"]


def test_what_was_imported_earlier_is_named_in_words(read: Callable[..., Description], registry: Registry) -> None:
    """Definitions in the store may have become wrong since: a plugin is gone, for example."""
    workspace = Workspace.open(registry=registry)
    workspace.import_definitions(read(nodes="'node_def:n': [{resource: {type: moon, endpoint: x}}]\n"))
    poorer = replace(registry, plugins={key: plugin for key, plugin in registry.plugins.items() if key[1] != "moon"})
    with open("infra.yaml", "w") as file:
        file.write("infra_name: i\nuser_id: me\nnodes: [{name: a, type: n}]\n")
    with pytest.raises(DescriptionError) as caught:
        Workspace.open(registry=poorer).read(["infra.yaml"])
    [fault] = caught.value.faults
    assert fault.message == "node_def:n (imported earlier), implementation 1: no resource handler 'moon' is installed"

"""occopus schema: what it prints is JSON Schema, and says the same as our own validator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from occopus.descriptors.loader import load_file
from occopus.diagnostics import DescriptionError, Diagnostics
from occopus.plugins.schema import SECTIONS
from occopus.workspace import Workspace

jsonschema = pytest.importorskip("jsonschema", reason="JSONSCHEMA IS NOT INSTALLED: the output of 'occopus schema' is not checked")

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"

Agree = Callable[[str, str], tuple[bool, bool]]


def printed(site: Any, *arguments: str) -> Any:
    done = site.run("occopus", "schema", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["infrastructure", "node-definitions", "credentials"])
def test_it_is_json_schema(kind: str, site: Any) -> None:
    schema = printed(site, kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"].startswith("Occopus ")


def test_definitions_are_what_is_meant_where_nothing_is_said(site: Any) -> None:
    assert printed(site) == printed(site, "node-definitions")


def implementation_in(schema: Any) -> Any:
    """The rules of the sections of an implementation."""
    return schema["patternProperties"]["^node_def:.+"]["else"]["items"]["else"]["properties"]


def rules_of(section: Any) -> dict[str, Any]:
    """By type: the rules of a section."""
    while "else" in section:
        section = section["else"]
    return {case["if"]["properties"]["type"]["const"]: case["then"] for case in section.get("allOf", ())} or {"": section}


def test_every_key_that_an_editor_offers_is_explained(site: Any) -> None:
    implementation = implementation_in(printed(site))
    assert rules_of(implementation["contextualisation"]).keys() == {"basic", "cloudinit", "docker"}
    for name, section in implementation.items():
        assert section["description"]
        assert name in SECTIONS or name == "create_timeout"
        for type, rules in rules_of(section).items() if name in SECTIONS else ():
            for key, rule in rules.get("properties", {}).items():
                assert rule.get("description"), (name, type, key)


@pytest.fixture
def judged(site: Any, tmp_path: Path) -> Agree:
    """Whether a text is right, by our validator and by the schema that we print."""
    workspace = Workspace.open()

    def judge(kind: str, text: str) -> tuple[bool, bool]:
        file = tmp_path / "judged.yaml"
        file.write_text(text)
        workspace.import_definitions(workspace.read([EXAMPLE / "nodes" / "node_definitions.yaml"]))
        try:
            workspace.read([file], definitions_only=kind == "node-definitions")
            ours = True
        except DescriptionError:
            ours = False
        document = load_file(file, Diagnostics())
        assert document
        if kind not in SCHEMAS:
            SCHEMAS[kind] = jsonschema.Draft202012Validator(printed(site, kind))
        return ours, SCHEMAS[kind].is_valid(document.data)

    return judge


SCHEMAS: dict[str, Any] = {}
"""By kind: the validator for what the command prints, which is the same in every test."""

GOOD_DEFINITIONS = [
    "resource: {type: local}",
    "{resource: {type: local, name: x}, contextualisation: , config_management: , health_check: }",
    "{resource: {type: local}, contextualisation: {type: basic}}",
    "{resource: {type: local}, contextualisation: {type: basic, attributes: {a: {b: 1}}}}",
    "{resource: {type: local}, contextualisation: {type: basic, attributes: }}",
    "{resource: {type: local}, contextualisation: {type: cloudinit, context_template: x}}",
    "{resource: {type: local}, contextualisation: {type: cloudinit, context_template: {a: [1]}}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: ['A=1', 'B=', 'C=a=b', '{{ x }}'], command: [a]}}",
    '{resource: {type: local}, contextualisation: {type: docker, env: ["A=a\\nb"], command: a b, context_variables: {a: 1}}}',
    "{resource: {type: local}, contextualisation: {type: docker, env: [], command: }}",
    "{resource: {type: local}, health_check: {ping: false, ports: [1, 65535], urls: ['http://x'], timeout: 1.5, type: basic}}",
    "{resource: {type: local}, health_check: {ping: '{{ p }}', ports: ['{{ p }}', 22], timeout: '{{ t }}'}}",
    "{resource: {type: local}, health_check: {ports: '{{ ports }}'}}",
    "{resource: {type: local}, health_check: {mysqldbs: [{name: a, user: b, pass: ''}]}}",
    "{resource: {type: local}, health_check: {mysqlDBs: [{name: '{{ a }}', user: b, pass: c}]}}",
    "{resource: {type: local}, health_check: {}}",
    "{resource: {type: local, name: }, health_check: {ping: , ports: , timeout: }}",
]

BAD_DEFINITIONS = [
    "resource:",
    "resource: {}",
    "resource: {type: 1}",
    "resource: {type: unheard-of}",
    "resource: '{{ x }}'",
    "resource: {type: local, name: 1}",
    "resource: {type: local, nme: x}",
    "{resource: {type: local}, contextualization: {}}",
    "contextualisation: {type: basic}",
    "{resource: {type: local}, contextualisation: {type: basic, template: x}}",
    "{resource: {type: local}, contextualisation: {type: cloudinit}}",
    "{resource: {type: local}, contextualisation: {type: cloudinit, context_template: 7}}",
    "{resource: {type: local}, contextualisation: {type: cloudinit, context_template: [a]}}",
    "{resource: {type: local}, contextualisation: {type: docker}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: A=1}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: [A]}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: ['=x']}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: [], command: [1]}}",
    "{resource: {type: local}, contextualisation: {type: docker, env: [], command: 1}}",
    "{resource: {type: local}, health_check: {ping: 1}}",
    "{resource: {type: local}, health_check: {ping: maybe}}",
    "{resource: {type: local}, health_check: {ports: []}}",
    "{resource: {type: local}, health_check: {ports: [0]}}",
    "{resource: {type: local}, health_check: {ports: [65536]}}",
    "{resource: {type: local}, health_check: {ports: [true]}}",
    "{resource: {type: local}, health_check: {ports: ['22']}}",
    "{resource: {type: local}, health_check: {urls: ['']}}",
    "{resource: {type: local}, health_check: {timeout: -1}}",
    "{resource: {type: local}, health_check: {timeout: long}}",
    "{resource: {type: local}, health_check: {type: odd}}",
    "{resource: {type: local}, health_check: {mysqldbs: [{name: a, user: b}]}}",
    "{resource: {type: local}, health_check: {mysqldbs: [{name: a, user: b, pass: }]}}",
    "{resource: {type: local}, health_check: {ports: [null]}}",
    "{resource: {type: local}, health_check: {mysqldbs: [{name: a, user: b, pass: c, port: 1}]}}",
    "{resource: {type: local}, health_check: {prts: [1]}}",
    "{resource: {type: local}, health_check: []}",
]

OUTLINES = [
    ("{}", False),
    ("'node_def:n': []", False),
    ("'node_def:n': {}", False),
    ("'node_def:n': [x]", False),
    ("'node_def:': []", False),
]


@pytest.mark.parametrize("sections", GOOD_DEFINITIONS)
def test_good_definitions_are_good_for_both(sections: str, judged: Agree) -> None:
    assert judged("node-definitions", f"'node_def:n':\n  - {sections}\n") == (True, True)


@pytest.mark.parametrize("sections", BAD_DEFINITIONS)
def test_bad_definitions_are_bad_for_both(sections: str, judged: Agree) -> None:
    assert judged("node-definitions", f"'node_def:n':\n  - {sections}\n") == (False, False)


@pytest.mark.parametrize(("text", "good"), OUTLINES)
def test_outlines(text: str, good: bool, judged: Agree) -> None:
    assert judged("node-definitions", text + "\n") == (good, good)


HEAD = "infra_name: i\nuser_id: me\n"
GOOD_INFRASTRUCTURES = [
    HEAD + "nodes: [{name: a, type: message_receiver, variables: {message: x, receiver_port: 1}}]",
    "infra_name: i\nnodes: [{name: a, type: message_receiver}]\nvariables: {message: x, receiver_port: 1}",
    HEAD
    + "nodes: [{name: a, type: message_receiver, scaling: , filter: , attributes: }]\n"
    + "variables: {message: x, receiver_port: 1}\ndependencies:",
    HEAD
    + "nodes: [{name: a, type: message_receiver, scaling: {min: 1, max: 2}, create_timeout: 1.5, backend_selection_strategy: random}]\n"
    + "variables: {message: x, receiver_port: 1}",
]
BAD_INFRASTRUCTURES = [
    HEAD,
    HEAD + "nodes: []",
    HEAD + "nodes:",
    HEAD + "nodes: [x]",
    HEAD + "nodes: [{name: a}]",
    HEAD + "nodes: [{name: a_b, type: message_receiver}]",
    HEAD + f"nodes: [{{name: {'n' * 64}, type: message_receiver}}]",
    HEAD + "nodes: [{name: '{{ x }}', type: message_receiver}]",
    HEAD + "nodes: [{name: a, type: ''}]",
    HEAD + "nodes: [{name: a, type: message_receiver, scaling: {min: 0}}]",
    HEAD + "nodes: [{name: a, type: message_receiver, scaling: {min: '{{ x }}'}}]",
    HEAD + "nodes: [{name: a, type: message_receiver, scaling: {mix: 1}}]",
    HEAD + "nodes: [{name: a, type: message_receiver, create_timeout: 0}]",
    HEAD + "nodes: [{name: a, type: message_receiver, backend_selection_strategy: best}]",
    HEAD + "nodes: [{name: a, type: message_receiver, typo: 1}]",
    HEAD + "nodes: [{name: a, type: message_receiver}]\nvariables: []",
    HEAD + "nodes: [{name: a, type: message_receiver}]\ndependencies: {}",
    "infra_name: ''\nnodes: [{name: a, type: message_receiver}]",
    "nodes: [{name: a, type: message_receiver}]",
    "[]",
]


@pytest.mark.parametrize("text", GOOD_INFRASTRUCTURES)
def test_good_infrastructures_are_good_for_both(text: str, judged: Agree) -> None:
    assert judged("infrastructure", text + "\n") == (True, True)


@pytest.mark.parametrize("text", BAD_INFRASTRUCTURES)
def test_bad_infrastructures_are_bad_for_both(text: str, judged: Agree) -> None:
    assert judged("infrastructure", text + "\n") == (False, False)


def test_the_example_is_good(judged: Agree) -> None:
    assert judged("infrastructure", (EXAMPLE / "infra.yaml").read_text()) == (True, True)


def test_the_definitions_of_the_example_are_good(site: Any) -> None:
    document = load_file(EXAMPLE / "nodes" / "node_definitions.yaml", Diagnostics())
    assert document
    jsonschema.Draft202012Validator(printed(site)).validate(document.data)


def test_a_plugin_that_is_installed_is_in_the_schema_and_a_broken_one_is_not(site: Any) -> None:
    code = """
    from occopus.plugins import ResourceHandlerSpec, hookimpl
    @hookimpl
    def occopus_resource_handlers():
        yield ResourceHandlerSpec("moon", "x:Moon", {"many": {"type": "dict", "valuesrules": {"type": "integer"}},
            "open": {"type": "dict", "allow_unknown": True, "schema": {"known": {"type": "string", "required": True}}},
            "either": {"anyof": [{"type": "integer"}, {"type": "string", "regex": "x.*"}]}})
        yield ResourceHandlerSpec("sun", "x:Sun", {"hot": {"type": "rainbow"}})
    """
    site.install("moon", code)
    schema = printed(site)
    assert rules_of(implementation_in(schema)["resource"]).keys() == {"local", "moon"}
    validator = jsonschema.Draft202012Validator(schema)

    def is_valid(resource: Any) -> bool:
        return bool(validator.is_valid({"node_def:n": [{"resource": {"type": "moon", **resource}}]}))

    assert is_valid({"many": {"a": 1}, "open": {"known": "x", "other": 1}, "either": "xy"})
    assert is_valid({"many": "{{ all }}", "either": "{{ one }}"})
    assert not is_valid({"many": {"a": "b"}})
    assert not is_valid({"open": {"other": 1}})
    assert not is_valid({"either": "y"})


IMPORT = {"url": "file://elsewhere.yaml"}
"""What an editor sees of `!yaml_import {url: file://elsewhere.yaml}` and of `!text_import`."""
SECRET = {"env": "NAME"}


@pytest.mark.parametrize(
    "data",
    [
        {"node_def:n": IMPORT},
        {"node_def:n": [IMPORT]},
        {"node_def:n": [{"resource": IMPORT, "contextualisation": IMPORT, "health_check": IMPORT}]},
        {"node_def:n": [{"resource": {"type": "local", "name": SECRET}}]},
        {"node_def:n": [{"resource": {"type": "local"}, "contextualisation": {"type": "cloudinit", "context_template": IMPORT}}]},
        {"node_def:n": [{"resource": {"type": "local"}, "contextualisation": {"type": "docker", "env": [SECRET, IMPORT]}}]},
        {"node_def:n": [{"resource": {"type": "local"}, "health_check": {"ports": IMPORT, "timeout": SECRET}}]},
    ],
)
def test_what_tags_stand_for_is_right(data: Any, site: Any) -> None:
    assert jsonschema.Draft202012Validator(printed(site)).is_valid(data)


def test_tags_in_infrastructures(site: Any) -> None:
    validator = jsonschema.Draft202012Validator(printed(site, "infrastructure"))
    node = {"name": "a", "type": "t"}
    head = {"infra_name": "i"}
    assert validator.is_valid({**head, "nodes": IMPORT, "variables": IMPORT, "dependencies": IMPORT})
    assert validator.is_valid({**head, "nodes": [IMPORT, {**node, "scaling": IMPORT, "variables": {"password": SECRET}}]})
    assert not validator.is_valid({**head, "nodes": [{**node, "scaling": {"min": SECRET}}]}), "what is read before is never a secret"


@pytest.mark.parametrize(
    ("dependencies", "good"),
    [
        ("[[a, b]]", True),
        ("[[*A, *B]]", True),
        ("[{connection: [*A, b]}]", True),
        ("[{connection: [a, b], mappings: [[x, y], {attributes: [x, y], synch: true, extra: 1}], extra: 1}]", True),
        ("[{connection: [a, b], mappings: }]", True),
        ("[[a]]", False),
        ("[a, b]", False),
        ("[[a, b, a]]", False),
        ("[{connection: [a]}]", False),
        ("[{mappings: [[x, y]]}]", False),
        ("[{connection: [a, b], mappings: [[x]]}]", False),
        ("[{connection: [a, b], mappings: [{synch: true}]}]", False),
        ("[{connection: [a, b], mappings: [{attributes: [x, y], synch: maybe}]}]", False),
    ],
)
def test_dependencies(dependencies: str, good: bool, judged: Agree) -> None:
    nodes = "".join(f"  - &{name.upper()} {{name: {name}, type: message_receiver}}\n" for name in "ab")
    text = HEAD + f"nodes:\n{nodes}variables: {{message: x, receiver_port: 1}}\ndependencies: {dependencies}\n"
    assert judged("infrastructure", text) == (good, good)


def test_credentials(site: Any) -> None:
    code = """
    from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, text
    @hookimpl
    def occopus_resource_handlers():
        spec = CredentialsSpec({"user": text("Who.", required=True), "password": {"type": "string"}})
        yield ResourceHandlerSpec("moon", "x:Moon", {}, credentials=spec)
        yield ResourceHandlerSpec("sun", "x:Sun", {}, credentials=CredentialsSpec({"user": text("Who.")}, required=False))
    """
    site.install("moon", code)
    validator = jsonschema.Draft202012Validator(printed(site, "credentials"))

    def is_valid(auth_data: Any, type: Any = "moon", **criteria: Any) -> bool:
        return bool(validator.is_valid({"resource": [{"type": type, **criteria, "auth_data": auth_data}]}))

    assert is_valid({"user": "me", "password": {"env": "MOON"}}, endpoint="https://a.example.org")
    assert is_valid({"user": {"url": "file://user"}, "harmless": 1})
    assert is_valid(None, type="sun")
    assert is_valid({"any": 1}, type="not-installed")
    assert not is_valid({"password": "x"})
    assert not is_valid({"user": 1})
    assert not is_valid(None)
    assert not is_valid({"user": "me"}, type=1)
    for whole in ({}, {"resource": [], "config_management": None}, {"notifier": [{"type": "webhook", "auth_data": {"secret": "x"}}]}):
        assert validator.is_valid(whole)
    assert not validator.is_valid({"resources": []})
    assert not validator.is_valid({"resource": [{"auth_data": {}}]})


def test_examples_are_shown(site: Any) -> None:
    site.install(
        "moon",
        """
    from occopus.plugins import ResourceHandlerSpec, hookimpl, text
    @hookimpl
    def occopus_resource_handlers():
        yield ResourceHandlerSpec("moon", "x:Moon", {"crater": text("Which.", example="Tycho")}, summary="Craters")
    """,
    )
    moon = rules_of(implementation_in(printed(site))["resource"])["moon"]["properties"]
    assert moon["type"] == {"const": "moon", "description": "Craters"}
    assert (moon["crater"]["description"], moon["crater"]["examples"]) == ("Which.", ["Tycho"])


def test_bad_usage_ends_with_2(site: Any) -> None:
    done = site.run("occopus", "schema", "nodes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'infrastructure', 'node-definitions', 'credentials'" in done.stderr

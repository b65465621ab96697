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


@pytest.mark.parametrize("kind", ["infrastructure", "node-definitions"])
def test_it_is_json_schema(kind: str, site: Any) -> None:
    schema = printed(site, kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"].startswith("Occopus ")


def test_definitions_are_what_is_meant_where_nothing_is_said(site: Any) -> None:
    assert printed(site) == printed(site, "node-definitions")


def test_every_key_that_an_editor_offers_is_explained(site: Any) -> None:
    implementation = printed(site)["patternProperties"]["^node_def:.+"]["items"]
    for name, section in implementation["properties"].items():
        assert section["description"]
        assert name in SECTIONS or name == "create_timeout"
        for rules in section["oneOf"] if name in SECTIONS else ():
            for key, rule in rules.get("properties", {}).items():
                assert key == "type" or rule.get("description"), key


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
    "{resource: {type: local}, health_check: {ping: }}",
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
    rules = schema["patternProperties"]["^node_def:.+"]["items"]["properties"]["resource"]["oneOf"]
    assert {rule["properties"]["type"]["const"] for rule in rules} == {"local", "moon"}
    validator = jsonschema.Draft202012Validator(schema)

    def is_valid(resource: Any) -> bool:
        return bool(validator.is_valid({"node_def:n": [{"resource": {"type": "moon", **resource}}]}))

    assert is_valid({"many": {"a": 1}, "open": {"known": "x", "other": 1}, "either": "xy"})
    assert is_valid({"many": "{{ all }}", "either": "{{ one }}"})
    assert not is_valid({"many": {"a": "b"}})
    assert not is_valid({"open": {"other": 1}})
    assert not is_valid({"either": "y"})


def test_bad_usage_ends_with_2(site: Any) -> None:
    done = site.run("occopus", "schema", "nodes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'infrastructure', 'node-definitions'" in done.stderr

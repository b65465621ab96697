"""What an instance is made from: rendered, fitted to the schema, checked, and without its secrets where it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from occopus.errors import RenderError
from occopus.model.infrastructure import AttributeMapping, Dependency, InfraId, Infrastructure
from occopus.model.instance import Address, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node, Section
from occopus.model.secret import SecretReference
from occopus.plugins import ConfigManager, ConfigManagerSpec, ContainerContext, NodeRegistration, Problem, ResourceHandlerSpec, UserData
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Package, Plugin, Registry
from occopus.rendering.inputs import Inputs
from occopus.rendering.resolve import Resolver
from occopus.rendering.scope import Outside
from occopus.schema.composition import Composition

INFRA_ID, NODE_ID = InfraId("0a1b2c3d-infra"), NodeId("9f8e7d6c-node")
PASSWORD = SecretReference("env", "PASSWORD")


class Painter(ConfigManager):
    """A config manager that only gives templates a name."""

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        pass

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        pass

    def register_node(self, node: NodeRegistration) -> None:
        pass

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        pass

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return {}

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        return None

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        return {"painter": {"colours": " ".join(section["colours"])}}


def small_moons_are_dark(section: Section) -> Iterator[Problem]:
    if section.get("size", 9) < 3 and section.get("side") != "dark":
        yield Problem(("size",), "small moons are dark")


MOON = ResourceHandlerSpec(
    type="moon",
    handler="nowhere:Moon",
    contexts=frozenset({"cloudinit", "docker"}),
    checks=(small_moons_are_dark,),
    user_data_limit=300,
    schema={
        "endpoint": {"type": "string"},
        "size": {"type": "integer", "min": 1},
        "weight": {"type": "float"},
        "lit": {"type": "boolean"},
        "side": {"type": "string", "allowed": ["near", "dark"]},
        "ports": {"type": "list", "schema": {"type": "integer"}},
        "nested": {"type": "dict", "schema": {"size": {"type": "integer"}, "list": {"type": "list", "schema": {"type": "dict"}}}},
        "password": {"type": "string", "minlength": 4},
        "pin": {"type": "integer"},
        "any": {},
    },
)


def _registry() -> Registry:
    package = Package("own", "1")
    painter = ConfigManagerSpec(
        "painter", f"{__name__}:Painter", {"colours": {"type": "list", "required": True}, "name": {"type": "string"}}
    )
    more = {
        ("resource handler", "moon"): Plugin("resource handler", "moon", MOON, package),
        ("config manager", "painter"): Plugin("config manager", "painter", painter, package),
    }
    installed = load_plugins()
    return replace(installed, plugins={**installed.plugins, **more})


REGISTRY = _registry()
OUTSIDE = Outside(lambda command: f"ran {command}", lambda reference: SECRETS[reference.name], lambda text: None)
SECRETS = {"PASSWORD": "hunter2", "PIN": "4711", "SHORT": "1", "URL": "https://user:hunter2@up"}


def make(
    resource: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    failures: list[RenderError] | None = None,
    node: Mapping[str, Any] | None = None,
    **more: Any,
) -> Inputs:
    """The inputs of an instance of the node `n`, which depends on `master`."""
    implementation = Implementation(0, {"type": "moon", **(resource or {})}, context, **more)
    own = Node("n", "one", (implementation,), **(node or {}))
    return resolver(own).inputs(own, implementation, NODE_ID, instances, failures)


def resolver(node: Node, outside: Outside = OUTSIDE) -> Resolver:
    master = Node("master", "one", node.implementations)
    edges = (
        Dependency("n", "master", (AttributeMapping("fqdn", "db.host"), AttributeMapping("ip", "db.ip", synch=True))),
        Dependency("n", "master"),
    )
    infrastructure = Infrastructure("infra", "me", {"master": master, "n": node}, edges)
    return Resolver(infrastructure, INFRA_ID, Composition(REGISTRY), outside)


def instances(name: str) -> Sequence[Instance]:
    return [Instance(INFRA_ID, NodeId("m"), name, 0, "", Phase.CREATED, 0.0, addresses=(Address("1.2.3.4"),))]


def cloudinit(template: Any, **more: Any) -> dict[str, Any]:
    return {"type": "cloudinit", "context_template": template, **more}


def text_of(inputs: Inputs) -> str:
    assert isinstance(inputs.context, UserData)
    return inputs.context.text


FITTED = [
    ({"size": "{{ variables.seven }}"}, {"size": 7}),
    ({"size": "{{ variables.seven + 1 }}"}, {"size": 8}),
    ({"weight": "{{ 1.5 }}"}, {"weight": 1.5}),
    ({"lit": "{{ variables.seven == 7 }}"}, {"lit": True}),
    ({"lit": "{% if true %}no{% endif %}"}, {"lit": False}),
    ({"ports": ["{{ variables.seven }}", 8, "{{ 9 }}"]}, {"ports": [7, 8, 9]}),
    ({"ports": "{{ variables.ports }}"}, {"ports": [80, 443]}),
    ({"nested": {"size": "{{ 3 }}", "list": [{"a": "{{ 3 }}"}]}}, {"nested": {"size": 3, "list": [{"a": "3"}]}}),
    ({"endpoint": "{{ variables.seven }}"}, {"endpoint": "7"}),
    ({"any": "{{ variables.seven }}"}, {"any": "7"}),
    ({"endpoint": "http://{{ getip('master') }}/{{ name }}"}, {"endpoint": "http://1.2.3.4/n"}),
    ({"pin": SecretReference("env", "PIN")}, {"pin": 4711}),
]


@pytest.mark.parametrize(("written", "rendered"), FITTED)
def test_templates_of_the_resource_section_get_the_type_that_the_schema_wants(written: Any, rendered: Any) -> None:
    inputs = make(written, node={"variables": {"seven": 7, "ports": [80, 443]}})
    assert inputs.resource == {"type": "moon", **rendered}


def test_keys_without_a_value_are_left_out() -> None:
    written = {"size": 7, "lit": None, "nested": {"size": None, "list": [{"a": None}]}, "any": [None]}
    assert make(written).resource == {"type": "moon", "size": 7, "nested": {"list": [{"a": None}]}, "any": [None]}


UNFIT = [
    ({"size": "{{ 'x' }}"}, "resource.size: after rendering, 'size' must be a whole number, not 'x'"),
    ({"size": "{{ 0 }}"}, "resource.size: after rendering, 'size' must be at least 1, not 0"),
    ({"size": "{{ 'a: b: c' }}"}, "resource.size: after rendering, 'size' must be a whole number, not 'a: b: c'"),
    ({"size": "{{ '[' }}"}, "resource.size: after rendering, 'size' must be a whole number, not '['"),
    ({"size": "{{ '2020-99-99' }}"}, "resource.size: after rendering, 'size' must be a whole number, not '2020-99-99'"),
    ({"size": "{{ '' }}"}, "resource.size: after rendering, 'size' must be a whole number, not ''"),
    ({"lit": "{{ 1 }}"}, "resource.lit: after rendering, 'lit' must be true or false, not 1"),
    ({"side": "{{ 'far' }}"}, "resource.side: after rendering, 'side' can't be 'far'"),
    ({"ports": ["{{ 'http' }}"]}, "resource.ports.0: after rendering, item 1 of 'ports' must be a whole number, not 'http'"),
    ({"{{ 'unheard' }}": 1}, "resource.unheard: after rendering, unknown key 'unheard'"),
    ({"size": "{{ 2 }}"}, "resource.size: after rendering, small moons are dark"),
]


@pytest.mark.parametrize(("written", "words"), UNFIT)
def test_what_does_not_fit_after_rendering(written: Any, words: str) -> None:
    with pytest.raises(RenderError) as caught:
        make(written)
    assert caught.value.message == f"node 'n' (moon #1), {words}"


def test_every_failure_is_noted_where_all_are_wanted() -> None:
    failures: list[RenderError] = []
    context = cloudinit("#cloud-config\na: {{ nothing }}\nb: {{ too }}\n", attributes={"x": "{{ third }}"})
    make({"size": "{{ 0 }}", "endpoint": "{{ first }}", "side": "{{ 'far' }}"}, context, failures)
    assert [".".join(map(str, failure.path)) for failure in failures] == [
        "resource.endpoint",
        "resource.side",
        "resource.size",
        "contextualisation.context_template",
        "contextualisation.attributes.x",
    ]


def test_a_mapping_becomes_a_cloud_config_of_the_same_form() -> None:
    template = {
        "write_files": [{"path": "/{{ name }}", "content": "{{ getip('master') }}\n", "permissions": "0644"}],
        "{{ name }}": {"n": 1, "yes": True, "none": None, "float": 1.5, "empty": [], "text": "yes", "octal": "0644"},
        7: "seven",
    }
    text = text_of(make(context=cloudinit(template)))
    assert text.startswith("#cloud-config\n")
    assert yaml.safe_load(text) == {
        "write_files": [{"path": "/n", "content": "1.2.3.4\n", "permissions": "0644"}],
        "n": {"n": 1, "yes": True, "none": None, "float": 1.5, "empty": [], "text": "yes", "octal": "0644"},
        7: "seven",
    }
    assert list(yaml.safe_load(text)) == ["write_files", "n", 7]


def test_what_stands_in_several_places_is_written_out_in_each() -> None:
    shared = {"a": ["{{ name }}"]}
    text = text_of(make(context=cloudinit({"one": shared, "two": shared, "three": [shared["a"], shared["a"]]})))
    assert "&" not in text
    assert "*" not in text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.text(st.characters(exclude_categories=["Cs"]), max_size=9))
def test_any_text_of_a_variable_arrives_unchanged(text: str, key: str) -> None:
    template = {"whole": "{{ variables.text }}", "part": ["a: {{ variables.text }} # b"], "k{{ variables.key }}": "x"}
    implementation = Implementation(0, {"type": "local"}, cloudinit(template))
    node = Node("n", "one", (implementation,), variables={"text": text, "key": key})
    inputs = resolver(node).inputs(node, implementation, NODE_ID, instances)
    assert yaml.safe_load(text_of(inputs)) == {"whole": text, "part": [f"a: {text} # b"], f"k{key}": "x"}


AWKWARD = [
    '": #',
    "a\nb: c\n",
    "{}",
    "[",
    "- x",
    "yes",
    "1e3",
    "0o7",
    "~",
    "",
    " ",
    "\t",
    "\r\n",
    "'",
    '"',
    "|",
    ">",
    "%",
    "@",
    "\x85",
    "\u2028",
    "\ufeff",
    "\x00",
    "😀",
    "a" * 5000,
]


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_what_would_break_yaml_arrives_unchanged(text: str) -> None:
    implementation = Implementation(0, {"type": "local"}, cloudinit({"x": ["{{ variables.text }}"]}))
    node = Node("n", "one", (implementation,), variables={"text": text})
    assert yaml.safe_load(text_of(resolver(node).inputs(node, implementation, NODE_ID, instances))) == {"x": [text]}


def test_a_text_is_rendered_as_it_stands() -> None:
    assert text_of(make(context=cloudinit("#!/bin/sh\necho {{ name }}: [\n\n"))) == "#!/bin/sh\necho n: [\n\n"
    assert text_of(make(context=cloudinit("#cloud-config\n{% if true %}\na: {{ name }}\n{% endif %}\n"))) == "#cloud-config\n\na: n\n\n"
    assert text_of(make(context=cloudinit("#cloud-config-archive\n- {{ name }}\n"))) == "#cloud-config-archive\n- n\n"
    assert text_of(make(context=cloudinit("#cloud-config\n"))) == "#cloud-config\n"


INVALID = [
    ("#cloud-config\na: {{ ': x' }}\nb\n", "the rendered cloud-config is no valid YAML: line 2: mapping values are not allowed here"),
    ("#cloud-config\n- {{ name }}\n", "the rendered cloud-config is no mapping"),
    ("#cloud-config\na: {{ '\\x01' }}\n", "the rendered cloud-config is no valid YAML: "),
    ("#cloud-config\na: {{ '2020-99-99' }}\n", "the rendered cloud-config is no valid YAML: "),
    ("#cloud-config\na: {{ '[' * 5000 }}\n", "the rendered cloud-config is no valid YAML: "),
]


@pytest.mark.parametrize(("template", "words"), INVALID)
def test_a_text_that_becomes_a_broken_cloud_config_is_an_error(template: str, words: str) -> None:
    implementation = Implementation(0, {"type": "local"}, cloudinit(template))
    node = Node("n", "one", (implementation,))
    with pytest.raises(RenderError) as caught:
        resolver(node).inputs(node, implementation, NODE_ID, instances)
    assert caught.value.message.startswith(f"node 'n' (local #1), contextualisation.context_template: {words}")
    assert caught.value.path == ("contextualisation", "context_template")


def test_user_data_that_the_backend_does_not_take_is_an_error_beforehand() -> None:
    assert len(text_of(make(context=cloudinit("ü" * 150))).encode()) == 300
    with pytest.raises(RenderError) as caught:
        make(context=cloudinit("ü" * 150 + "."))
    assert caught.value.message == (
        "node 'n' (moon #1), contextualisation.context_template: the user data has 301 bytes; moon takes 300 at most"
    )


def test_the_context_of_a_container() -> None:
    section = {"type": "docker", "env": ["A={{ name }}", "B={{ context_variables.b }}"], "context_variables": {"b": "x=y"}}
    assert make(context=section).context == ContainerContext(("A=n", "B=x=y"), None)
    assert make(context={**section, "command": "run {{ name }}"}).context == ContainerContext(("A=n", "B=x=y"), "run n")
    assert make(context={**section, "command": ["run", "{{ name }}"]}).context == ContainerContext(("A=n", "B=x=y"), ("run", "n"))


@pytest.mark.parametrize("env", ["{{ name }}", ["{{ name }}"], ["{{ '=x' }}"]])
def test_the_environment_of_a_container_has_its_form_after_rendering_too(env: Any) -> None:
    with pytest.raises(RenderError, match="contextualisation: 'env' must be a list of texts of the form NAME=value after rendering"):
        make(context={"type": "docker", "env": env})


def test_no_contextualisation_and_a_basic_one_give_nothing_to_the_machine() -> None:
    assert make().context is None
    assert make(context={"type": "basic", "attributes": {"a": 1}}).context is None


def test_attributes_are_merged_rendered_and_told_of_the_connections() -> None:
    context = {"type": "basic", "attributes": {"a": "{{ name }}", "b": {"c": ["{{ getip('master') }}"]}, "d": "definition"}}
    inputs = make(context=context, node={"attributes": {"d": "{{ infra_id }}", "e": 1}})
    assert inputs.attributes == {
        "a": "n",
        "b": {"c": ["1.2.3.4"]},
        "d": INFRA_ID,
        "e": 1,
        "connections": [
            {"source_role": f"{INFRA_ID}_master", "source_attribute": "fqdn", "destination_attribute": "db.host"},
            {"source_role": f"{INFRA_ID}_master", "source_attribute": "ip", "destination_attribute": "db.ip"},
        ],
    }


def test_templates_can_use_what_the_config_manager_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("types").SimpleNamespace(Painter=Painter))
    inputs = make(
        {"endpoint": "{{ painter.colours }}"},
        cloudinit("paint {{ painter.colours }} {{ config_management.name }}"),
        config_management={"type": "painter", "colours": ["{{ 'red' }}", "blue"], "name": "p"},
    )
    assert inputs.resource["endpoint"] == "red blue"
    assert text_of(inputs) == "paint red blue p"
    assert inputs.config_management == {"type": "painter", "colours": ["red", "blue"], "name": "p"}
    assert make().config_management is None


def test_secrets_are_there_for_building_and_not_for_storing() -> None:
    written = {
        "endpoint": "https://1.example/hunter2-is-no-secret-here",
        "password": PASSWORD,
        "any": ["{{ variables.password }}", "plain", {"url": SecretReference("env", "URL"), "kept": 1}],
        "nested": {"size": "{{ variables.seven }}"},
        "pin": "{{ variables.pin }}",
        "size": 4,
    }
    inputs = make(written, node={"variables": {"password": PASSWORD, "seven": 7, "pin": SecretReference("env", "PIN")}})
    assert inputs.resource["password"] == "hunter2"
    assert inputs.resource["any"] == ["hunter2", "plain", {"url": "https://user:hunter2@up", "kept": 1}]
    assert inputs.resource["pin"] == 4711
    assert inputs.storable_resource == {
        "type": "moon",
        "endpoint": "https://1.example/hunter2-is-no-secret-here",
        "any": ["plain", {"kept": 1}],
        "nested": {"size": 7},
        "size": 4,
    }
    assert inputs.secrets == {"hunter2", "4711", "https://user:hunter2@up"}
    assert "secrets" not in repr(inputs)


def test_a_short_secret_does_not_take_away_what_was_written_out() -> None:
    inputs = make(
        {"endpoint": "http://127.0.0.1:1/", "any": "{{ variables.s }}"}, node={"variables": {"s": SecretReference("env", "SHORT")}}
    )
    assert inputs.storable_resource == {"type": "moon", "endpoint": "http://127.0.0.1:1/"}


JSON = st.recursive(
    st.integers(0, 9) | st.sampled_from(["plain", "{{ variables.s }}", "x{{ variables.s }}y"]) | st.just(PASSWORD) | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "{{ name }}", "n"]), below, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_no_secret_is_ever_stored_wherever_it_stands(value: Any) -> None:
    inputs = make({"any": {"all": value}}, node={"variables": {"s": PASSWORD}})
    assert "hunter2" not in json.dumps(inputs.storable_resource)


def test_the_hash_tells_inputs_apart_and_holds_none_of_them() -> None:
    one, two, other = make({"password": PASSWORD}), make({"password": PASSWORD}), make({"password": PASSWORD, "size": 4})
    assert one.hash == two.hash != other.hash
    assert make(context=cloudinit("a")).hash != make(context=cloudinit("b")).hash
    assert "hunter2" not in one.hash


def test_the_name_of_a_machine() -> None:
    assert make().machine_name == "occopus-infra-0a1b2c3d-n-9f8e7d6c"
    implementation = Implementation(0, {"type": "moon"})
    node = Node("n" * 63, "one", (implementation,))
    infrastructure = Infrastructure("i" * 63, "me", {node.name: node})
    inputs = Resolver(infrastructure, INFRA_ID, Composition(REGISTRY), OUTSIDE).inputs(node, implementation, NODE_ID, instances)
    assert inputs.machine_name == f"occopus-{'i' * 18}-0a1b2c3d-{'n' * 18}-9f8e7d6c"
    assert len(inputs.machine_name) <= 63


def checks(section: Mapping[str, Any] | None, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    implementation = Implementation(0, {"type": "moon"}, health_check=section)
    node = Node("n", "one", (implementation,), variables=variables or {})
    instance = replace(instances("n")[0], node_id=NODE_ID)
    return {spec.key: settings for spec, settings in resolver(node).health_checks(node, implementation, instance)}


CHECKS: list[tuple[Mapping[str, Any] | None, dict[str, Any]]] = [
    (None, {"ping": True}),
    ({}, {"ping": True}),
    ({"timeout": 5}, {"ping": True}),
    ({"ping": False}, {}),
    ({"ping": "{{ variables.ping }}"}, {}),
    ({"ports": ["{{ variables.port }}", 22]}, {"ping": True, "ports": [8080, 22]}),
    ({"urls": ["http://{{ ip }}:{{ variables.port }}/{{ node_id }}"]}, {"ping": True, "urls": [f"http://1.2.3.4:8080/{NODE_ID}"]}),
    (
        {"urls": ["http://{{ instance_data.resource_address }}/{{ instance_data.node_id }}"]},
        {"ping": True, "urls": [f"http://1.2.3.4/{NODE_ID}"]},
    ),
    (
        {"ping": False, "mysqlDBs": [{"name": "{{ name }}", "user": "u", "pass": PASSWORD}]},
        {"mysqldbs": [{"name": "n", "user": "u", "pass": "hunter2"}]},
    ),
]


@pytest.mark.parametrize(("section", "wanted"), CHECKS)
def test_the_checks_of_an_instance(section: Mapping[str, Any] | None, wanted: dict[str, Any]) -> None:
    assert checks(section, {"port": 8080, "ping": False}) == wanted


def test_a_check_that_does_not_fit_after_rendering() -> None:
    with pytest.raises(RenderError, match=r"health_check.ports.0: after rendering, item 1 of 'ports' must be at most 65535, not 99999"):
        checks({"ports": ["{{ 99999 }}"]})


def test_what_the_schema_or_its_key_calls_secret_is_learned_wherever_it_stands() -> None:
    learned: list[str] = []
    own = Node("n", "one", (Implementation(0, {"type": "moon", "password": "{{ 'hun' }}ter2", "side": "near", "any": {"token": 4711}}),))
    outside = replace(OUTSIDE, learn=learned.append)
    resolver(own, outside).inputs(own, own.implementations[0], NODE_ID, instances)
    assert learned == ["hunter2", "4711"]


@pytest.mark.parametrize(("section", "seconds"), [(None, 600.0), ({"timeout": 5}, 5.0), ({"timeout": "{{ variables.patience }}"}, 7.0)])
def test_how_long_failing_health_is_tolerated(section: Mapping[str, Any] | None, seconds: float) -> None:
    implementation = Implementation(0, {"type": "moon"}, health_check=section)
    own = Node("n", "one", (implementation,), variables={"patience": 7})
    assert resolver(own).health_timeout(own, implementation, instances("n")[0]) == seconds

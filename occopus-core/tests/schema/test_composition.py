"""Rules come from many packages: they add up, none may take another's place, and a wrong one stops only what needs it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from occopus.errors import MissingPlugin
from occopus.plugins.loading import load_plugins
from occopus.schema.composition import Composition
from occopus.schema.validation import SchemaValidator

MOON = """
    from occopus.plugins import HealthCheckSpec, Problem, ResourceHandlerSpec, SchemaRule, hookimpl

    def not_on_sunday(section):
        if section.get("day") == "sunday":
            yield Problem(("day",), "not on sunday")

    @hookimpl
    def occopus_resource_handlers():
        yield ResourceHandlerSpec("moon", "x:Moon", {"phase": {"type": "string", "required": True}})

    @hookimpl
    def occopus_schema_rules():
        yield SchemaRule("resource", "moon", {"day": {"type": "string"}}, (not_on_sunday,))
"""

COLOUR = """
    from occopus.plugins import SchemaRule, hookimpl

    @hookimpl
    def occopus_schema_rules():
        yield SchemaRule("resource", "moon", {"%s": {"type": "%s"}})
"""

PULSE = """
    from occopus.plugins import HealthCheckSpec, hookimpl

    @hookimpl
    def occopus_health_checks():
        yield HealthCheckSpec("pulse", "x:pulse", {"type": "%s"})
"""


def messages(composition: Composition, section: str, type: str, data: dict[str, Any]) -> list[str]:
    return [problem.message for problem in composition.rules(section, type).problems(data)]


def test_the_rules_of_several_packages_add_up(site: Any) -> None:
    site.install("moon", MOON)
    site.install("colour", COLOUR % ("colour", "string"))
    composition = Composition(load_plugins())
    assert messages(composition, "resource", "moon", {"type": "moon", "phase": "new", "colour": "red", "day": "monday"}) == []
    assert messages(composition, "resource", "moon", {"type": "moon", "colour": 1}) == [
        "'colour' must be text, not 1",
        "the key 'phase' is missing",
    ]
    assert messages(composition, "resource", "moon", {"type": "moon", "phase": "new", "day": "sunday"}) == ["not on sunday"]
    assert messages(composition, "resource", "local", {"type": "local", "colour": "red"}) == ["unknown key 'colour'"]


def test_checks_wait_until_the_schema_is_met_and_nothing_is_a_template(site: Any) -> None:
    site.install("moon", MOON)
    composition = Composition(load_plugins())
    assert messages(composition, "resource", "moon", {"type": "moon", "day": "sunday"}) == ["the key 'phase' is missing"]
    assert messages(composition, "resource", "moon", {"type": "moon", "phase": "{{ x }}", "day": "sunday"}) == []


@pytest.mark.parametrize("key", ["phase", "day", "type"])
def test_a_rule_that_redefines_a_key_is_an_error_that_names_its_package(key: str, site: Any) -> None:
    site.install("moon", MOON)
    site.install("zz-colour", COLOUR % (key, "string"))
    with pytest.raises(MissingPlugin) as caught:
        Composition(load_plugins()).rules("resource", "moon")
    assert caught.value.message == f"zz-colour redefines {key} of resource 'moon', and a schema rule may only add keys"
    assert caught.value.hint == "pip uninstall zz-colour"


def test_a_schema_that_is_not_right_stops_only_its_own_type(site: Any) -> None:
    site.install("moon", MOON)
    site.install("colour", COLOUR % ("colour", "rainbow"))
    composition = Composition(load_plugins())
    with pytest.raises(MissingPlugin, match=r"a schema of colour is not right: .*rainbow"):
        composition.rules("resource", "moon")
    assert messages(composition, "resource", "local", {"type": "local"}) == []


def test_a_health_check_with_a_wrong_rule_stops_only_its_own_key(site: Any) -> None:
    site.install("pulse", PULSE % "rainbow")
    composition = Composition(load_plugins())
    assert messages(composition, "health_check", "", {"ping": True}) == []
    with pytest.raises(MissingPlugin, match="a schema of pulse is not right"):
        composition.health_check("pulse")


def test_the_wrong_rule_of_a_health_check_is_reported_where_it_is_used(site: Any, tmp_path: Any) -> None:
    site.install("pulse", PULSE % "rainbow")
    nodes = tmp_path / "nodes.yaml"
    nodes.write_text("'node_def:n':\n  - resource: {type: local}\n    health_check: {ping: true, pulse: 1}\n")
    done = site.run("occopus", "validate", nodes)
    assert done.returncode == 2
    assert f"{nodes}:3:32: error: a schema of pulse is not right" in done.stderr
    assert done.stderr.count("error:") == 1


def test_a_check_that_breaks_is_a_fault_and_not_the_end(site: Any) -> None:
    site.install("moon", MOON.replace("yield Problem", "raise KeyError"))
    composition = Composition(load_plugins())
    assert messages(composition, "resource", "moon", {"type": "moon", "phase": "new", "day": "sunday"}) == [
        "the check 'not_on_sunday' of the plugin broke: KeyError: (('day',), 'not on sunday')"
    ]


def test_many_threads_check_at_once_without_mixing_up_their_findings() -> None:
    validator = SchemaValidator({f"key{number}": {"type": "integer"} for number in range(20)})
    wrong: list[str] = []

    def check(number: int) -> None:
        for _ in range(100):
            found = [problem.path for problem in validator.problems({f"key{number}": "x"})]
            if found != [(f"key{number}",)]:
                wrong.append(f"{number}: {found}")

    threads = [threading.Thread(target=check, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []

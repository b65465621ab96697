"""Checks of what a spec says of its section, whatever kind of plugin it declares."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cerberus import SchemaError, Validator

from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import Problem, Schema
from occopus.testing.contract import written_in
from occopus.testing.odd_values import odd_sections

EndpointSpec = ResourceHandlerSpec | ConfigManagerSpec | NotifierSpec
"""Of a plugin that talks to somebody, at an endpoint and with credentials."""

Spec = EndpointSpec | ContextualiserSpec

LOADED = """
import sys
from occopus.plugins.loading import load_plugins
load_plugins()
print(" ".join(name for name in sys.argv[1:] if name in sys.modules))
"""

COMMON = "occopus.plugins.schema"
"""Where stands what all specs owe."""


class SectionChecks:
    @written_in(COMMON, "`type` is what users write: lower case, without blanks around it. `summary` says in a few words what it is.")
    def test_names_itself(self, spec: Spec) -> None:
        assert spec.type, "a spec must name its type"
        assert spec.type == spec.type.strip().lower(), "a type is what users write: it must be lower case without blanks around it"
        assert spec.summary, "a spec must say in a few words what its type is, for 'occopus plugins'"

    @written_in(COMMON, "The schema is one that Cerberus understands.")
    def test_schema_is_understood(self, spec: Spec) -> None:
        fault = fault_of(spec.schema)
        assert not fault, f"a schema must be one that Cerberus understands, but: {fault}"

    @written_in(COMMON, "Every key says what it is for in `meta.description`")
    def test_every_key_is_documented(self, spec: Spec) -> None:
        silent = undocumented(spec.schema)
        assert not silent, f"every key must say what it is for in meta.description; these don't: {silent}"

    @written_in(COMMON, "Each check is a named function, for its name stands in documentation.")
    def test_checks_can_be_documented(self, spec: Spec) -> None:
        nameless = [check for check in spec.checks if getattr(check, "__name__", "<lambda>") == "<lambda>"]
        assert not nameless, "a check's name appears in the documentation, so each must be a named function"

    @written_in(COMMON, "It sees only sections that the schema accepts, and raises nothing, whatever these hold.")
    def test_checks_bear_odd_values(self, spec: Spec, section: dict[str, Any]) -> None:
        validator = validator_of(spec)
        for odd in odd_sections(spec.schema, section):
            if not validator.validate(odd, normalize=False):
                continue
            for check in spec.checks:
                name = getattr(check, "__name__", "?")
                try:
                    found = list(check(odd))
                except Exception as error:
                    raise AssertionError(f"a check must bear whatever the schema accepts; '{name}' broke on {odd}: {error!r}") from error
                assert all(isinstance(problem, Problem) for problem in found), f"a check must yield Problems; '{name}' yielded {found}"

    @written_in(COMMON, "A valid section passes the schema and all checks.")
    def test_section_is_accepted(self, spec: Spec, section: dict[str, Any]) -> None:
        found = list(problems(spec, section))
        assert not found, f"a valid section must pass the schema and all checks, but: {found}"

    @written_in(COMMON, "A key that it does not know is refused, for it is most likely misspelt")
    def test_unknown_key_is_refused(self, spec: Spec, section: dict[str, Any]) -> None:
        wrong = {**section, "no_such_key_at_all": 1}
        assert list(problems(spec, wrong)), "a key that the schema does not know must be refused: it is most likely misspelt"

    @written_in(COMMON, "and so is a section without a key that is `required`")
    def test_missing_key_is_refused(self, spec: Spec, section: dict[str, Any]) -> None:
        for key in (key for key, rule in spec.schema.items() if rule.get("required")):
            assert key in section, f"'{key}' is required, so the suite's section must have it"
            wrong = {name: value for name, value in section.items() if name != key}
            assert list(problems(spec, wrong)), f"a section without '{key}' must be refused"

    @written_in(COMMON, "What can't be meant is refused, by the schema or by a check, before anything is made of it.")
    def test_invalid_sections_are_refused(self, spec: Spec, invalid_sections: Mapping[str, Mapping[str, Any]]) -> None:
        for description, wrong in invalid_sections.items():
            assert list(problems(spec, wrong)), f"this section must be refused: {description}"


class EndpointChecks(SectionChecks):
    @written_in(COMMON, "`endpoint` names keys of the schema.")
    def test_endpoint_is_made_of_keys(self, spec: EndpointSpec) -> None:
        unknown = [key for key in spec.endpoint if key not in spec.schema]
        assert not unknown, f"'endpoint' must name keys of the schema: it finds who serves a section; unknown: {unknown}"

    @written_in(COMMON, "Every key says what it is for in `meta.description`, keys of credentials too.")
    def test_credentials_are_documented(self, spec: EndpointSpec) -> None:
        schema = spec.credentials.schema if spec.credentials else {}
        fault, silent = fault_of(schema), undocumented(schema)
        assert not fault, f"the schema of credentials must be one that Cerberus understands, but: {fault}"
        assert not silent, f"every key of credentials must say what it is for in meta.description; these don't: {silent}"

    @written_in(COMMON, "What is secret is marked with `meta.secret`, so at least one key of the credentials is.")
    def test_credentials_are_marked(self, spec: EndpointSpec) -> None:
        rules = spec.credentials.schema.values() if spec.credentials else ()
        assert not rules or any(rule.get("meta", {}).get("secret") for rule in rules), (
            "what is secret of the credentials must be marked so, with meta.secret"
        )


def assert_not_loaded_with_the_plugins(modules: Sequence[str], what_names_it: str) -> None:
    """That none of the modules is imported when the plugins are loaded."""
    done = subprocess.run([sys.executable, "-c", LOADED, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"loading the installed plugins must succeed: {done.stderr}"
    assert not done.stdout.split(), f"loading the plugins must not import these; let the spec name the {what_names_it} only: {done.stdout}"


def validator_of(spec: Spec) -> Validator:
    return Validator({"type": {"type": "string", "required": True}, **spec.schema})


def problems(spec: Spec, section: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a section, as the core finds it: the checks are asked where the schema has nothing to say."""
    validator = validator_of(spec)
    if not validator.validate(section, normalize=False):
        yield f"schema: {validator.errors}"
        return
    for check in spec.checks:
        for problem in check(section):
            if not problem.warning:
                yield f"{'.'.join(map(str, problem.path))}: {problem.message}"


def fault_of(schema: Schema) -> str | None:
    """Why Cerberus does not understand a schema; None where it does."""
    try:
        Validator(dict(schema))
    except (SchemaError, TypeError, ValueError, AttributeError) as error:
        return str(error)
    return None


def undocumented(schema: Schema) -> list[str]:
    return [key for key, rule in schema.items() if not rule.get("meta", {}).get("description")]

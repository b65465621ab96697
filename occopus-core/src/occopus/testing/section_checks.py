"""Checks of what a spec says of its section, whatever kind of plugin it declares."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cerberus import Validator

from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec

Spec = ResourceHandlerSpec | ConfigManagerSpec | NotifierSpec

LOADED = """
import sys
from occopus.plugins.loading import load_plugins
load_plugins()
print(" ".join(name for name in sys.argv[1:] if name in sys.modules))
"""


class SectionChecks:
    def test_names_itself(self, spec: Spec) -> None:
        assert spec.type, "a spec must name its type"
        assert spec.type == spec.type.strip().lower(), "a type is what users write: it must be lower case without blanks around it"
        assert spec.summary, "a spec must say in a few words what its type is, for 'occopus plugins'"

    def test_every_key_is_documented(self, spec: Spec) -> None:
        silent = [key for key, rule in spec.schema.items() if not rule.get("meta", {}).get("description")]
        assert not silent, f"every key must say what it is for in meta.description; these don't: {silent}"

    def test_endpoint_is_made_of_keys(self, spec: Spec) -> None:
        unknown = [key for key in spec.endpoint if key not in spec.schema]
        assert not unknown, f"'endpoint' must name keys of the schema: it finds who serves a section; unknown: {unknown}"

    def test_checks_can_be_documented(self, spec: Spec) -> None:
        nameless = [check for check in spec.checks if getattr(check, "__name__", "<lambda>") == "<lambda>"]
        assert not nameless, "a check's name appears in the documentation, so each must be a named function"

    def test_section_is_accepted(self, spec: Spec, section: dict[str, Any]) -> None:
        found = list(problems(spec, section))
        assert not found, f"a valid section must pass the schema and all checks, but: {found}"

    def test_unknown_key_is_refused(self, spec: Spec, section: dict[str, Any]) -> None:
        wrong = {**section, "no_such_key_at_all": 1}
        assert list(problems(spec, wrong)), "a key that the schema does not know must be refused: it is most likely misspelt"

    def test_missing_key_is_refused(self, spec: Spec, section: dict[str, Any]) -> None:
        for key in (key for key, rule in spec.schema.items() if rule.get("required")):
            assert key in section, f"'{key}' is required, so the suite's section must have it"
            wrong = {name: value for name, value in section.items() if name != key}
            assert list(problems(spec, wrong)), f"a section without '{key}' must be refused"

    def test_invalid_sections_are_refused(self, spec: Spec, invalid_sections: Mapping[str, Mapping[str, Any]]) -> None:
        for description, wrong in invalid_sections.items():
            assert list(problems(spec, wrong)), f"this section must be refused: {description}"


def assert_not_loaded_with_the_plugins(modules: Sequence[str], what_names_it: str) -> None:
    """That none of the modules is imported when the plugins are loaded."""
    done = subprocess.run([sys.executable, "-c", LOADED, *modules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"loading the installed plugins must succeed: {done.stderr}"
    assert not done.stdout.split(), f"loading the plugins must not import these; let the spec name the {what_names_it} only: {done.stdout}"


def problems(spec: Spec, section: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a section, as the core finds it: the checks are asked where the schema has nothing to say."""
    validator = Validator({"type": {"type": "string", "required": True}, **spec.schema})
    if not validator.validate(section, normalize=False):
        yield f"schema: {validator.errors}"
        return
    for check in spec.checks:
        for problem in check(section):
            if not problem.warning:
                yield f"{'.'.join(map(str, problem.path))}: {problem.message}"

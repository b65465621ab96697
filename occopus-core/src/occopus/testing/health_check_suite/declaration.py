"""The spec: does it tell users and the core what they need, without loading anything early?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distribution
from typing import Any

from cerberus import Validator

from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.registry import Registry, load_object
from occopus.testing.contract import written_in
from occopus.testing.documentation_checks import described_keys, names, readme_of
from occopus.testing.health_check_suite.fixtures import Asked
from occopus.testing.section_checks import COMMON, assert_not_loaded_with_the_plugins, fault_of

SPEC = "occopus.plugins.HealthCheckSpec"
OF_THE_CORE = {"type", "protocol", "timeout"}


class DeclarationChecks:
    @written_in(SPEC, "`key` is what users write, and `summary` says in a few words what is asked.")
    def test_names_itself(self, spec: HealthCheckSpec) -> None:
        assert spec.key, "a spec must name its key"
        assert spec.key == spec.key.strip().lower(), "a key is what users write: it must be lower case without blanks around it"
        assert spec.summary, "a spec must say in a few words what it is for, for 'occopus plugins'"

    @written_in(SPEC, "`aliases` are other spellings of the key; `type`, `protocol` and `timeout` are the core's own.")
    def test_keys_are_its_own(self, spec: HealthCheckSpec) -> None:
        keys = [spec.key, *spec.aliases]
        assert not OF_THE_CORE & set(keys), f"{', '.join(sorted(OF_THE_CORE))} are the core's own keys: a check must not define them anew"
        assert len(keys) == len(set(keys)), f"other spellings must be others: {keys}"

    @written_in(SPEC, "`rule` is the Cerberus rule for the key's value")
    def test_rule_is_understood(self, spec: HealthCheckSpec) -> None:
        fault = fault_of({spec.key: spec.rule})
        assert not fault, f"a rule must be one that Cerberus understands, but: {fault}"

    @written_in(SPEC, "`rule` is the Cerberus rule for the key's value, `meta.description` of which documents it.")
    def test_value_is_documented(self, spec: HealthCheckSpec) -> None:
        silent = [path for path, rule in keys_of(spec.key, spec.rule) if not rule.get("meta", {}).get("description")]
        assert not silent, f"the key, and every key in its value, must say what it is for in meta.description; these don't: {silent}"

    @written_in(COMMON, "names the type and every key that has a description")
    def test_readme_names_the_keys(self, spec: HealthCheckSpec, occopus_registry: Registry) -> None:
        package = occopus_registry.package_of(occopus_registry.health_check(spec.key))
        readme = readme_of(distribution(package))
        unnamed = sorted(key for key in described_keys({spec.key: spec.rule}) if not names(readme, key))
        assert not unnamed, f"the package's README must name every key that users may write; it says nothing of {unnamed}"

    @written_in(SPEC, "`rule` is the Cerberus rule for the key's value")
    def test_settings_are_accepted(self, spec: HealthCheckSpec, healthy: Asked, sick: Mapping[str, Asked]) -> None:
        for description, settings in {"healthy": healthy.settings, **{each: asked.settings for each, asked in sick.items()}}.items():
            found = problems(spec, settings)
            assert not found, f"the settings of '{description}' must fit the rule, but: {found}"

    @written_in(SPEC, "of the type that `rule` demands")
    def test_invalid_settings_are_refused(self, spec: HealthCheckSpec, invalid_settings: Mapping[str, Any]) -> None:
        for description, settings in invalid_settings.items():
            assert problems(spec, settings), f"this value must be refused: {description}"

    @written_in(SPEC, "`default` is the value where the key is left out; None means no check then.")
    def test_default_is_accepted(self, spec: HealthCheckSpec) -> None:
        found = [] if spec.default is None else problems(spec, spec.default)
        assert not found, f"the default must fit the rule, as it stands for what users leave out, but: {found}"

    @written_in(SPEC, "within `timeout` seconds")
    def test_timeout_makes_sense(self, spec: HealthCheckSpec) -> None:
        assert spec.timeout > 0, "a timeout is a number of seconds above 0"

    @written_in(SPEC, "`check` is `package.module:function`")
    def test_check_can_be_loaded(self, spec: HealthCheckSpec) -> None:
        assert callable(load_object(spec.check)), f"'{spec.check}' must name a function"

    @written_in(SPEC, "imported when a node is first asked")
    def test_plugin_loads_without_its_check(self, spec: HealthCheckSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.check.partition(":")[0], *heavy_modules], "check")


def problems(spec: HealthCheckSpec, settings: Any) -> Any:
    """What is wrong with a value of the key."""
    validator = Validator({spec.key: dict(spec.rule)})
    return None if validator.validate({spec.key: settings}, normalize=False) else validator.errors


def keys_of(path: str, rule: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A key and all keys in its value, each with its rule."""
    yield path, rule
    below = rule.get("schema", {})
    if rule.get("type") == "dict":
        for key, inner in below.items():
            yield from keys_of(f"{path}.{key}", inner)
    elif below.get("type") == "dict":
        for key, inner in below.get("schema", {}).items():
            yield from keys_of(f"{path}.{key}", inner)

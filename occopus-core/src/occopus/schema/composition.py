"""Composes the rules for each section from the installed plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cerberus import SchemaError

from occopus.errors import MissingPlugin
from occopus.model.node import Section
from occopus.model.plain_secret import values
from occopus.model.secret import is_secret_key
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.registry import Registry
from occopus.plugins.schema import Check, Problem, Schema
from occopus.schema import core
from occopus.schema.validation import SchemaValidator, is_template


def _secret_values(data: Any, schema: Any) -> Iterator[str]:
    rules = schema if isinstance(schema, Mapping) else {}
    if isinstance(data, Mapping):
        for key, value in data.items():
            rule = rules.get(key, {})
            if rule.get("meta", {}).get("secret") or is_secret_key(key):
                yield from values({"secret": value})
            else:
                yield from _secret_values(value, rule.get("schema"))
    elif isinstance(data, list):
        for item in data:
            yield from _secret_values(item, rules.get("schema"))


def without_empty(section: Section, problems: Iterable[Problem]) -> Section:
    """A section without the keys that have no value and may be left out: those that its validator warns of."""
    left: Section = _without(section, [problem.path for problem in problems if problem.warning])
    return left


def _without(data: Any, paths: Sequence[tuple[str | int, ...]]) -> Any:
    """Data without what stands at some paths."""
    if not paths:
        return data
    below = {key: [path[1:] for path in paths if path[0] == key and len(path) > 1] for key in {path[0] for path in paths}}
    gone = {path[0] for path in paths if len(path) == 1}
    if isinstance(data, Mapping):
        return {key: _without(value, below.get(key, ())) for key, value in data.items() if key not in gone}
    return [_without(value, below.get(index, ())) for index, value in enumerate(data)]


TYPE_RULE = {"type": "string", "required": True}


@dataclass(frozen=True)
class SectionRules:
    """All rules for a section of one type: a schema and the checks over several keys."""

    schema: Schema
    checks: tuple[Check, ...]
    validator: SchemaValidator

    def problems(self, section: Mapping[str, Any]) -> Iterator[Problem]:
        """What is wrong with a section. Checks see it only where the schema finds no error, so they can rely on its types, and without keys
        that have no value.
        """
        found = list(self.validator.problems(section))
        yield from found
        if all(problem.warning for problem in found) and not (self.validator.templates and _has_templates(section)):
            for check in self.checks:
                yield from _asked(check, without_empty(section, found))

    def secret_values(self, section: Mapping[str, Any]) -> Iterator[str]:
        """The values under keys that the schema calls secret, or that are named like secrets."""
        yield from _secret_values(section, self.schema)


class Composition:
    """The composed rules, each made at its first use."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._rules: dict[tuple[str, str], SectionRules] = {}
        self._sound_health_checks: set[str] = set()

    def rules(self, section: str, type: str = "") -> SectionRules:
        """The rules for a section of a type (`health_check` has none).

        Raises:
            MissingPlugin: nobody offers that type.
        """
        if (section, type) not in self._rules:
            self._rules[section, type] = self._compose(section, type)
        return self._rules[section, type]

    def types(self, section: str) -> list[str]:
        """The types that a section can have."""
        return self.registry.names(KIND_OF_SECTION[section])

    def spec(self, section: str, type: str) -> Any:
        """What the plugin behind a type of a section (other than `health_check`) declares.

        Raises:
            MissingPlugin: nobody offers that type.
        """
        return getattr(self.registry, _LOOKUP[section])(type)

    def health_check(self, key: str) -> HealthCheckSpec:
        """The check behind a key of `health_check`.

        Raises:
            MissingPlugin: nobody offers it, or its rule is not right.
        """
        spec = self.registry.health_check(key)
        if spec.key not in self._sound_health_checks:
            self._sound({key: spec.rule}, (), spec)
            self._sound_health_checks.add(spec.key)
        return spec

    def _compose(self, section: str, type: str) -> SectionRules:
        schema, checks, spec = self._own_rules(section, type)
        for more in self.registry.schema_rules(section, type):
            taken = ", ".join(sorted(set(more.schema) & set(schema)))
            if taken:
                package = self.registry.package_of(more)
                message = f"{package} redefines {taken} of {section} '{type}', and a schema rule may only add keys"
                raise MissingPlugin(message, f"pip uninstall {package}")
            self._sound(more.schema, more.checks, more)
            schema |= more.schema
            checks += more.checks
        return self._sound(schema, checks, spec, templates=section != "notifier")

    def _own_rules(self, section: str, type: str) -> tuple[dict[str, Mapping[str, Any]], tuple[Check, ...], Any]:
        """What a spec itself says of its section, and the spec."""
        if section == "health_check":
            return self._health_schema(), (), None
        spec = self.spec(section, type)
        common = core.NOTIFIER if section == "notifier" else {}
        return {"type": TYPE_RULE, **common, **spec.schema}, spec.checks, spec

    def _sound(self, schema: Schema, checks: tuple[Check, ...], spec: Any, *, templates: bool = True) -> SectionRules:
        """The rules, if Cerberus understands the schema; one package's mistake stops only what needs it."""
        try:
            return SectionRules(schema, checks, SchemaValidator(schema, templates))
        except (SchemaError, TypeError, ValueError, AttributeError) as error:
            package = self.registry.package_of(spec)
            raise MissingPlugin(f"a schema of {package} is not right: {error}", f"tell the authors of {package}") from None

    def _health_schema(self) -> dict[str, Mapping[str, Any]]:
        schema: dict[str, Mapping[str, Any]] = dict(core.HEALTH_CHECK)
        for spec in self.registry.health_checks():
            try:
                self.health_check(spec.key)
            except MissingPlugin:
                continue  # it is reported where a description uses the key
            rule = {**spec.rule, "meta": {"description": spec.summary} | dict(spec.rule.get("meta", {}))}
            schema |= dict.fromkeys((spec.key, *spec.aliases), rule)
        return schema


def _asked(check: Check, section: Mapping[str, Any]) -> Iterator[Problem]:
    """What a check finds; one that breaks is a problem too, not the end of all checking."""
    try:
        yield from check(section)
    except Exception as error:
        name = getattr(check, "__name__", "?")
        yield Problem((), f"the check '{name}' of the plugin broke: {type(error).__name__}: {error}", "tell the authors of the plugin")


KIND_OF_SECTION = {
    "resource": "resource handler",
    "contextualisation": "contextualiser",
    "config_management": "config manager",
    "health_check": "health check",
    "notifier": "notifier",
}
"""What the plugins behind a section are called."""

_LOOKUP = {
    "resource": "resource_handler",
    "contextualisation": "contextualiser",
    "config_management": "config_manager",
    "notifier": "notifier",
}


def _has_templates(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has_templates(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_templates(item) for item in value)
    return is_template(value)

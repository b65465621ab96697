"""Composes the rules for each section from the installed plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from occopus.errors import MissingPlugin
from occopus.plugins.registry import Registry
from occopus.plugins.schema import Check, Problem, Schema
from occopus.schema import core
from occopus.schema.validation import SchemaValidator, is_template

TYPE_RULE = {"type": "string", "required": True}


@dataclass(frozen=True)
class SectionRules:
    """All rules for a section of one type: a schema and the checks over several keys."""

    schema: Schema
    checks: tuple[Check, ...]
    validator: SchemaValidator

    def problems(self, section: Mapping[str, Any]) -> Iterator[Problem]:
        """What is wrong with a section. Checks see it only where the schema finds nothing, so they can rely on its types."""
        found = list(self.validator.problems(section))
        yield from found
        if not found and not _has_templates(section):
            for check in self.checks:
                yield from check(section)


class Composition:
    """The composed rules, each made at its first use."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._rules: dict[tuple[str, str], SectionRules] = {}

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
        return self.registry.names(_KIND_OF_SECTION[section])

    def _compose(self, section: str, type: str) -> SectionRules:
        if section == "health_check":
            return _rules(self._health_schema(), ())
        spec: Any = getattr(self.registry, _LOOKUP[section])(type)
        schema: dict[str, Mapping[str, Any]] = {"type": TYPE_RULE, **spec.schema}
        checks: tuple[Check, ...] = spec.checks
        for more in self.registry.schema_rules(section, type):
            taken = sorted(set(more.schema) & set(schema))
            if taken:
                raise MissingPlugin(f"a schema rule for {section} '{type}' redefines {', '.join(taken)}", "'occopus plugins' lists them")
            schema |= more.schema
            checks += more.checks
        return _rules(schema, checks)

    def _health_schema(self) -> Schema:
        schema: dict[str, Mapping[str, Any]] = dict(core.HEALTH_CHECK)
        for spec in self.registry.health_checks():
            rule = {**spec.rule, "meta": {"description": spec.summary} | dict(spec.rule.get("meta", {}))}
            schema |= dict.fromkeys((spec.key, *spec.aliases), rule)
        return schema


_KIND_OF_SECTION = {
    "resource": "resource handler",
    "contextualisation": "contextualiser",
    "config_management": "config manager",
    "health_check": "health check",
}
_LOOKUP = {"resource": "resource_handler", "contextualisation": "contextualiser", "config_management": "config_manager"}


def _rules(schema: Schema, checks: tuple[Check, ...]) -> SectionRules:
    return SectionRules(schema, checks, SchemaValidator(schema))


def _has_templates(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has_templates(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_templates(item) for item in value)
    return is_template(value)

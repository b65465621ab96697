"""Checks implementations of node definitions, section by section, and reports each fault at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from occopus.diagnostics import Diagnostics, Position, did_you_mean
from occopus.errors import MissingPlugin
from occopus.plugins.schema import SECTIONS, Problem
from occopus.schema.composition import KIND_OF_SECTION, Composition
from occopus.schema.validation import core_validator, describe, is_template

Path = tuple[str | int, ...]


class Locate(Protocol):
    """Where something stands in the files; None where it comes from the store."""

    def __call__(self, path: Sequence[str | int], of_key: bool = False) -> Position | None: ...


def nowhere(path: Sequence[str | int], of_key: bool = False) -> Position | None:
    """For data that comes from the store."""
    return None


class Reporter:
    """Adds problems to the diagnostics at their places below one path."""

    def __init__(self, diagnostics: Diagnostics, locate: Locate, base: Path = (), prefix: str = "") -> None:
        self.diagnostics = diagnostics
        self.locate = locate
        self.base = base
        self.prefix = prefix

    def below(self, *path: str | int) -> Reporter:
        return Reporter(self.diagnostics, self.locate, (*self.base, *path), self.prefix)

    def error(self, message: str, path: Path = (), hint: str | None = None, of_key: bool = False) -> None:
        self.diagnostics.error(self.prefix + message, self.locate((*self.base, *path), of_key), hint)

    def warning(self, message: str, path: Path = (), hint: str | None = None, of_key: bool = False) -> None:
        self.diagnostics.warning(self.prefix + message, self.locate((*self.base, *path), of_key), hint)

    def problems(self, problems: Iterator[Problem]) -> bool:
        """Report all; whether there was none but warnings."""
        clean = True
        for problem in problems:
            clean = clean and problem.warning
            report = self.warning if problem.warning else self.error
            report(problem.message, problem.path, problem.hint, of_key=problem.message.startswith("unknown key"))
        return clean


def check_mapping(data: object, schema: str, reporter: Reporter, what: str) -> bool:
    """Check a value against one of the core's schemas; whether it is good."""
    if not isinstance(data, Mapping):
        reporter.error(f"{what} must be a mapping, not {describe(data)}")
        return False
    return reporter.problems(core_validator(schema).problems(data))


class ImplementationChecker:
    """Checks one implementation of a node definition with the rules of the installed plugins."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition

    def check(self, data: object, reporter: Reporter, tolerate_missing: bool = False) -> None:
        """Report what is wrong with the sections of an implementation; its outline is checked elsewhere.

        `tolerate_missing`: a backend that exists but is not installed is a warning, since this implementation may never be used.
        """
        if not isinstance(data, Mapping):
            return
        for section in SECTIONS:
            if isinstance(data.get(section), Mapping):
                self.check_section(section, data[section], reporter.below(section), tolerate_missing)
        self._check_fit(data, reporter)

    def check_section(self, section: str, data: Mapping[str, Any], reporter: Reporter, tolerate_missing: bool = False) -> None:
        """Report what is wrong with one section."""
        type = "" if section == "health_check" else data.get("type")
        if not isinstance(type, str) or is_template(type):
            wrong = f"must be a name, not {describe(type)}" if "type" in data else "is missing"
            reporter.error(f"the key 'type' of {section} {wrong}", ("type",), did_you_mean("", self.composition.types(section)))
            return
        if section == "health_check":
            data = self._without_missing_checks(data, reporter, tolerate_missing)
        try:
            rules = self.composition.rules(section, type)
        except MissingPlugin as missing:
            self._report_missing(missing, section, type, ("type",), reporter, tolerate_missing)
            return
        reporter.problems(rules.problems(data))

    def _without_missing_checks(self, data: Mapping[str, Any], reporter: Reporter, tolerate_missing: bool) -> Mapping[str, Any]:
        """Report the keys whose check exists somewhere and can't be used, and leave them out."""
        usable = {}
        for key, value in data.items():
            try:
                if key in self.composition.types("health_check") or self._is_announced("health_check", key):
                    spec = self.composition.health_check(key)
                    if key != spec.key:
                        reporter.warning(f"'{key}' is an older spelling", (key,), f"say '{spec.key}'", of_key=True)
                usable[key] = value
            except MissingPlugin as missing:
                self._report_missing(missing, "health_check", key, (key,), reporter, tolerate_missing)
        return usable

    def _is_announced(self, section: str, name: str) -> bool:
        return self.composition.registry.is_announced(KIND_OF_SECTION[section], name)

    def _report_missing(
        self, missing: MissingPlugin, section: str, name: str, path: Path, reporter: Reporter, tolerate_missing: bool
    ) -> None:
        report = reporter.warning if tolerate_missing and self._is_announced(section, name) else reporter.error
        report(missing.message, path, missing.hint, of_key=section == "health_check")

    def _check_fit(self, data: Mapping[str, Any], reporter: Reporter) -> None:
        """The contextualiser must be one that the resource handler can pass on."""
        context, resource = data.get("contextualisation"), data.get("resource")
        if not isinstance(context, Mapping) or not isinstance(resource, Mapping):
            return
        try:
            spec = self.composition.registry.resource_handler(str(resource.get("type")))
            like = self.composition.registry.contextualiser(str(context.get("type"))).like
        except MissingPlugin:
            return
        fitting = sorted({"basic", *spec.contexts})
        if context["type"] not in fitting and like not in fitting:
            message = f"the contextualisation '{context['type']}' does not work with the resource '{spec.type}'"
            reporter.error(message, ("contextualisation", "type"), f"{spec.type} takes: {', '.join(fitting)}")

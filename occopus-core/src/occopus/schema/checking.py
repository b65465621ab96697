"""Checks implementations of node definitions, section by section, and reports each fault at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from occopus.diagnostics import Diagnostics, Position, did_you_mean
from occopus.errors import MissingPlugin
from occopus.plugins.registry import KNOWN_PACKAGES
from occopus.plugins.schema import SECTIONS, Problem
from occopus.schema.composition import Composition
from occopus.schema.validation import core_validator, describe

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
        """Report all; whether there was none."""
        clean = True
        for problem in problems:
            clean = False
            self.error(problem.message, problem.path, problem.hint, of_key=problem.message.startswith("unknown key"))
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

    def check(self, data: Mapping[str, Any], reporter: Reporter, tolerate_missing: bool = False) -> None:
        """Report what is wrong with an implementation whose outline is right.

        `tolerate_missing`: a backend that exists but is not installed is a warning, since this implementation may never be used.
        """
        for section in SECTIONS:
            if data.get(section) is not None:
                self._check_section(section, data[section], reporter.below(section), tolerate_missing)
        self._check_fit(data, reporter)

    def _check_section(self, section: str, data: Mapping[str, Any], reporter: Reporter, tolerate_missing: bool) -> None:
        type = "" if section == "health_check" else data.get("type")
        if not isinstance(type, str):
            hint = did_you_mean(type or "", self.composition.types(section))
            reporter.error(f"the key 'type' of {section} is missing or no text", ("type",), hint)
            return
        try:
            rules = self.composition.rules(section, type)
        except MissingPlugin as missing:
            near = did_you_mean(type, self.composition.types(section)) if type not in KNOWN_PACKAGES else None
            report = reporter.warning if tolerate_missing and type in KNOWN_PACKAGES else reporter.error
            report(missing.message, ("type",), near if near and near.startswith("did you") else missing.hint)
            return
        if section == "health_check":
            data = self._without_missing_checks(data, reporter)
        reporter.problems(rules.problems(data))

    def _without_missing_checks(self, data: Mapping[str, Any], reporter: Reporter) -> Mapping[str, Any]:
        """Report keys that a known package would check, and leave them out."""
        missing = {}
        for key in data:
            try:
                if KNOWN_PACKAGES.get(str(key).lower()):
                    self.composition.registry.health_check(key)
            except MissingPlugin as error:
                missing[key] = error
        for key, problem in missing.items():
            reporter.error(problem.message, (key,), problem.hint, of_key=True)
        return {key: value for key, value in data.items() if key not in missing}

    def _check_fit(self, data: Mapping[str, Any], reporter: Reporter) -> None:
        """The contextualiser must be one that the resource handler can pass on."""
        context, resource = data.get("contextualisation"), data.get("resource")
        if not isinstance(context, Mapping) or not isinstance(resource, Mapping):
            return
        try:
            spec = self.composition.registry.resource_handler(str(resource.get("type")))
            self.composition.registry.contextualiser(str(context.get("type")))
        except MissingPlugin:
            return
        fitting = sorted({"basic", *spec.contexts})
        if context["type"] not in fitting:
            message = f"the contextualisation '{context['type']}' does not work with the resource '{spec.type}'"
            reporter.error(message, ("contextualisation", "type"), f"{spec.type} takes: {', '.join(fitting)}")

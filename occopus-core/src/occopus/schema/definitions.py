"""Node definitions: files with any number of `node_def:NAME` keys, each a list of implementations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from occopus.diagnostics import Diagnostics
from occopus.model.node import Implementation
from occopus.schema.checking import ImplementationChecker, Locate, Path, Reporter, check_mapping, nowhere

PREFIX = "node_def:"


@dataclass(frozen=True)
class Definition:
    """A node definition as written, with the way back to where it stands."""

    name: str
    implementations: tuple[Mapping[str, Any], ...]
    locate: Locate = nowhere
    base: Path = ()

    def reporter(self, diagnostics: Diagnostics, index: int) -> Reporter:
        """Reports on one implementation; what comes from the store is named in words, having no place in a file."""
        prefix = f"{PREFIX}{self.name} (imported earlier), implementation {index + 1}: " if self.locate is nowhere else ""
        return Reporter(diagnostics, self.locate, (*self.base, index), prefix)


def holds_definitions(data: object) -> bool:
    """Whether a parsed file is one of node definitions, and not of an infrastructure."""
    return isinstance(data, Mapping) and any(str(key).startswith(PREFIX) for key in data)


def read_definitions(data: Mapping[str, Any], locate: Locate, diagnostics: Diagnostics) -> dict[str, Definition]:
    """The definitions in a file whose outline is right; the outline of the others is reported. Sections are not checked yet."""
    found = {}
    for key, implementations in data.items():
        reporter = Reporter(diagnostics, locate, (key,))
        name = str(key).removeprefix(PREFIX)
        if name == key or not name:
            reporter.error(f"unknown key '{key}'", hint=f"the keys of this file have the form '{PREFIX}NAME'", of_key=True)
        elif not isinstance(implementations, list) or not implementations:
            reporter.error(f"'{key}' must be a list of implementations", hint="begin each with a hyphen", of_key=True)
        elif _outlines_are_right(implementations, reporter):
            found[name] = Definition(name, tuple(implementations), locate, (key,))
    return found


def _outlines_are_right(implementations: list[Any], reporter: Reporter) -> bool:
    outlines = [
        check_mapping(data, "IMPLEMENTATION", reporter.below(index), "an implementation") for index, data in enumerate(implementations)
    ]
    return all(outlines)


def check_definition(definition: Definition, checker: ImplementationChecker, diagnostics: Diagnostics, tolerate_missing: bool) -> None:
    """Check every section of every implementation."""
    for index, data in enumerate(definition.implementations):
        checker.check(data, definition.reporter(diagnostics, index), tolerate_missing)


def implementation(index: int, data: Mapping[str, Any]) -> Implementation:
    """The model of a checked implementation."""
    return Implementation(
        index,
        data["resource"],
        data.get("contextualisation"),
        data.get("config_management"),
        data.get("health_check"),
    )

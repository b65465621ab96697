"""Node definitions: files with any number of `node_def:NAME` keys, each a list of implementations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from occopus.diagnostics import Diagnostics
from occopus.model.node import Implementation
from occopus.schema.checking import Locate, Path, Reporter, check_mapping, nowhere

PREFIX = "node_def:"


@dataclass(frozen=True)
class Definition:
    """A node definition as written, with the way back to where it stands. One that is not `sound` has faults in its outline,
    which are reported; it can be looked at and not be used."""

    name: str
    implementations: tuple[Mapping[str, Any], ...]
    locate: Locate = nowhere
    base: Path = ()
    sound: bool = True

    def reporter(self, diagnostics: Diagnostics, index: int) -> Reporter:
        """Reports on one implementation; what comes from the store is named in words, having no place in a file."""
        prefix = f"{PREFIX}{self.name} (imported earlier), implementation {index + 1}: " if self.locate is nowhere else ""
        return Reporter(diagnostics, self.locate, (*self.base, index), prefix)


def holds_definitions(data: object) -> bool:
    """Whether a parsed file is one of node definitions, and not of an infrastructure."""
    return isinstance(data, Mapping) and any(str(key).startswith(PREFIX) for key in data)


def read_definitions(data: object, locate: Locate, diagnostics: Diagnostics) -> dict[str, Definition]:
    """The definitions in a file. Their outlines are checked, their sections not yet."""
    reporter = Reporter(diagnostics, locate)
    if not isinstance(data, Mapping) or not data:
        reporter.error("there are no node definitions here", hint=_FORM)
        return {}
    if not holds_definitions(data) and "nodes" in data:
        reporter.error("this is an infrastructure description, and node definitions are wanted here", hint=_FORM)
        return {}
    found = {}
    for key, implementations in data.items():
        name = str(key).removeprefix(PREFIX)
        if name == key or not name:
            reporter.error(f"unknown key '{key}'", (key,), _FORM, of_key=True)
        elif not isinstance(implementations, list) or not implementations:
            reporter.error(f"'{key}' must be a list of implementations", (key,), "begin each with a hyphen", of_key=True)
            found[name] = Definition(name, (), locate, (key,), sound=False)
        else:
            sound = _outlines_are_right(implementations, reporter.below(key))
            found[name] = Definition(name, tuple(implementations), locate, (key,), sound)
    return found


_FORM = f"the keys of a file of node definitions have the form '{PREFIX}NAME'"


def _outlines_are_right(implementations: list[Any], reporter: Reporter) -> bool:
    outlines = [
        check_mapping(data, "IMPLEMENTATION", reporter.below(index), "an implementation") for index, data in enumerate(implementations)
    ]
    return all(outlines)


def implementation(index: int, data: Mapping[str, Any]) -> Implementation:
    """The model of a checked implementation."""
    return Implementation(
        index,
        data["resource"],
        data.get("contextualisation"),
        data.get("config_management"),
        data.get("health_check"),
        data.get("create_timeout"),
    )

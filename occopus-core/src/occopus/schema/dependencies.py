"""Dependencies between nodes: reading them, and the order that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from occopus.diagnostics import did_you_mean
from occopus.model.infrastructure import AttributeMapping, Dependency
from occopus.schema.checking import Reporter, check_mapping
from occopus.schema.validation import core_validator, describe

PAIR = 2


def read_dependencies(entries: list[Any], nodes: Iterable[Any], reporter: Reporter) -> list[Dependency]:
    """The dependencies that are right; the others are reported. `nodes` are the entries of the nodes as written."""
    known = _Nodes(nodes)
    read = [_dependency(entry, known, reporter.below(index)) for index, entry in enumerate(entries)]
    return [dependency for dependency in read if dependency]


def creation_order(nodes: Iterable[str], dependencies: Iterable[Dependency], reporter: Reporter) -> list[str] | None:
    """The nodes level by level: those that wait for nothing, then those that wait for these, and so on. None where there is a cycle."""
    declared = {name: position for position, name in enumerate(nodes)}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(declared, ()))
    for dependency in dependencies:
        sorter.add(dependency.dependent, dependency.dependee)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        reporter.error(f"the dependencies form a cycle: {cycle}", hint="each node is made after those it depends on; take one of these out")
        return None
    order: list[str] = []
    while sorter.is_active():
        level = sorted(sorter.get_ready(), key=declared.__getitem__)
        order += level
        sorter.done(*level)
    return order


class _Nodes:
    """The nodes that a reference can mean, by name and as entries."""

    def __init__(self, entries: Iterable[Any]) -> None:
        self._entries = list(entries)
        self._ids = {id(entry) for entry in self._entries}
        self.names = {entry["name"] for entry in self._entries if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)}

    def has_entry(self, reference: Any) -> bool:
        return id(reference) in self._ids


def _dependency(entry: Any, nodes: _Nodes, reporter: Reporter) -> Dependency | None:
    mappings: Any = []
    pair, place = entry, reporter
    if isinstance(entry, Mapping):
        if not _known_keys_are_right(entry, "CONNECTION", reporter):
            return None
        pair, place, mappings = entry["connection"], reporter.below("connection"), entry.get("mappings") or []
    if not isinstance(pair, list) or len(pair) != PAIR:
        place.error("a dependency must be a pair [dependent, dependee]", hint="for example: [ *SENDER, *RECEIVER ]")
        return None
    ends = [_node_name(reference, nodes, place.below(side)) for side, reference in enumerate(pair)]
    read = [_mapping(mapping, reporter.below("mappings", index)) for index, mapping in enumerate(mappings)]
    if None in ends or None in read:
        return None
    return Dependency(str(ends[0]), str(ends[1]), tuple(mapping for mapping in read if mapping))


def _node_name(reference: Any, nodes: _Nodes, reporter: Reporter) -> str | None:
    """A reference is a node's name, or an alias of the node, which the loader has replaced by the node itself."""
    name = reference.get("name") if isinstance(reference, Mapping) else reference
    if isinstance(name, str) and name in nodes.names:
        return name
    if not nodes.has_entry(reference):  # a node without a name is at fault for that already
        shown = f"'{name}'" if isinstance(name, str) else describe(reference)
        reporter.error(f"{shown} is no node of this infrastructure", hint=did_you_mean(name, nodes.names))
    return None


def _mapping(data: Any, reporter: Reporter) -> AttributeMapping | None:
    is_pair = isinstance(data, list)
    if is_pair:
        data = {"attributes": data}
    if not isinstance(data, Mapping):
        check_mapping(data, "MAPPING", reporter, "a mapping of attributes")
        return None
    if not _known_keys_are_right(data, "MAPPING", reporter, above=1 if is_pair else 0):
        return None
    source, destination = data["attributes"]
    return AttributeMapping(source, destination, data.get("synch", False))


def _known_keys_are_right(data: Mapping[str, Any], schema: str, reporter: Reporter, above: int = 0) -> bool:
    """Check the keys that Occopus knows; others are there for plugins and pass, with a warning where one looks like a slip.

    `above`: how many steps of the way to a problem are not in the file.
    """
    validator = core_validator(schema)
    for key in data:
        near = did_you_mean(key, validator.schema) if key not in validator.schema else None
        if near and near.startswith("did you mean"):
            reporter.warning(f"'{key}' means nothing to Occopus", (key,), near, of_key=True)
    found = validator.problems({key: value for key, value in data.items() if key in validator.schema})
    return reporter.problems(replace(problem, path=problem.path[above:]) for problem in found)

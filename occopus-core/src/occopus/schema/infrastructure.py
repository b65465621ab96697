"""Compiles an infrastructure description: checks it, resolves its references, and puts its nodes in the order of creation."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from occopus.diagnostics import Diagnostics, did_you_mean
from occopus.model.infrastructure import Dependency, Infrastructure
from occopus.model.node import Node, Scaling
from occopus.model.secret import from_plain, to_plain
from occopus.schema.checking import ImplementationChecker, Locate, Reporter, check_mapping, nowhere
from occopus.schema.composition import Composition
from occopus.schema.definitions import Definition, implementation
from occopus.schema.dependencies import creation_order, read_dependencies

FindDefinition = Callable[[str], Definition | None]


class InfrastructureCompiler:
    """Turns one description into a model. Everything wrong goes to the diagnostics; nothing stops at the first fault."""

    def __init__(
        self, composition: Composition, diagnostics: Diagnostics, definitions: Mapping[str, Definition], stored: FindDefinition
    ) -> None:
        self.composition = composition
        self.checker = ImplementationChecker(composition)
        self.diagnostics = diagnostics
        self.definitions = dict(definitions)
        self.stored = stored
        self.checked: set[tuple[str, int]] = set()
        """The implementations that were checked, each by the name of its definition and its index."""

    def compile(self, data: Any, locate: Locate) -> Infrastructure | None:
        """The infrastructure, or None where something is wrong with it."""
        reporter = Reporter(self.diagnostics, locate)
        check_mapping(data, "INFRASTRUCTURE", reporter, "an infrastructure description")
        if not isinstance(data, Mapping):
            return None
        if "user_id" not in data:
            reporter.warning("the key 'user_id' is missing", hint="node definitions are kept per user; add user_id: you@example.org")
        entries = _list(data.get("nodes"))
        names: set[str] = set()
        read = [self._node(entry, _mapping(data.get("variables")), reporter.below("nodes", i), names) for i, entry in enumerate(entries)]
        dependencies = read_dependencies(_list(data.get("dependencies")), entries, reporter.below("dependencies"))
        ends = {end for dependency in dependencies for end in (dependency.dependent, dependency.dependee)}
        order = creation_order(dict.fromkeys([*_names(entries), *sorted(ends)]), dependencies, reporter.below("dependencies"))
        if order is None or self.diagnostics.has_errors:
            return None
        nodes = {node.name: node for node in read if node}
        ordered = {name: nodes[name] for name in order}
        source = self._source(data, ordered, dependencies)
        return Infrastructure(data["infra_name"], data.get("user_id", ""), ordered, tuple(dependencies), source)

    def _node(self, entry: Any, variables: Mapping[str, Any], reporter: Reporter, names: set[str]) -> Node | None:
        """One node, or None where anything is wrong with it; every fault that can be found is reported. `names` are those before it."""
        sound = check_mapping(entry, "NODE", reporter, "a node")
        if not isinstance(entry, Mapping):
            return None
        name = entry.get("name")
        if isinstance(name, str) and name in names:
            reporter.error(f"there is a node '{name}' already", ("name",), "give each node a name of its own")
        elif isinstance(name, str):
            names.add(name)
        scaling = self._scaling(_mapping(entry.get("scaling")), reporter.below("scaling"))
        definition = self._definition(entry.get("type"), reporter)
        kept = self._filtered(definition, _mapping(entry.get("filter")), reporter) if definition and definition.sound else []
        if not (sound and scaling and definition and kept):
            return None
        return Node(
            name=entry["name"],
            type=entry["type"],
            implementations=tuple(implementation(index, definition.implementations[index]) for index in kept),
            scaling=scaling,
            variables=_merged(variables, _mapping(entry.get("variables"))),
            attributes=_mapping(entry.get("attributes")),
            create_timeout=entry.get("create_timeout"),
        )

    def _scaling(self, data: Mapping[str, Any], reporter: Reporter) -> Scaling | None:
        least = data.get("min", 1)
        most = data.get("max", least)
        if not isinstance(least, int) or not isinstance(most, int):
            return None
        if most < least:
            reporter.error(f"max ({most}) is less than min ({least})", ("max",))
            return None
        return Scaling(least, most)

    def _definition(self, type: Any, reporter: Reporter) -> Definition | None:
        """The definition of a type, from the files at hand or else from the store."""
        if not isinstance(type, str) or not type:
            return None
        if type not in self.definitions:
            found = self.stored(type)
            if found:
                self.definitions[type] = found
        definition = self.definitions.get(type)
        if definition is None:
            near = did_you_mean(type, self.definitions)
            hint = near if near and near.startswith("did") else "import it with occopus-import, or give its file with --nodes"
            reporter.error(f"there is no node definition '{type}'", ("type",), hint)
        return definition

    def _filtered(self, definition: Definition, wanted: Mapping[str, Any], reporter: Reporter) -> list[int]:
        """The indices of the implementations that fit the filter, each of them checked."""
        everything = definition.implementations
        kept = [index for index, data in enumerate(everything) if _fits(data["resource"], wanted)]
        if not kept:
            has = "; ".join(f"implementation {i + 1} has {_shown(data['resource'], wanted)}" for i, data in enumerate(everything))
            reporter.error(f"the filter {_shown(wanted, wanted)} leaves no implementation of '{definition.name}'", ("filter",), has)
        for index in kept:
            self._check_once(definition, index)
        return kept

    def _check_once(self, definition: Definition, index: int) -> None:
        if (definition.name, index) not in self.checked:
            self.checked.add((definition.name, index))
            self.checker.check(definition.implementations[index], definition.reporter(self.diagnostics, index))

    def _source(self, data: Mapping[str, Any], nodes: Mapping[str, Node], dependencies: Iterable[Dependency]) -> dict[str, Any]:
        """Plain data from which the same infrastructure can be compiled again, without files."""
        connections = [
            {
                "connection": [d.dependent, d.dependee],
                "mappings": [{"attributes": [m.source, m.destination], "synch": m.synch} for m in d.mappings],
            }
            for d in dependencies
        ]
        used = {node.type: list(self.definitions[node.type].implementations) for node in nodes.values()}
        plain: dict[str, Any] = to_plain({**data, "dependencies": connections, "definitions": used})
        return plain


def compile_source(source: Mapping[str, Any], composition: Composition, mask: Callable[[str], str] = str) -> Infrastructure:
    """The infrastructure that the store keeps as plain data. `mask` hides the secrets that faults may quote.

    Raises:
        DescriptionError: it can't be used any more, since a plugin that it needs is not installed, for example.
    """
    data = dict(from_plain(source))
    definitions = {name: Definition(name, tuple(items)) for name, items in data.pop("definitions").items()}
    diagnostics = Diagnostics(mask)
    compiler = InfrastructureCompiler(composition, diagnostics, definitions, lambda name: None)
    infrastructure = compiler.compile(data, nowhere)
    diagnostics.raise_if_errors()
    assert infrastructure is not None, "a description without faults compiles"  # noqa: S101
    return infrastructure


def check_unused(
    definitions: Mapping[str, Definition],
    composition: Composition,
    diagnostics: Diagnostics,
    tolerate_missing: bool,
    checked: Container[tuple[str, int]] = (),
) -> None:
    """Check whole definitions, whether or not an infrastructure uses them, save for the implementations that are `checked` already."""
    checker = ImplementationChecker(composition)
    for definition in definitions.values():
        for index, data in enumerate(definition.implementations):
            if (definition.name, index) not in checked:
                checker.check(data, definition.reporter(diagnostics, index), tolerate_missing)


def _mapping(value: object) -> Mapping[str, Any]:
    """A mapping that may be left out. What is none is at fault for that already."""
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(entries: Iterable[Any]) -> list[str]:
    return [entry["name"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)]


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """`base` with `over` laid on it, mappings within mappings too."""
    if not over:
        return base
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _fits(has: Any, wanted: Any) -> bool:
    """Whether a value is the one wanted; a mapping is where it contains every pair that is wanted."""
    if isinstance(wanted, Mapping):
        return isinstance(has, Mapping) and all(key in has and _fits(has[key], value) for key, value in wanted.items())
    return bool(has == wanted)


def _shown(has: Any, wanted: Any) -> str:
    """Of a value, what a filter asks for and nothing else."""
    if isinstance(has, Mapping) and isinstance(wanted, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(has[key], wanted[key]) if key in has else '(none)'}" for key in wanted) + "}"
    return "{...}" if isinstance(has, Mapping) else str(has)

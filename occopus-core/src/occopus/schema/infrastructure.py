"""Compiles an infrastructure description: checks it, resolves its references, and puts its nodes in the order of creation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from occopus.diagnostics import Diagnostics, did_you_mean
from occopus.model.infrastructure import Dependency, Infrastructure
from occopus.model.node import Node, Scaling
from occopus.model.secret import from_plain, to_plain
from occopus.schema.checking import ImplementationChecker, Locate, Reporter, check_mapping, nowhere
from occopus.schema.composition import Composition
from occopus.schema.definitions import Definition, check_definition, implementation
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
        self._sound: dict[str, bool] = {}

    def compile(self, data: Any, locate: Locate) -> Infrastructure | None:
        """The infrastructure, or None where something is wrong with it."""
        reporter = Reporter(self.diagnostics, locate)
        if not check_mapping(data, "INFRASTRUCTURE", reporter, "an infrastructure description"):
            return None
        if "user_id" not in data:
            reporter.warning("the key 'user_id' is missing", hint="node definitions are kept per user; add user_id: you@example.org")
        variables = data.get("variables") or {}
        nodes: dict[str, Node] = {}
        for index, entry in enumerate(data["nodes"]):
            node = self._node(entry, variables, reporter.below("nodes", index), nodes)
            if node:
                nodes[node.name] = node
        if len(nodes) < len(data["nodes"]):
            return None
        dependencies = read_dependencies(data.get("dependencies") or [], nodes, reporter.below("dependencies"))
        order = creation_order(nodes, dependencies, reporter.below("dependencies"))
        if dependencies is None or order is None or self.diagnostics.has_errors:
            return None
        ordered = {name: nodes[name] for name in order}
        source = self._source(data, ordered, dependencies)
        return Infrastructure(data["infra_name"], data.get("user_id", ""), ordered, tuple(dependencies), source)

    def _node(self, entry: Any, variables: Mapping[str, Any], reporter: Reporter, others: Mapping[str, Node]) -> Node | None:
        if not check_mapping(entry, "NODE", reporter, "a node"):
            return None
        name = entry["name"]
        if name in others:
            reporter.error(f"there is a node '{name}' already", ("name",), "give each node a name of its own")
            return None
        scaling = self._scaling(entry.get("scaling") or {}, reporter.below("scaling"))
        definition = self._definition(entry["type"], reporter)
        if definition is None or scaling is None:
            return None
        kept = self._filtered(definition, entry.get("filter") or {}, reporter)
        if not kept:
            return None
        return Node(
            name=name,
            type=entry["type"],
            implementations=tuple(implementation(index, definition.implementations[index]) for index in kept),
            scaling=scaling,
            variables=_merged(variables, entry.get("variables") or {}),
            attributes=entry.get("attributes") or {},
            create_timeout=entry.get("create_timeout"),
        )

    def _scaling(self, data: Mapping[str, int], reporter: Reporter) -> Scaling | None:
        least = data.get("min", 1)
        most = data.get("max", least)
        if most < least:
            reporter.error(f"max ({most}) is less than min ({least})", ("max",) if "max" in data else ())
            return None
        return Scaling(least, most)

    def _definition(self, type: str, reporter: Reporter) -> Definition | None:
        """The definition of a type, from the files at hand or else from the store."""
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
        key = f"{definition.name}/{index}"
        if key not in self._sound:
            self._sound[key] = True
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


def compile_source(source: Mapping[str, Any], composition: Composition) -> Infrastructure:
    """The infrastructure that the store keeps as plain data.

    Raises:
        DescriptionError: it can't be used any more, since a plugin that it needs is not installed, for example.
    """
    data = dict(from_plain(source))
    definitions = {name: Definition(name, tuple(items)) for name, items in data.pop("definitions").items()}
    diagnostics = Diagnostics()
    compiler = InfrastructureCompiler(composition, diagnostics, definitions, lambda name: None)
    infrastructure = compiler.compile(data, nowhere)
    diagnostics.raise_if_errors()
    assert infrastructure is not None, "a description without faults compiles"  # noqa: S101
    return infrastructure


def check_unused(definitions: Mapping[str, Definition], composition: Composition, diagnostics: Diagnostics, tolerate_missing: bool) -> None:
    """Check whole definitions, whether or not an infrastructure uses them."""
    checker = ImplementationChecker(composition)
    for definition in definitions.values():
        check_definition(definition, checker, diagnostics, tolerate_missing)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """`base` with `over` laid on it, mappings within mappings too."""
    if not over:
        return base
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _fits(resource: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(key in resource and resource[key] == value for key, value in wanted.items())


def _shown(section: Mapping[str, Any], keys: Iterable[str]) -> str:
    return "{" + ", ".join(f"{key}: {section.get(key, '(none)')}" for key in keys) + "}"

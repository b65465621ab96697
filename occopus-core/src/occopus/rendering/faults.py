"""Finds what templates get wrong by rehearsing, and says where in the files it stands."""

from __future__ import annotations

from dataclasses import replace

from occopus.diagnostics import Diagnostics, Position
from occopus.model.infrastructure import Infrastructure
from occopus.model.node import Implementation, Node
from occopus.rendering.rehearsal import Rehearsal, without_effects
from occopus.rendering.scope import Outside
from occopus.rendering.templates import Path, now_rendering
from occopus.schema.infrastructure import InfrastructureCompiler


def report_template_faults(
    infrastructure: Infrastructure, compiler: InfrastructureCompiler, outside: Outside, diagnostics: Diagnostics
) -> None:
    """Add each fault at the place of its template; the same template used by many nodes is reported once for each way to fail, and a doubt
    where it first arises.
    """
    doubts: set[str] = set()

    def warn(text: str) -> None:
        path, line = now_rendering()
        if text not in doubts:
            doubts.add(text)
            diagnostics.warning(text, place(*rehearsal.at, path, line) if path and rehearsal.at else None)

    def place(node: Node, implementation: Implementation, path: Path, line: int | None) -> Position | None:
        definition = compiler.definitions[node.type]
        return _inside(definition.locate((*definition.base, implementation.index, *path)), line)

    rehearsal = Rehearsal(infrastructure, compiler.composition, replace(without_effects(outside), warn=warn))
    reported = set()
    for node, implementation, error in rehearsal.faults():
        what = (node.type, implementation.index, error.path, error.line, error.message.partition(": ")[2])
        if what not in reported:
            reported.add(what)
            diagnostics.error(error.message, place(node, implementation, error.path, error.line), error.hint)


def _inside(start: Position | None, within: int | None) -> Position | None:
    """The place of a line within a template that begins at `start`."""
    if start is None or within is None:
        return start
    is_block = start.source.line(start.line)[start.column - 1 :].startswith(("|", ">"))
    if within == 1 and not is_block:
        return start
    line = start.line + within - (0 if is_block else 1)
    text = start.source.line(line)
    return Position(start.source, line, len(text) - len(text.lstrip()) + 1)

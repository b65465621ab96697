"""Finds what templates get wrong by rehearsing, and says where in the files it stands."""

from __future__ import annotations

from dataclasses import replace

from occopus.diagnostics import Diagnostics, Position
from occopus.errors import RenderError
from occopus.model.infrastructure import Infrastructure
from occopus.rendering.rehearsal import Rehearsal, without_effects
from occopus.rendering.scope import Outside
from occopus.schema.infrastructure import InfrastructureCompiler


def report_template_faults(
    infrastructure: Infrastructure, compiler: InfrastructureCompiler, outside: Outside, diagnostics: Diagnostics
) -> None:
    """Add each fault at the place of its template; the same template used by many nodes is reported once for each way to fail."""
    quiet = replace(without_effects(outside), warn=diagnostics.warning)
    rehearsal = Rehearsal(infrastructure, compiler.composition, quiet)
    reported = set()
    for node, implementation, error in rehearsal.faults():
        what = (node.type, implementation.index, error.path, error.line, error.message.partition(": ")[2])
        if what in reported:
            continue
        reported.add(what)
        definition = compiler.definitions[node.type]
        start = definition.locate((*definition.base, implementation.index, *error.path))
        diagnostics.error(error.message, _inside(start, error), error.hint)


def _inside(start: Position | None, error: RenderError) -> Position | None:
    """The place of a line within a template that begins at `start`."""
    if start is None or error.line is None:
        return start
    is_block = start.source.line(start.line)[start.column - 1 :].startswith(("|", ">"))
    if error.line == 1 and not is_block:
        return start
    line = start.line + error.line - (0 if is_block else 1)
    text = start.source.line(line)
    return Position(start.source, line, len(text) - len(text.lstrip()) + 1)

"""Draws what depends on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from occopus.model.infrastructure import Infrastructure
from occopus.model.node import Node


def as_text(infrastructure: Infrastructure) -> str:
    """The nodes in the order of creation, each with what it waits for."""
    lines = [infrastructure.name]
    for node in infrastructure.nodes.values():
        waits_for = ", ".join(dependency.dependee for dependency in infrastructure.dependees[node.name])
        lines.append(f"  {_label(node)}" + (f"  <- {waits_for}" if waits_for else ""))
    return "\n".join(lines)


def as_dot(infrastructure: Infrastructure) -> str:
    """For Graphviz; an arrow leads from a node to one that it depends on."""
    nodes = [f'  "{node.name}" [label="{_label(node)}"];' for node in infrastructure.nodes.values()]
    edges = [f'  "{d.dependent}" -> "{d.dependee}";' for d in infrastructure.dependencies]
    return "\n".join([f'digraph "{infrastructure.name}" {{', *nodes, *edges, "}"])


def as_mermaid(infrastructure: Infrastructure) -> str:
    """For Mermaid; nodes are numbered, since a name may be one of its keywords."""
    ids = {name: f"n{number}" for number, name in enumerate(infrastructure.nodes)}
    nodes = [f'  {ids[node.name]}["{_label(node)}"]' for node in infrastructure.nodes.values()]
    edges = [f"  {ids[d.dependent]} --> {ids[d.dependee]}" for d in infrastructure.dependencies]
    return "\n".join(["graph LR", *nodes, *edges])


DRAWINGS: Mapping[str, Callable[[Infrastructure], str]] = {"text": as_text, "dot": as_dot, "mermaid": as_mermaid}


def _label(node: Node) -> str:
    scaling = node.scaling
    count = "" if scaling.max == 1 else f" x{scaling.min}" if scaling.min == scaling.max else f" x{scaling.min}..{scaling.max}"
    types = "/".join(dict.fromkeys(implementation.type for implementation in node.implementations))
    return f"{node.name}{count} ({types})"

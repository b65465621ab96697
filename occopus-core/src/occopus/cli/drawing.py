"""Draws what depends on what."""

from __future__ import annotations

import re
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
    nodes = [f"  {_dot(node.name)} [label={_dot(_label(node))}];" for node in infrastructure.nodes.values()]
    edges = [f"  {_dot(d.dependent)} -> {_dot(d.dependee)};" for d in infrastructure.dependencies]
    return "\n".join([f"digraph {_dot(infrastructure.name)} {{", *nodes, *edges, "}"])


def as_mermaid(infrastructure: Infrastructure) -> str:
    """For Mermaid; nodes are numbered, since a name may be one of its keywords."""
    ids = {name: f"n{number}" for number, name in enumerate(infrastructure.nodes)}
    nodes = [f'  {ids[node.name]}["{_mermaid(_label(node))}"]' for node in infrastructure.nodes.values()]
    edges = [f"  {ids[d.dependent]} --> {ids[d.dependee]}" for d in infrastructure.dependencies]
    return "\n".join(["graph LR", *nodes, *edges])


def as_svg(infrastructure: Infrastructure) -> str:
    """A picture that needs no other program; an arrow leads from a node to one that it depends on."""
    from occopus.drawing.svg import svg  # noqa: PLC0415 - the other forms are drawn by others

    nodes = {node.name: f"{node.name}\n{' '.join([*_count(node), _types(node)])}" for node in infrastructure.nodes.values()}
    edges = [(d.dependent, d.dependee) for d in infrastructure.dependencies]
    return svg(nodes, edges, f"{infrastructure.name}: its nodes, and what each depends on")


DRAWINGS: Mapping[str, Callable[[Infrastructure], str]] = {"text": as_text, "dot": as_dot, "mermaid": as_mermaid, "svg": as_svg}

FORMS = {".txt": "text", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg"}
"""By the end of a file's name: what it holds."""


def _label(node: Node) -> str:
    return " ".join([node.name, *_count(node), f"({_types(node)})"])


def _count(node: Node) -> list[str]:
    """How many instances there may be, where it is not one."""
    least, most = node.scaling.min, node.scaling.max
    return [] if most == 1 else [f"x{least}" if least == most else f"x{least}..{most}"]


def _types(node: Node) -> str:
    return "/".join(dict.fromkeys(implementation.type for implementation in node.implementations))


def _dot(text: str) -> str:
    """A quoted text of DOT."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mermaid(text: str) -> str:
    """What Mermaid shows as this text: by its number whatever could be a mark of its language, of Markdown or of HTML."""
    return re.sub(r"[^\w (),./:+-]|^\W|\b_|_\b", lambda found: f"#{ord(found[0])};", text)

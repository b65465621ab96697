"""What a text holds, with the place of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from occopus.descriptors.text import Text
from occopus.diagnostics import Position

Key = str | int | float | bool | None
Entries = dict[Key, tuple["Node", "Node"]]
"""By key: the nodes of the key and of the value."""


@dataclass(slots=True, eq=False)
class Node:
    """A value of a text and where it begins.

    `size` counts it and all below with aliases written out, `depth` the levels below. An alias is the very node of its anchor, so
    what several places share is there once.
    """

    text: Text
    at: int
    data: Any
    size: int = 1
    depth: int = 0
    items: list[Node] | None = None
    entries: Entries | None = None

    @property
    def is_scalar(self) -> bool:
        return self.items is None and self.entries is None

    @property
    def position(self) -> Position:
        return self.text.position(self.at)


def find(root: Node, path: Sequence[str | int], of_key: bool) -> Node:
    """The node at a path, its key's for `of_key`; the nearest one above it where the path leads nowhere."""
    node = key = root
    for step in path:
        found = _below(node, step)
        if found is None:
            return node
        key, node = found
    return key if of_key else node


def _below(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if node.entries is not None:
        return node.entries.get(step)
    if node.items is not None and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step], node.items[step]
    return None

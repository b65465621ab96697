"""Puts boxes into layers so that arrows lead one way, and into an order in which few of them cross.

The first steps of Sugiyama, Tagawa and Toda: Methods for visual understanding of hierarchical system structures (1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 8
"""How often all layers are looked through for a better order, or better places; more changes hardly anything."""


@dataclass
class Layers:
    """The layers from the first to the last, each a list of names.

    `chains` has the names on the way of each edge, from its left end to its right one. Those between are not boxes: they keep a place for
    its line in each layer that it passes. `before` and `after` are the neighbours in the layers beside.
    """

    columns: list[list[str]]
    levels: Mapping[str, int]
    chains: list[list[str]] = field(default_factory=list)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)

    def is_forward(self, edge: tuple[str, str]) -> bool:
        """Whether an edge leads as most do; one that closes a circle does not."""
        return self.levels[edge[0]] > self.levels[edge[1]]


def layered(names: Sequence[str], edges: Sequence[tuple[str, str]], stretch: int) -> Layers:
    """The layers, in order. `stretch` is how many layers further an arrow leads at least."""
    levels = {name: level * stretch for name, level in _levels(names, edges).items()}
    last = max(levels.values(), default=0)
    layers = Layers([[] for _ in range(last + 1)], levels)
    for name in names:
        layers.columns[last - levels[name]].append(name)
    for number, (a, b) in enumerate(edges):
        left, right = (a, b) if layers.is_forward((a, b)) else (b, a)
        between = {f"{number}\0{column}": column for column in range(last - levels[left] + 1, last - levels[right])}
        layers.chains.append([left, *between, right])
        for name, column in between.items():
            layers.columns[column].append(name)
    _join(layers)
    _order(layers)
    return layers


def _levels(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many arrows one can follow from each box at most. An arrow back to where one comes from counts as its reverse."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        after[a].append(b)
    levels: dict[str, int] = {}
    for root, roots in after.items():
        way = {} if root in levels else {root: iter(roots)}
        while way:
            name, rest = next(reversed(way.items()))
            following = next((b for b in rest if b not in levels and b not in way), None)
            if following is None:
                levels[name] = max((levels[b] + 1 for b in after[name] if b in levels), default=0)
                del way[name]
            else:
                way[following] = iter(after[following])
    return levels


def _join(layers: Layers) -> None:
    layers.before = {name: [] for column in layers.columns for name in column}
    layers.after = {name: [] for name in layers.before}
    for a, b in (pair for chain in layers.chains for pair in pairwise(chain)):
        layers.after[a].append(b)
        layers.before[b].append(a)


def _order(layers: Layers) -> None:
    """Sort each layer by the mean position of its neighbours, backwards and forwards."""
    position = {name: float(index) for column in layers.columns for index, name in enumerate(column)}
    for sweep in range(SWEEPS):
        near = layers.before if sweep % 2 else layers.after
        for column in layers.columns if sweep % 2 else reversed(layers.columns):
            wanted = {name: mean(near[name], position, name) for name in column}
            column.sort(key=wanted.__getitem__)
            position.update((name, float(index)) for index, name in enumerate(column))


def mean(names: Sequence[str], values: Mapping[str, float], own: str) -> float:
    """The mean of some names' values; where there are none, a name's own value."""
    return sum(values[name] for name in names) / len(names) if names else values[own]

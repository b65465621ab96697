"""Gives boxes in layers their places, and arrows their ways.

Positions are (along, across): along the way that arrows lead, and across it. A line has a place of its own in each layer that it only
passes, so it crosses no box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from occopus.drawing.layers import SWEEPS, Layers, layered, mean

Place = tuple[float, float]
Size = tuple[float, float]

BETWEEN_LAYERS = 56.0
BETWEEN_BOXES = 18.0
BETWEEN_LINES = 12.0
"""The most between two arrows at the same side of a box."""


@dataclass(frozen=True)
class Layout:
    """The centres of boxes and how large they are; for each edge the points of its line, straight within layers and free between them; the
    centres of labels, by the index of their edge; how large everything is."""

    centres: Mapping[str, Place]
    sizes: Mapping[str, Size]
    lines: Sequence[Sequence[Place]]
    labels: Mapping[int, Place]
    extent: Size


def place(boxes: Mapping[str, Size], edges: Sequence[tuple[str, str]], labels: Mapping[int, Size]) -> Layout:
    """Place boxes of these sizes; those of a layer are all made as long as the longest. `labels` has the sizes of the labels of some edges,
    by index."""
    stretch = 2 if labels else 1  # for labels, there is a layer between any two
    layers = layered(list(boxes), edges, stretch)
    titles = {number: layers.chains[number][len(layers.chains[number]) // 2] for number in labels}
    sizes = {**dict.fromkeys(layers.before, (0.0, 0.0)), **boxes, **{titles[number]: size for number, size in labels.items()}}
    across = _across(layers, {name: size[1] for name, size in sizes.items()})
    spans, end = _along(layers, {name: size[0] for name, size in sizes.items()}, BETWEEN_LAYERS / stretch)
    centres = {name: (sum(span) / 2, across[name]) for name, span in spans.items()}
    ports = _ports(layers, across, sizes)
    lines = [_line(number, chain, spans, across, ports) for number, chain in enumerate(layers.chains)]
    return Layout(
        {name: centres[name] for name in boxes},
        {name: (spans[name][1] - spans[name][0], sizes[name][1]) for name in boxes},
        [line if layers.is_forward(edge) else line[::-1] for line, edge in zip(lines, edges, strict=True)],
        {number: centres[name] for number, name in titles.items()},
        (end, max((across[name] + size[1] / 2 for name, size in sizes.items()), default=0.0)),
    )


def _along(layers: Layers, lengths: Mapping[str, float], gap: float) -> tuple[dict[str, tuple[float, float]], float]:
    """Where each box, or place of a line, begins and ends: as its whole layer does. And where the last layer ends."""
    spans, start = {}, 0.0
    for column in layers.columns:
        end = start + max((lengths[name] for name in column), default=0.0)
        spans.update(dict.fromkeys(column, (start, end)))
        start = end + gap
    return spans, start - gap


def _across(layers: Layers, widths: Mapping[str, float]) -> dict[str, float]:
    """Draw each box to the middle of its neighbours, as far as the others of its layer allow."""
    across = dict.fromkeys(widths, 0.0)
    both = {name: [*layers.before[name], *layers.after[name]] for name in widths}
    for sweep in range(SWEEPS + 1):
        near = both if sweep == SWEEPS else layers.before if sweep % 2 else layers.after
        for column in layers.columns if sweep % 2 else reversed(layers.columns):
            _settle(column, across, {name: mean(near[name], across, name) for name in column}, widths)
    least = min((across[name] - width / 2 for name, width in widths.items()), default=0.0)
    return {name: value - least for name, value in across.items()}


def _settle(column: Sequence[str], across: dict[str, float], wanted: Mapping[str, float], widths: Mapping[str, float]) -> None:
    """The places nearest to those wanted, by the sum of squares, at which nothing touches: those that would are moved as one."""
    shift, shifts = 0.0, []
    groups: list[tuple[float, int]] = []
    for name in column:
        shifts.append(shift + widths[name] / 2)
        shift += widths[name] + BETWEEN_BOXES
        total, count = wanted[name] - shifts[-1], 1
        while groups and groups[-1][0] / groups[-1][1] > total / count:
            more, others = groups.pop()
            total, count = total + more, count + others
        groups.append((total, count))
    free = (total / count for total, count in groups for _ in range(count))
    across.update((name, place + shift) for name, place, shift in zip(column, free, shifts, strict=True))


def _ports(layers: Layers, across: Mapping[str, float], sizes: Mapping[str, Size]) -> dict[tuple[int, int], float]:
    """Where lines begin (side 0) and end (side -1) at their boxes, by edge and side: in the order of where they lead."""
    sides: dict[tuple[str, int], list[tuple[float, int]]] = {}
    for number, chain in enumerate(layers.chains):
        for side, near in ((0, 1), (-1, -2)):
            sides.setdefault((chain[side], side), []).append((across[chain[near]], number))
    ports = {}
    for (name, side), lines in sides.items():
        step = min(BETWEEN_LINES, sizes[name][1] / (len(lines) + 1))
        for index, (_, number) in enumerate(sorted(lines)):
            ports[number, side] = across[name] + (index - (len(lines) - 1) / 2) * step
    return ports


def _line(
    number: int,
    chain: Sequence[str],
    spans: Mapping[str, tuple[float, float]],
    across: Mapping[str, float],
    ports: Mapping[tuple[int, int], float],
) -> list[Place]:
    between = [(end, across[name]) for name in chain[1:-1] for end in spans[name]]
    return [(spans[chain[0]][1], ports[number, 0]), *between, (spans[chain[-1]][0], ports[number, -1])]

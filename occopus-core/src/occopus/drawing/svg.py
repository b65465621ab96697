"""Boxes with labels and arrows between them, as an SVG that needs nothing else and is read in light and in dark."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from occopus.drawing.layout import Place, Size, place

MARGIN = 24.0
PADDING = (16.0, 12.0)
LINE = 19.0
FONT = 14.0
ARROW = 8.0
"""Sizes in pixels."""
BOLDER, SMALLER = 1.12, 12 / 14
"""How wide names are, and all else, beside what is neither bold nor small."""

STYLE = """\
    .drawing { color-scheme: light dark; font-family: system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif; font-size: 14px }
    .paper { fill: #ffffff } .box { fill: #f3f6fa; stroke: #8393a7 } .line { fill: none; stroke: #5d6d80; stroke-width: 1.3 }
    .head { fill: #5d6d80 } .name { fill: #17202b; font-weight: 600 } .more, .label { fill: #4a5768; font-size: 12px }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #14181d } .box { fill: #222a33; stroke: #64748a } .line { stroke: #8fa1b6 }
      .head { fill: #8fa1b6 } .name { fill: #eef2f7 } .more, .label { fill: #b4c0ce }
    }"""
"""Text has a contrast of at least 4.5 to what is behind it, lines one of 3 (WCAG 2.1)."""


def svg(nodes: Mapping[str, str], edges: Iterable[Sequence[str]], title: str, *, down: bool = False) -> str:
    """Draw boxes and the arrows between them, from left to right or from top to bottom.

    `nodes` has the label of each box by its id; of several lines, the first is its name. An edge is (from, to) or (from, to, label).
    `title` says what the picture shows, to those who can't see it.

    Raises:
        ValueError: an edge leads to a box that is not there, or back to where it begins.
    """
    edges = [tuple(edge) for edge in edges]
    for a, b, *_ in edges:
        if a == b or not {a, b} <= nodes.keys():
            raise ValueError(f"an edge leads from one box to another, and not from '{a}' to '{b}'")
    texts = {number: edge[2] for number, edge in enumerate(edges) if len(edge) > 2 and edge[2]}
    turn = _turned if down else _as_is
    sizes = {id: turn(_size(label.splitlines(), PADDING)) for id, label in nodes.items()}
    labels = {number: turn(_size([text], (6.0, 0.0))) for number, text in texts.items()}
    layout = place(sizes, [(a, b) for a, b, *_ in edges], labels)
    width, height = (round(length + 2 * MARGIN) for length in turn(layout.extent))
    names = {id: (label.splitlines() or [id])[0] for id, label in nodes.items()}
    lines = (_line(layout.lines[n], down, f"{names[edge[0]]} → {names[edge[1]]}") for n, edge in enumerate(edges))
    boxes = (_box(turn(layout.centres[id]), turn(layout.sizes[id]), label.splitlines()) for id, label in nodes.items())
    marks = (_label(turn(layout.labels[number]), turn(labels[number]), text) for number, text in texts.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            f"  <title>{_plain(title)}</title>",
            f"  <style>\n{STYLE}\n  </style>",
            f'  <rect class="paper" width="{width}" height="{height}" rx="8"/>',
            f'  <g transform="translate({MARGIN:g} {MARGIN:g})">',
            *(f"    {part}" for parts in (lines, boxes, marks) for part in parts),
            "  </g>",
            "</svg>",
        ]
    )


def _line(points: Sequence[Place], down: bool, title: str) -> str:
    """A line that is straight in the layers and bends between them, with its head at the last point."""
    turn = _turned if down else _as_is
    forwards = 1 if points[-1][0] > points[0][0] else -1
    tip = points[-1]
    points = [*points[:-1], (tip[0] - forwards * (ARROW - 1), tip[1])]
    path = ["M", _at(turn(points[0]))]
    for index, (a, b) in enumerate(pairwise(points)):
        middle = (a[0] + b[0]) / 2
        bend = () if index % 2 or a[1] == b[1] else (turn((middle, a[1])), turn((middle, b[1])))
        path += ["C" if bend else "L", *(_at(place) for place in (*bend, turn(b)))]
    wings = [(tip[0] - forwards * ARROW, tip[1] + side * ARROW / 2.2) for side in (1, -1)]
    head = " ".join(["M", _at(turn(tip)), *("L " + _at(turn(wing)) for wing in wings), "Z"])
    return f'<g><title>{_plain(title)}</title><path class="line" d="{" ".join(path)}"/><path class="head" d="{head}"/></g>'


def _box(centre: Place, size: Size, lines: Sequence[str]) -> str:
    corner = f'x="{centre[0] - size[0] / 2:g}" y="{centre[1] - size[1] / 2:g}" width="{size[0]:g}" height="{size[1]:g}"'
    return f'<g><rect class="box" {corner} rx="6"/>{"".join(_texts(centre, lines))}</g>'


def _texts(centre: Place, lines: Sequence[str]) -> Iterator[str]:
    """Lines of text around a centre, of which the first is a name."""
    for index, line in enumerate(lines):
        height = centre[1] + (index - (len(lines) - 1) / 2) * LINE
        yield f'<text class="{"more" if index else "name"}" {_middle(centre[0], height)}>{_plain(line)}</text>'


def _label(centre: Place, size: Size, text: str) -> str:
    corner = f'x="{centre[0] - size[0] / 2:g}" y="{centre[1] - size[1] / 2:g}" width="{size[0]:g}" height="{size[1]:g}"'
    return f'<g><rect class="paper" {corner}/><text class="label" {_middle(*centre)}>{_plain(text)}</text></g>'


def _middle(x: float, y: float) -> str:
    """Where a text is centred; its baseline is a third of its height below."""
    return f'x="{x:g}" y="{y + FONT * 0.34:g}" text-anchor="middle"'


def _size(lines: Sequence[str], padding: Size) -> Size:
    widths = (_width(line) * (SMALLER if index else BOLDER) for index, line in enumerate(lines))
    return max(widths, default=0.0) + 2 * padding[0], LINE * len(lines) + 2 * padding[1]


def _width(text: str) -> float:
    """How wide a text is at most in the usual fonts: nobody knows which one the reader has, and DejaVu is the widest."""
    return FONT * sum(_WIDTHS.get(c, 0.72 if c.isupper() else 1.0 if unicodedata.east_asian_width(c) in "WF" else 0.61) for c in text)


_WIDTHS = dict.fromkeys("ijl.,:;'|!()[]/ ", 0.36) | dict.fromkeys("mwMW@%", 0.96) | dict.fromkeys("frt-", 0.44)
_NOT_XML = re.compile("[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: str) -> str:
    return escape(_NOT_XML.sub(" ", text))


def _at(place: Place) -> str:
    return f"{place[0]:g} {place[1]:g}"


def _as_is(pair: tuple[float, float]) -> tuple[float, float]:
    return pair


def _turned(pair: tuple[float, float]) -> tuple[float, float]:
    return pair[1], pair[0]

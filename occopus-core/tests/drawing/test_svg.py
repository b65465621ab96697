"""Pictures are read back as XML: what matters to who looks at them can be measured."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random
from xml.etree import ElementTree

import pytest

from occopus.drawing.svg import STYLE, svg

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


@dataclass
class Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        return abs(self.x - other.x + (self.width - other.width) / 2) < (self.width + other.width) / 2 and (
            abs(self.y - other.y + (self.height - other.height) / 2) < (self.height + other.height) / 2
        )

    def has(self, point: Point, margin: float = 0.0) -> bool:
        return self.x - margin <= point[0] <= self.x + self.width + margin and self.y - margin <= point[1] <= self.y + self.height + margin


@dataclass
class Picture:
    size: Point
    title: str
    boxes: dict[str, Box]
    lines: list[tuple[str, str, list[Point], Point]]
    """From, to, points along the line, and the tip of its head."""
    texts: list[str]
    labels: list[Box]

    @classmethod
    def read(cls, text: str) -> Picture:
        root = ElementTree.fromstring(text)
        groups = root.findall(f"{SVG}g/{SVG}g")
        boxes, lines, labels = {}, [], []
        for group in groups:
            rect, title = group.find(f"{SVG}rect"), group.find(f"{SVG}title")
            if title is not None:
                path, head = group.findall(f"{SVG}path")
                a, b = str(title.text).split(" → ")
                tip = numbers(str(head.get("d")))[0]
                lines.append((a, b, along(str(path.get("d"))), tip))
            elif rect is not None:
                box = Box(*(float(rect.get(key, "nan")) for key in ("x", "y", "width", "height")))
                if rect.get("class") == "box":
                    boxes[str(group.findtext(f"{SVG}text"))] = box
                else:
                    labels.append(box)
        texts = [str(each.text) for each in root.iter(f"{SVG}text")]
        size = float(root.get("width", "nan")), float(root.get("height", "nan"))
        return cls(size, str(root.findtext(f"{SVG}title")), boxes, lines, texts, labels)


def numbers(path: str) -> list[Point]:
    found = [float(number) for number in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", path)]
    return list(zip(found[::2], found[1::2], strict=True))


def along(path: str) -> list[Point]:
    """Points on a path of moves, lines and cubic curves."""
    points: list[Point] = []
    for letter, rest in re.findall(r"([MLC]) ([^MLC]*)", path):
        given = numbers(rest)
        if letter == "C":
            a, b, c, d = points[-1], *given
            for step in (0.25, 0.5, 0.75):
                weights = ((1 - step) ** 3, 3 * step * (1 - step) ** 2, 3 * step**2 * (1 - step), step**3)
                mixed = [sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1)]
                points.append((mixed[0], mixed[1]))
        points.append(given[-1])
    return points


def assert_readable(picture: Picture) -> None:
    """Everything is within the picture, nothing lies on anything else, and each arrow leads from its box to its box and past all others."""
    width, height = picture.size
    paper = Box(0, 0, width - 48, height - 48)
    for box in [*picture.boxes.values(), *picture.labels]:
        assert paper.has((box.x, box.y), 1)
        assert paper.has((box.x + box.width, box.y + box.height), 1)
    for (a, first), (b, second) in combinations(picture.boxes.items(), 2):
        assert not first.overlaps(second), f"{a} lies on {b}"
    for label in picture.labels:
        assert not any(label.overlaps(other) for other in [*picture.boxes.values(), *(o for o in picture.labels if o is not label)])
    for a, b, points, tip in picture.lines:
        assert picture.boxes[a].has(points[0], 0.1), f"the arrow to {b} begins elsewhere than at {a}"
        assert picture.boxes[b].has(tip, 0.1), f"the arrow from {a} ends elsewhere than at {b}"
        assert abs(points[-1][0] - tip[0]) + abs(points[-1][1] - tip[1]) < 10, "the line reaches its head"
        others = {name: box for name, box in picture.boxes.items() if name not in (a, b)}
        assert not [name for name, box in others.items() if any(box.has(point) for point in points)], f"the arrow {a} → {b} crosses boxes"


CHAIN = {"web": "web\nec2", "app": "app\nx1..3 nova", "db": "db\ndocker"}
SHAPES = {
    "nothing": ({}, []),
    "one box": ({"a": "a"}, []),
    "no arrows": ({"a": "a", "b": "b", "c": "c"}, []),
    "a chain with a short cut": (CHAIN, [("web", "app"), ("app", "db"), ("web", "db")]),
    "many to one": ({c: c for c in "abcdefghijk"}, [(c, "a") for c in "bcdefghijk"]),
    "a circle": (CHAIN, [("web", "app"), ("app", "db"), ("db", "web")]),
    "there and back": (CHAIN, [("web", "app", "asks"), ("app", "web", "answers"), ("db", "app", "tells"), ("web", "db")]),
    "twice the same": (CHAIN, [("web", "app", "reads"), ("web", "app", "writes"), ("web", "app")]),
    "many lines and long": ({"a": "a\nb\nc\nd", "M" * 63: "M" * 63}, [("M" * 63, "a", "a label that is longer than most of them are")]),
}


@pytest.mark.parametrize("down", [False, True], ids=["right", "down"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str, down: bool) -> None:
    nodes, edges = SHAPES[shape]
    picture = Picture.read(svg(nodes, edges, "what it shows", down=down))
    assert_readable(picture)
    assert picture.title == "what it shows"
    assert picture.boxes.keys() == nodes.keys()
    assert sorted(line[:2] for line in picture.lines) == sorted(edge[:2] for edge in edges)
    assert sorted(picture.texts) == sorted(
        [line for label in nodes.values() for line in label.splitlines()] + [edge[2] for edge in edges if len(edge) > 2]
    )


@pytest.mark.parametrize("down", [False, True], ids=["right", "down"])
@pytest.mark.parametrize("seed", range(5))
def test_any_graph_is_readable(seed: int, down: bool) -> None:
    random = Random(seed)
    names = [f"n{number}" for number in range(random.randrange(2, 25))]
    pairs = random.sample(list(combinations(names, 2)), min(len(names) * 2, len(names) * (len(names) - 1) // 2))
    edges = [(*random.sample(pair, 2), *(["label"] if random.random() < 0.1 else [])) for pair in pairs]
    assert_readable(Picture.read(svg({name: name for name in names}, edges, "any", down=down)))


def test_arrows_lead_one_way_and_the_last_are_where_nothing_is_waited_for() -> None:
    right, down = (Picture.read(svg(*SHAPES["a chain with a short cut"], "t", down=down)) for down in (False, True))
    assert right.boxes["web"].x < right.boxes["app"].x < right.boxes["db"].x
    assert down.boxes["web"].y < down.boxes["app"].y < down.boxes["db"].y


def test_boxes_that_share_a_neighbour_are_beside_each_other() -> None:
    edges = [("a1", "b1"), ("a2", "b2"), ("a3", "b1"), ("a4", "b2"), ("a5", "b1"), ("a6", "b2")]
    boxes = Picture.read(svg({name: name for edge in edges for name in edge}, edges, "t")).boxes
    heights = {end: sorted(boxes[a].y for a, b in edges if b == end) for end in ("b1", "b2")}
    first, second = sorted(heights.values())
    assert first[-1] < second[0], "no arrow crosses another"


def test_300_nodes_are_quick() -> None:
    random = Random(7)
    names = [f"node-{number}" for number in range(300)]
    edges = [(names[i], names[random.randrange(i)]) for i in range(1, 300) for _ in range(2)]
    begun = time.process_time()
    drawn = svg({name: f"{name}\nlocal" for name in names}, edges, "large")
    assert time.process_time() - begun < 5
    assert len(drawn) < 1_000_000
    assert_readable(Picture.read(drawn))


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"n{number}" for number in range(3000)]
    picture = Picture.read(svg({name: name for name in names}, list(pairwise(names)), "long", down=True))
    assert len(picture.boxes) == 3000


def test_odd_texts_are_shown_as_they_are() -> None:
    odd = "<b> & \"quotes\" 'too' ]]> 日本語 \x00\x1b[31m\ud800"
    picture = Picture.read(svg({"a": odd, "b": ""}, [("a", "b", "<&>")], odd))
    shown = "<b> & \"quotes\" 'too' ]]> 日本語   [31m "
    assert shown in picture.texts
    assert "<&>" in picture.texts
    assert picture.title == shown


@pytest.mark.parametrize("edge", [("a", "z"), ("z", "a"), ("a", "a")])
def test_an_edge_that_leads_nowhere(edge: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"an edge leads from one box to another, and not from '.' to '.'"):
        svg({"a": "a"}, [edge], "t")


def luminance(colour: str) -> float:
    parts = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    return sum(
        w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_contrast(mode: str) -> None:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    rules = dict(re.findall(r"\.([\w, .]+) \{[^}]*?(#[0-9a-f]{6})", light if mode == "light" else dark))
    strokes = dict(re.findall(r"\.(\w+) \{[^}]*stroke: (#[0-9a-f]{6})", light if mode == "light" else dark))

    def contrast(one: str, other: str) -> float:
        dim, bright = sorted((luminance(one), luminance(other)))
        return (bright + 0.05) / (dim + 0.05)

    for text in ("name", "more, .label"):
        assert contrast(rules[text], rules["box"]) >= 4.5
        assert contrast(rules[text], rules["paper"]) >= 4.5
    for line in (strokes["line"], strokes["box"], rules["head"]):
        assert contrast(line, rules["paper"]) >= 3

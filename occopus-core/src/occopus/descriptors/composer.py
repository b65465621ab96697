"""From the events of the YAML parser to nodes, in one pass without recursion.

PyYAML's own composer recurses in C and crashes the process on deep nesting, and it stops at the first fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from occopus.descriptors import limits, syntax
from occopus.descriptors.loading import Loading, Stopped
from occopus.descriptors.mappings import build_mapping
from occopus.descriptors.nodes import Node
from occopus.descriptors.scalars import CONVERTERS, NotANumber, plain_value
from occopus.descriptors.text import Text, has_control_characters
from occopus.diagnostics import did_you_mean

Tagger = Callable[[str, Node], Node]
"""Turns a value with a tag that is not YAML's own into what the tag makes of it."""

_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is not reached."""

    at: int
    tag: str | None
    anchor: str | None
    children: list[Node] = field(default_factory=list)


class Composer:
    """Reads one text."""

    parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    """libyaml's where PyYAML was built with it; PyYAML's own is some ten times slower."""

    def __init__(self, text: Text, loading: Loading, tagger: Tagger) -> None:
        self._text = text
        self._loading = loading
        self._tagger = tagger
        self._stack: list[_Open] = []
        # By anchor: where it stands, and its node, None until its end is reached.
        self._anchors: dict[str, tuple[int, Node | None]] = {}
        self._root: Node | None = None
        self._last = 0
        self._documents = 0

    def compose(self) -> Node | None:
        """The root of the text, with data None for an empty one; None where the text cannot be read to its end."""
        try:
            if has_control_characters(self._text, self._fault):
                return None
            self._refuse_directives()
            self._read()
        except Stopped:
            return None
        return self._root or Node(self._text, 0, None)

    def _read(self) -> None:
        take: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceEndEvent: self._end_list,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.DocumentStartEvent: self._document,
        }
        for event in self._events():
            handle = take.get(type(event))
            if handle:
                self._last = event.start_mark.index
                handle(event)

    def _events(self) -> Iterator[Any]:
        """The parser's events; that it can go no further is a fault."""
        events: Iterator[Any] = yaml.parse(self._text.content, Loader=self.parser)
        try:
            yield from events
        except yaml.YAMLError as error:
            raise self._stop(*syntax.explain(error, self._text)) from None
        except (ValueError, OverflowError):  # escapes of characters that do not exist
            raise self._stop(self._last, "after this place there is a character that does not exist") from None

    def _fault(self, text: Text, at: int, message: str, hint: str | None = None) -> None:
        self._loading.fault(text, at, message, hint)

    def _quote(self, words: str, at: int) -> str:
        return self._loading.quote(words, self._text, at)

    def _stop(self, at: int, message: str, hint: str | None = None) -> Stopped:
        return self._loading.stop(self._text, at, message, hint)

    def _refuse_directives(self) -> None:
        content = self._text.content
        if content.count("%TAG") > limits.TAG_DIRECTIVES and content.count("\n%TAG") >= limits.TAG_DIRECTIVES:
            raise self._stop(content.find("%TAG"), f"a file may have {limits.TAG_DIRECTIVES} '%TAG' lines; this one has more")

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(self._last, "a second document begins here, and a file holds one", "put it into a file of its own")

    def _begin(self, event: Any) -> None:
        at = self._last
        self._check_depth(len(self._stack) + 1, at)
        self._loading.spend(1, self._text, at)
        if event.anchor:
            self._anchor(event.anchor, at, None)
        self._stack.append(_Open(at, event.tag, event.anchor))

    def _end_list(self, event: Any) -> None:
        done = self._stack.pop()
        items = done.children
        self._end(done, Node(self._text, done.at, [item.data for item in items], items=items), "seq")

    def _end_mapping(self, event: Any) -> None:
        done = self._stack.pop()
        data, entries = build_mapping(self._text, done.children, self._loading)
        self._end(done, Node(self._text, done.at, data, entries=entries), "map")

    def _end(self, done: _Open, node: Node, own_tag: str) -> None:
        below = node.items or [each for entry in (node.entries or {}).values() for each in entry]
        if below:
            node.size = 1 + sum([each.size for each in below])
            node.depth = 1 + max([each.depth for each in below])
        if node.size > limits.EXPANDED:
            raise self._stop(done.at, "written out with all its aliases this would be too large", "refer to large parts less often")
        if done.tag not in (None, "!", _TAG + own_tag):
            node = self._tagged(str(done.tag), node)
        if done.anchor:
            self._anchors[done.anchor] = (done.at, node)
        self._place(node)

    def _scalar(self, event: Any) -> None:
        at = self._last
        self._loading.spend(1, self._text, at)
        text: str = event.value
        node = Node(self._text, at, text)
        if len(text) > 100:
            node.size += len(text) // 100
        if event.tag is None:
            if event.implicit[0]:
                node.data = self._value(plain_value, text, at)
        elif event.tag in CONVERTERS:
            node.data = self._value(CONVERTERS[event.tag], text, at)
        elif event.tag != "!":
            node = self._tagged(event.tag, node)
        if event.anchor:
            self._anchor(event.anchor, at, node)
        self._place(node)

    def _value(self, convert: Callable[[str], Any], text: str, at: int) -> Any:
        try:
            return convert(text)
        except NotANumber:
            message = f"{self._quote(text, at)} is written like a number or truth value and is none that can be kept"
            self._fault(self._text, at, message, "put it in quotes if text is meant")
            return text

    def _tagged(self, tag: str, node: Node) -> Node:
        if tag.startswith(_TAG):
            tag = "!!" + tag.removeprefix(_TAG)
        tagged = self._tagger(tag, node)
        self._check_depth(len(self._stack) + tagged.depth, node.at)
        return tagged

    def _alias(self, event: Any) -> None:
        at, name = self._last, event.anchor
        self._loading.spend(1, self._text, at)
        _, node = self._anchors.get(name, (0, None))
        if name not in self._anchors:
            shown = {anchor for anchor, (place, _) in self._anchors.items() if not self._text.hides(place)}
            hint = None if self._text.hides(at) else did_you_mean(name, shown)
            self._fault(self._text, at, f"no anchor is named {self._quote(name, at)} before this alias", hint)
        elif node is None:
            self._fault(self._text, at, f"the alias {self._quote(name, at)} stands inside of what it repeats, so that it has no end")
        else:
            self._check_depth(len(self._stack) + node.depth, at)
        self._place(node or Node(self._text, at, None))

    def _anchor(self, name: str, at: int, node: Node | None) -> None:
        if name in self._anchors:
            first = self._text.where(self._anchors[name][0])
            message = f"the anchor {self._quote(name, at)} is given twice; the first is at {first}"
            self._fault(self._text, at, message, "give each anchor a name of its own")
        self._anchors[name] = (at, node)

    def _check_depth(self, depth: int, at: int) -> None:
        if depth > limits.DEPTH:
            raise self._stop(at, f"lists and mappings are nested deeper than {limits.DEPTH} levels")

    def _place(self, node: Node) -> None:
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node

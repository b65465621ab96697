"""Sections with values that nobody would write, and somebody does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from occopus.plugins.schema import Schema

ODD: tuple[Any, ...] = (
    *("", " ", "\0", "ü\nü", ":", "/", "//", "[", "%", "-1", "{{ variables.x }}", "x" * 5000),
    *(0, -1, 2**70, 0.5, float("nan"), float("inf"), True, None),
    *([], [""], [None], [0], [[]], [{}], ["x", "x"], {}, {"": ""}, {"x": None}, {"x": {}}, {0: 0}),
)


def odd_sections(schema: Schema, section: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The section with each odd value in each place: under each key of the schema, and wherever the section has a value."""
    for path in dict.fromkeys([*((key,) for key in schema), *_paths(section)]):
        for value in ODD:
            yield _replaced(section, path, value)


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key != "type":
            yield (key,)
            yield from ((key, *rest) for rest in _paths(item))


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    if isinstance(value, list):
        return [_replaced(item, tuple(rest), new) if number == key else item for number, item in enumerate(value)]
    return {**value, key: _replaced(value.get(key), tuple(rest), new)}

"""Reads the tags that a user wrote, in each of the forms that are allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Tag(NamedTuple):
    """A tag as written: where it stands below `tags`, its key and its value."""

    path: tuple[str | int, ...]
    key: Any
    value: Any


class NoPair(Exception):
    """An item of the list is neither a pair nor a mapping with one pair."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def written(tags: Mapping[Any, Any] | list[Any]) -> Iterator[Tag]:
    """The tags in their order.

    Raises:
        NoPair: an item has no key and value that could be told.
    """
    if isinstance(tags, Mapping):
        yield from (Tag((key,), key, value) for key, value in tags.items())
        return
    for index, item in enumerate(tags):
        if isinstance(item, Mapping) and len(item) == 1:
            yield from (Tag((index, key), key, value) for key, value in item.items())
        elif isinstance(item, list | tuple) and len(item) == 2:
            yield Tag((index,), *item)
        else:
            raise NoPair(index)


def as_text(value: Any) -> str | None:
    """A key or value as EC2 gets it; None where it can't be one. Numbers and truth values look as in YAML."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def read(tags: Mapping[Any, Any] | list[Any] | None) -> dict[str, str]:
    """Checked tags by their keys."""
    return {as_text(tag.key) or "": as_text(tag.value) or "" for tag in written(tags or {})}

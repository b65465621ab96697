"""Rules that a schema can't express."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import Problem
from occopus_ec2 import limits, tags

RESERVED = ("aws:", "occopus:")
"""How keys begin that belong to EC2, or to us."""

OURS = 3
"""Marks that every instance bears; `Name` comes on top where the user gives none."""


def tags_are_a_mapping(section: Section) -> Iterator[Problem]:
    if isinstance(section.get("tags"), list):
        yield Problem(("tags",), "'tags' as a list of pairs is deprecated", "write a mapping: {owner: me, project: web}", warning=True)


def tags_are_allowed(section: Section) -> Iterator[Problem]:
    seen: set[str] = set()
    try:
        for tag in tags.written(section.get("tags") or {}):
            yield from _faults(tag, seen)
    except tags.NoPair as item:
        yield Problem(("tags", item.index), "a tag must be a pair: [key, value] or 'key: value'", "in a list, each item is one tag")
    most = limits.TAGS - OURS - ("Name" not in seen)
    if len(seen) > most:
        yield Problem(("tags",), f"there are {len(seen)} tags; EC2 allows {limits.TAGS}, and {limits.TAGS - most} of them are Occopus's")


def _faults(tag: tags.Tag, seen: set[str]) -> Iterator[Problem]:
    key, value = tags.as_text(tag.key), tags.as_text(tag.value)
    place = ("tags", *tag.path)
    if not key or len(key) > limits.TAG_KEY:
        yield Problem(place, f"the key of a tag must be text of 1 to {limits.TAG_KEY} characters")
        return
    if key in seen:
        yield Problem(place, f"the tag '{key}' is given twice")
    seen.add(key)
    if key.lower().startswith(RESERVED):
        yield Problem(place, f"the key '{key}' is reserved", f"keys must not begin with {' or '.join(RESERVED)}")
    if value is None or len(value) > limits.TAG_VALUE:
        yield Problem(place, f"the value of the tag '{key}' must be text of at most {limits.TAG_VALUE} characters")

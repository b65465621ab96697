"""Keys and values of a mapping, with merge keys (`<<`) and duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.descriptors.loading import Loading
from occopus.descriptors.nodes import Entries, Key, Node
from occopus.descriptors.text import Text

_KEY_TYPES = (str, int, float, bool, type(None))


def build_mapping(text: Text, children: list[Node], loading: Loading) -> tuple[dict[Key, Any], Entries]:
    """The data and the entries of a mapping from its keys and values in turn. Own keys win over merged ones."""
    own: Entries = {}
    merged: Entries = {}
    for key, value in zip(children[::2], children[1::2], strict=True):
        if key.data == "<<" and key.text.content.startswith("<<", key.at):
            for source in _merge_sources(value, loading):
                loading.spend(len(source), text, key.at)
                merged.update(source)
        elif not key.is_scalar or not isinstance(key.data, _KEY_TYPES):
            message, hint = _bad_key(key)
            loading.fault(key.text, key.at, message, hint)
        else:
            _add(own, key, value, loading)
    entries = {**merged, **own} if merged else own
    return {key: value.data for key, (_, value) in entries.items()}, entries


def _add(entries: Entries, key: Node, value: Node, loading: Loading) -> None:
    if key.data in entries:
        first = entries[key.data][0]
        where = first.text.where(first.at)
        message = f"the key {loading.quote(key.data, key.text, key.at)} is given twice in one mapping; the first is at {where}"
        loading.fault(key.text, key.at, message, "keep one of them")
    entries[key.data] = (key, value)


def _merge_sources(value: Node, loading: Loading) -> Iterator[Entries]:
    """What '<<' merges, the strongest last."""
    if value.entries is not None:
        yield value.entries
        return
    for source in reversed(value.items or []):
        if source.entries is not None:
            yield source.entries
    wrong = [source for source in value.items if source.entries is None] if value.items is not None else [value]
    for source in wrong:
        loading.fault(source.text, source.at, "'<<' merges mappings, and this is none", "write '<<: *name' with the anchor of a mapping")


def _bad_key(key: Node) -> tuple[str, str | None]:
    if key.text.content.startswith("{", key.at):
        return "a key must be text, and this is a mapping", "a value that begins with '{{' must stand in quotes"
    kind = "a list" if key.items is not None else "a mapping" if key.entries is not None else "a secret"
    return f"a key must be text, and this is {kind}", None

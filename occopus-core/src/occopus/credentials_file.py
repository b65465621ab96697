"""The authentication file: its structure, checked. No message repeats a value of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from occopus.descriptors.loader import Document
from occopus.diagnostics import Diagnostics, Position, did_you_mean

KINDS = ("resource", "config_management", "notifier")
"""The lists of the file; an entry of one is for sections of that name, or for targets of notifications."""


DROPPED = "voms"
"""A type of `auth_data` that Occopus 1 had until its release 1.10. An entry with it hinders nobody who does not need it."""
WHY_DROPPED = "'type: voms' is not supported any more: it was dropped in release 1.10"
INSTEAD = "use 'username' and 'password', or 'type: application_credential' with 'id' and 'secret'"


@dataclass(frozen=True)
class Entry:
    """An entry of the file. `criteria` must equal the same keys of a section; `position` shows nothing of the line."""

    kind: str
    criteria: Mapping[str, Any]
    auth_data: Mapping[str, Any] = field(repr=False)
    position: Position | None = None

    def fits(self, section: Mapping[str, Any]) -> bool:
        return all(key in section and section[key] == value for key, value in self.criteria.items())


def read_entries(document: Document, diagnostics: Diagnostics) -> list[Entry]:
    """The entries that are right; each fault is added to `diagnostics`."""
    data = document.data
    if data is None:
        return []
    if not isinstance(data, Mapping):
        hint = f"its keys are {', '.join(KINDS)}"
        diagnostics.error("an authentication file is a mapping", document.position(), hint)
        return []
    for key in data:
        if key not in KINDS:
            diagnostics.error("this key is not known in an authentication file", document.position([key], True), did_you_mean(key, KINDS))
    return [entry for kind in KINDS if data.get(kind) is not None for entry in _list(kind, data[kind], document, diagnostics)]


def _list(kind: str, items: Any, document: Document, diagnostics: Diagnostics) -> Iterator[Entry]:
    if not isinstance(items, list):
        diagnostics.error(f"'{kind}' is a list of entries", document.position([kind]), "each begins with '- type: ...'")
        return
    for index, item in enumerate(items):
        position = document.position([kind, index])
        if not isinstance(item, Mapping):
            diagnostics.error("an entry is a mapping with 'type' and 'auth_data'", position)
        elif _is_sound(kind, index, item, document, diagnostics):
            criteria = {key: value for key, value in item.items() if key != "auth_data"}
            yield Entry(kind, criteria, item["auth_data"], position)


def _is_sound(kind: str, index: int, item: Mapping[str, Any], document: Document, diagnostics: Diagnostics) -> bool:
    sound = True
    if not isinstance(item.get("type"), str):
        what = "'type' is text" if "type" in item else "the entry has no 'type'"
        diagnostics.error(what, document.position([kind, index, "type"]))
        sound = False
    auth_data = item.get("auth_data")
    if item.get("type") == "docker" and not (isinstance(auth_data, Mapping) and auth_data):  # Occopus 1 could not do without an entry
        diagnostics.warning("docker needs no entry, and this one says nothing", document.position([kind, index]), "remove it")
        return False
    if not isinstance(auth_data, Mapping):
        what = "'auth_data' is a mapping" if "auth_data" in item else "the entry has no 'auth_data'"
        diagnostics.error(what, document.position([kind, index, "auth_data"]))
        return False
    if auth_data.get("type") == DROPPED:
        diagnostics.warning(WHY_DROPPED, document.position([kind, index, "auth_data", "type"]), INSTEAD)
    return sound

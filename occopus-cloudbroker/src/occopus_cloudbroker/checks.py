"""Rules that a schema can't express."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from occopus.model.node import Section
from occopus.plugins import Problem

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""What can be the name of an element."""

FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write."""

OURS = {
    "cloud-init": "user data comes from the section 'contextualisation'",
    "cloud-init-b64": "user data comes from the section 'contextualisation'",
    "start-in-vpc": "write start_in_vpc beside 'description'",
}


def description_becomes_xml(section: Section) -> Iterator[Problem]:
    yield from _unwritable(section["description"], ("description",))


def description_leaves_what_is_ours(section: Section) -> Iterator[Problem]:
    for key in section["description"]:
        why = OURS.get(str(key).replace("_", "-"))
        if why:
            yield Problem(("description", key), f"'{key}' can't be given: {why}", "leave it out")


def _unwritable(value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not NAME.fullmatch(key):
                yield Problem(path, f"'{key}' can't be the name of an XML element", "letters, digits, '_', '-' and '.', a letter first")
            else:
                yield from _unwritable(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unwritable(item, (*path, index))
    elif isinstance(value, str) and FORBIDDEN.search(value):
        yield Problem(path, "the text has a control character, which XML can't hold")

"""Rules that a schema can't express."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import Problem

LONGEST_KEY = 32
"""Characters of a key of meta, as the API's reference says under "Objects' meta field"."""

RESERVED = ("base64_fields", "cloudinit-user-data")


def description_leaves_the_drive_to_us(section: Section) -> Iterator[Problem]:
    """A drive that the user names would be deleted with the server."""
    if "drives" in section["description"]:
        message = "'drives' can't be given: the node's drive is a clone of libdrive_id, and all drives are deleted with the node"
        yield Problem(("description", "drives"), message, "leave it out")


def meta_is_allowed(section: Section) -> Iterator[Problem]:
    for key, value in (section["description"].get("meta") or {}).items():
        place = ("description", "meta", key)
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
            yield Problem(place, f"a key of meta must be text of 1 to {LONGEST_KEY} characters")
        elif key in RESERVED or key.startswith("occopus:"):
            yield Problem(place, f"the key '{key}' of meta is reserved", "user data comes from the section 'contextualisation'")
        elif not isinstance(value, str):
            yield Problem(place, f"the value of '{key}' in meta must be text", "put it in quotes")

"""What pages in Markdown show: files, parts of files, and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from occopus.testing.user import User

NAMED = re.compile(r"`([\w./-]+)`[^`]*:$")
"""How the paragraph before a file ends."""

IMPLEMENTATION = {"resource", "contextualisation", "config_management", "health_check", "create_timeout"}


@dataclass
class Block:
    """A block of code: its kind, the name in the paragraph before it, its text, and the line that it begins in."""

    kind: str
    name: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    before = ""
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        if token.type == "inline":
            before = token.content
        if token.type == "fence":
            named = NAMED.search(before)
            yield Block(token.info.split(" ")[0], named[1] if named else "", token.content, (token.map or [0])[0] + 1)
            before = ""


def read(text: str) -> Any:
    """YAML with our own tags, each as whatever it holds."""
    return yaml.load(text, Loader=_Lenient)


def is_part_of_a_definition(data: Any) -> bool:
    return isinstance(data, dict) and data.keys() <= IMPLEMENTATION


def validate_part(user: User, text: str) -> None:
    """Check a part of an implementation within the rest of one."""
    nested = "".join(f"    {line}\n" for line in text.splitlines())
    resource = "" if "resource" in read(text) else "    resource: {type: local}\n"
    user.run("occopus", "validate", user.write("part.yaml", f"'node_def:part':\n  -\n{nested}{resource}"))


class _Lenient(yaml.SafeLoader):
    pass


_Lenient.add_multi_constructor("!", lambda loader, suffix, node: suffix)

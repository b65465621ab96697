"""The tags of descriptions: `!yaml_import`, `!text_import` and `!secret`. Every other is refused, and none ever runs code."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from occopus.descriptors import limits
from occopus.descriptors.loading import Loading, why_unreadable
from occopus.descriptors.nodes import Node
from occopus.descriptors.text import Text, decode
from occopus.diagnostics import did_you_mean
from occopus.errors import UsageError
from occopus.model.secret import KINDS, SecretReference

IMPORTS = ("!yaml_import", "!text_import")
TAGS = (*IMPORTS, "!secret")

SCHEME = "file://"


class Tags:
    """What the tags of one text make of their values. `compose` reads an imported YAML text."""

    def __init__(self, text: Text, loading: Loading, compose: Callable[[Text, Loading], Node | None]) -> None:
        self._text = text
        self._loading = loading
        self._compose = compose

    def apply(self, tag: str, node: Node) -> Node:
        """The node that stands for the tag and its value. Where it cannot be made that is a fault, and the data is None."""
        made: Node | None
        if tag in IMPORTS:
            made = self._imported(tag, node)
        elif tag == "!secret":
            made = self._secret(node)
        else:
            if not self._loading.lenient:
                hint = None if self._text.hides(node.at) else did_you_mean(tag, TAGS)
                self._fault(node, f"the tag {self._quote(tag, node)} is not known here", hint)
            return node
        return made or Node(self._text, node.at, None)

    def _quote(self, words: str, node: Node) -> str:
        return self._loading.quote(words, self._text, node.at)

    def _fault(self, node: Node, message: str, hint: str | None = None) -> None:
        self._loading.fault(self._text, node.at, message, hint)

    def _secret(self, node: Node) -> Node | None:
        if not self._loading.secrets:
            self._fault(node, "'!secret' is not allowed here: it would be looked up on another machine than yours")
            return None
        kind, name = next(iter(node.data.items())) if isinstance(node.data, Mapping) and len(node.data) == 1 else ("", "")
        if kind not in KINDS or not isinstance(name, str) or not name:
            self._fault(node, "'!secret' says where the secret is", f"write !secret {{{': ...}, {'.join(KINDS)}: ...}}")
            return None
        if kind == "file":
            name = name if name.startswith("~") else str((self._text.folder / name).absolute())
        return Node(self._text, node.at, SecretReference(kind, name))

    def _imported(self, tag: str, node: Node) -> Node | None:
        path = self._path(tag, node)
        if path is None:
            return None
        key = (tag, _identity(path))
        if key not in self._loading.imported:
            self._loading.imported[key] = self._load(tag, node, path)
        return self._loading.imported[key]

    def _path(self, tag: str, node: Node) -> Path | None:
        """The file that an import names, from the folder of the text that holds the tag."""
        url: Any = node.data.get("url") if isinstance(node.data, Mapping) else node.data
        if not isinstance(url, str) or not url or (isinstance(node.data, Mapping) and len(node.data) > 1):
            self._fault(node, f"'{tag}' takes a url and nothing else", f"write {tag} {{url: file://name.yaml}}")
            return None
        if url[: len(SCHEME)].lower() != SCHEME or len(url) == len(SCHEME):
            self._fault(node, f"{self._quote(url, node)} cannot be imported: only {SCHEME} is supported", f"write url: {SCHEME}name.yaml")
            return None
        return self._text.folder / unquote(url[len(SCHEME) :])

    def _load(self, tag: str, node: Node, path: Path) -> Node | None:
        chain = self._loading.chain
        identity = _identity(path)
        if tag == "!yaml_import" and not self._may_follow(node, identity):
            return None
        content = self._read(node, path)
        if content is None:
            return None
        text = decode(content, lambda words: self._loading.text(str(path), words, path.parent), self._loading.fault)
        if text is None:
            return None
        if tag == "!text_import":
            return Node(text, 0, text.content, 1 + len(text.content) // 100)
        chain.append(identity)
        try:
            return self._compose(text, self._loading)
        finally:
            chain.pop()

    def _may_follow(self, node: Node, path: Path) -> bool:
        chain = self._loading.chain
        if path in chain:
            names = " → ".join(each.name for each in [*chain[chain.index(path) :], path])
            self._fault(node, f"this file imports itself: {names}")
            return False
        if len(chain) > limits.IMPORTS:
            self._fault(node, f"files import each other in a chain of more than {limits.IMPORTS}")
            return False
        return True

    def _read(self, node: Node, path: Path) -> bytes | None:
        try:
            content = self._loading.reader(path)
        except (OSError, ValueError, UsageError) as error:
            self._fault(node, why_unreadable(error, f"'{path}'"), getattr(error, "hint", None))
            return None
        if len(content) > limits.BYTES:
            self._fault(node, f"the file '{path}' is larger than {limits.BYTES // 1024**2} MB")
            return None
        return content


def _identity(path: Path) -> Path:
    """The same for all ways to write a file's name."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a name that no file can have
        return path

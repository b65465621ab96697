"""From the address of a store, as settings have it, to the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from occopus.errors import UsageError
from occopus.store.base import Store
from occopus.store.memory import MemoryStore


def open_store(url: str) -> Store:
    """The store at an address: `memory:`, or `sqlite://` before the absolute path of a file, which is taken as it stands.

    Nothing is opened or made yet; that happens on first use.

    Raises:
        UsageError: no store has such an address. Messages never repeat one as a whole, since it may hold a password.
    """
    scheme, colon, rest = url.partition(":")
    opener = _OPENERS.get(scheme.lower()) if colon else None
    if opener is None:
        what = f"'{scheme}:' is not" if colon and re.fullmatch(r"[a-zA-Z][\w+.-]*", scheme) else "an address without a scheme is not"
        known = " and ".join(_FORMS.values())
        raise UsageError(f"{what} supported as a store by the installed version of Occopus", f"it knows {known}")
    return opener(rest)


def _memory(rest: str) -> Store:
    if rest:
        raise UsageError("the address of a store in memory has nothing after its colon", f"write {_FORMS['memory']}")
    return MemoryStore()


def _sqlite(rest: str) -> Store:
    path = Path(rest.removeprefix("//"))
    if not rest.startswith("///") or not path.name:
        raise UsageError("the address of an SQLite store needs the absolute path of a file", f"write {_FORMS['sqlite']}")
    from occopus.store.sqlite import SqliteStore  # noqa: PLC0415 - SQLite is loaded where it is used

    return SqliteStore(path)


_OPENERS: Mapping[str, Callable[[str], Store]] = {"memory": _memory, "sqlite": _sqlite}
_FORMS: Mapping[str, str] = {"memory": "memory:", "sqlite": "sqlite:///absolute/path"}

"""From the address of a store, as settings have it, to the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from occopus.errors import UsageError
from occopus.store.base import Store
from occopus.store.memory import MemoryStore
from occopus.store.redis_address import FORMS as REDIS_FORMS

Tell = Callable[[str], None]


def _ignore(text: str) -> None:
    """Nobody is told."""


def open_store(url: str, tell: Tell = _ignore) -> Store:
    """The store at an address: `memory:`; `sqlite://` before the absolute path of a file, which is taken as it stands; or a Redis.

    Nothing is opened or made yet; that happens on first use. `tell` hears when a server goes away and when it is back.

    Raises:
        UsageError: no store has such an address. Messages never repeat one as a whole, since it may hold a password.
    """
    scheme, colon, rest = url.partition(":")
    opener = _OPENERS.get(scheme.lower()) if colon else None
    if opener is None:
        what = f"'{scheme}:' is not" if colon and re.fullmatch(r"[a-zA-Z][\w+.-]*", scheme) else "an address without a scheme is not"
        *others, last = _FORMS.values()
        known = f"{', '.join(others)} and {last}"
        raise UsageError(f"{what} supported as a store by the installed version of Occopus", f"it knows {known}")
    return opener(f"{scheme.lower()}:{rest}", tell)


def _memory(url: str, tell: Tell) -> Store:
    if url != "memory:":
        raise UsageError("the address of a store in memory has nothing after its colon", f"write {_FORMS['memory']}")
    return MemoryStore()


def _sqlite(url: str, tell: Tell) -> Store:
    path = Path(url.removeprefix("sqlite://"))
    if not url.startswith("sqlite:///") or not path.name:
        raise UsageError("the address of an SQLite store needs the absolute path of a file", f"write {_FORMS['sqlite']}")
    from occopus.store.sqlite import SqliteStore  # noqa: PLC0415 - SQLite is loaded where it is used

    return SqliteStore(path)


def _redis(url: str, tell: Tell) -> Store:
    from occopus.store.redis import RedisStore  # noqa: PLC0415 - its library takes long to load

    return RedisStore(url, tell=tell)


_OPENERS: Mapping[str, Callable[[str, Tell], Store]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "redis": _redis,
    "rediss": _redis,
    "unix": _redis,
}
_FORMS: Mapping[str, str] = {"memory": "memory:", "sqlite": "sqlite:///absolute/path", **REDIS_FORMS}

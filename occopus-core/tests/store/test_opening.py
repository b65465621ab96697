"""Addresses of stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from occopus.errors import UsageError
from occopus.store.base import Key, Put
from occopus.store.memory import MemoryStore
from occopus.store.opening import open_store
from occopus.store.sqlite import SqliteStore

KEY = Key("thing", "scope")


@pytest.mark.parametrize("url", ["memory:", "MEMORY:"])
def test_memory(url: str) -> None:
    assert isinstance(open_store(url), MemoryStore)


@pytest.mark.parametrize("name", ["state.db", "with space %20 # ? é.db"])
def test_sqlite_takes_the_path_as_it_stands(tmp_path: Path, name: str) -> None:
    store = open_store(f"sqlite://{tmp_path / name}")
    assert isinstance(store, SqliteStore)
    store.write([Put(KEY, {}, 0)])
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_opening_touches_nothing(tmp_path: Path) -> None:
    open_store(f"sqlite://{tmp_path}/below/state.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["redis", "postgresql+psycopg", "http"])
def test_unknown_scheme_names_those_that_are_known(scheme: str) -> None:
    with pytest.raises(UsageError) as refusal:
        open_store(f"{scheme}://user:geheim@host/0")
    message, hint = refusal.value.message, refusal.value.hint
    assert message == f"'{scheme}:' is not supported as a store by the installed version of Occopus"
    assert hint == "it knows memory: and sqlite:///absolute/path"


@pytest.mark.parametrize("url", ["", ":", "memory", "state.db", "/var/state.db", "/geheim:x", "~:/x", "memory:x", "memory://geheim"])
@pytest.mark.parametrize("suffix", ["", "geheim"])
def test_what_is_no_address_is_refused_without_repeating_it(url: str, suffix: str) -> None:
    with pytest.raises(UsageError) as refusal:
        open_store(url + suffix)
    assert "memory:" in (refusal.value.hint or "")
    assert "geheim" not in refusal.value.message


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite:state.db", "sqlite:/state.db", "sqlite://host/state.db"])
def test_sqlite_needs_an_absolute_path(url: str) -> None:
    with pytest.raises(UsageError, match="absolute path") as refusal:
        open_store(url)
    assert refusal.value.hint == "write sqlite:///absolute/path"

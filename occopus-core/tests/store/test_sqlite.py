"""The SQLite store keeps the contract of a store, and its file keeps to itself."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from occopus.errors import StoreError
from occopus.store.base import Append, Key, Put, Store
from occopus.store.sqlite import SqliteStore, range_query
from occopus.store.sqlite_file import FORM
from occopus.testing.store_suite import DurableStoreSuite

KEY = Key("thing", "scope", "name")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "state.db"


@pytest.fixture
def opened(path: Path, clock: Callable[[], float]) -> Iterator[Callable[[], SqliteStore]]:
    """Gives a new store on the file each time it is called."""
    stores: list[SqliteStore] = []

    def another() -> SqliteStore:
        stores.append(SqliteStore(path, clock))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], SqliteStore]) -> SqliteStore:
    return opened()


class TestSqliteStore(DurableStoreSuite):
    @pytest.fixture
    def reopen(self, opened: Callable[[], Store]) -> Callable[[], Store]:
        return opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_file_and_directory_are_for_their_owner_only(path: Path, store: SqliteStore) -> None:
    store.write([Put(KEY, {}, 0)])
    assert {file.name: oct(mode(file)) for file in path.parent.iterdir()} == dict.fromkeys(
        ["state.db", "state.db-wal", "state.db-shm"], "0o600"
    )
    assert mode(path.parent) == 0o700


@pytest.mark.usefixtures("open_umask")
def test_the_file_never_has_a_wider_mode(path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """When SQLite first sees the file, it is there already and closed to others."""
    seen: list[int] = []
    connect = sqlite3.connect

    def watched(*args: object, **options: object) -> object:
        seen.append(mode(path))
        return connect(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sqlite3, "connect", watched)
    store.get(KEY)
    assert seen == [0o600]


def test_directory_that_exists_keeps_its_mode(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o755)
    store.get(KEY)
    assert mode(path.parent) == 0o755


@pytest.mark.usefixtures("open_umask")
def test_target_of_a_link_is_made_for_its_owner_only(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    path.symlink_to(path.parent / "elsewhere.db")
    store.get(KEY)
    assert mode(path.parent / "elsewhere.db") == 0o600


def test_wider_mode_is_taken_back(path: Path, store: SqliteStore, opened: Callable[[], SqliteStore]) -> None:
    store.write([Put(KEY, {}, 0)])
    for file in path.parent.iterdir():
        file.chmod(0o644)
    assert opened().get(KEY) is not None
    assert {mode(file) for file in path.parent.iterdir()} == {0o600}


def test_nothing_is_made_before_first_use(path: Path, store: SqliteStore) -> None:
    store.close()
    assert not path.parent.exists()


def test_store_opens_again_after_close(store: SqliteStore) -> None:
    store.write([Put(KEY, {}, 0)])
    store.close()
    assert store.get(KEY) is not None


def test_writes_reach_the_disk_before_they_count(path: Path, store: SqliteStore) -> None:
    with store._opened() as db:
        settings = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "fullfsync", "user_version")]
    assert settings == ["wal", 2, 1, FORM]


@pytest.mark.parametrize(
    ("scope", "after", "search"),
    [
        (None, "", "(kind=?)"),
        ("scope", "", "(kind=? AND scope=?)"),
        ("scope", "name", "(kind=? AND scope=? AND name>?)"),
    ],
)
def test_scan_reads_one_range_of_the_primary_key(store: SqliteStore, scope: str | None, after: str, search: str) -> None:
    query, parameters = range_query("thing", scope, after)
    with store._opened() as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", parameters)]
    assert plan == [f"SEARCH records USING PRIMARY KEY {search}"]


def test_lock_is_free_after_a_refusal(store: SqliteStore, opened: Callable[[], SqliteStore]) -> None:
    store.write([Put(KEY, {}, 0)])
    with pytest.raises(StoreError):
        store.write([Append("log", "scope", {}), Put(KEY, {}, 7)])
    other = opened()
    other.write([Put(KEY, {}, 1)])
    assert other.get(KEY) == store.get(KEY)

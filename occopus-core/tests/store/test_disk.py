"""The SQLite store on a real disk that is full, or read-only: what is wrong is said, and all stays as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_disk import SmallDisk, small_disk

from occopus.errors import StoreError
from occopus.store.base import Key, Put
from occopus.store.sqlite import SqliteStore

KEY = Key("thing", "scope", "name")
BIG = [Put(Key("thing", "scope", str(number)), {"text": "x" * 5000}, 0) for number in range(100)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small") as disk:
        yield disk


@pytest.fixture
def path(disk: SmallDisk) -> Path:
    return disk.path / "state.db"


def refusal(work: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(StoreError) as caught:
        work()
    return caught.value.message, caught.value.hint


def full(path: Path) -> tuple[str, str]:
    return f"the store '{path}' can't grow, nothing was written (database or disk is full)", "free space on its disk"


def test_on_a_full_disk_nothing_is_written_and_everything_can_be_read(disk: SmallDisk, path: Path, store: SqliteStore) -> None:
    store.write([Put(KEY, {"text": "old"}, 0)])
    lease = store.acquire("scope", "me", 60)
    disk.fill()
    for _ in range(2):
        assert refusal(lambda: store.write([Put(KEY, {"text": "new"}, 1), *BIG], lease)) == full(path)
    store.close()
    for reader in (store, SqliteStore(path)):
        assert [(record.key, record.value) for record in reader.scan("thing")] == [(KEY, {"text": "old"})]
        reader.close()
    disk.free()
    store.write([Put(KEY, {"text": "new"}, 1)], lease)
    store.release(lease)
    assert store.get(KEY).value == {"text": "new"}


def test_a_store_that_could_not_be_made_on_a_full_disk_is_made_when_there_is_room(disk: SmallDisk, path: Path, store: SqliteStore) -> None:
    disk.fill()
    for _ in range(2):
        assert refusal(lambda: store.write([Put(KEY, {}, 0)])) == full(path)
    disk.free()
    store.write([Put(KEY, {}, 0)])


def test_a_store_on_a_read_only_disk_can_be_read_and_not_be_written(disk: SmallDisk, path: Path, store: SqliteStore) -> None:
    store.write([Put(KEY, {"text": "old"}, 0)])
    store.close()
    before = path.read_bytes()
    with disk.read_only():
        assert store.get(KEY).value == {"text": "old"}
        assert len(list(store.scan("thing"))) == 1
        for work in (lambda: store.write([Put(KEY, {}, None)]), lambda: store.acquire("scope", "me", 60)):
            message, hint = refusal(work)
            assert message == f"the store '{path}' is read-only (attempt to write a readonly database)"
            assert hint == "check that you may write to it and to its directory"
        store.close()
    assert path.read_bytes() == before
    store.write([Put(KEY, {"text": "new"}, 1)])


def test_a_store_that_was_not_closed_is_not_read_without_its_last_writes(disk: SmallDisk, path: Path, store: SqliteStore) -> None:
    """They are in its log, which can't be read without a third file beside it."""
    store.write([Put(KEY, {"text": "old"}, 0)])
    log = Path(f"{path}-wal")
    content, written = path.read_bytes(), log.read_bytes()
    store.close()
    path.write_bytes(content)
    log.write_bytes(written)
    with disk.read_only():
        message, hint = refusal(lambda: store.get(KEY))
        assert (message, hint) == (
            f"the store '{path}' can't be opened (unable to open database file)",
            "check that you may read and write it and its directory",
        )
    assert store.get(KEY).value == {"text": "old"}


def test_a_store_can_not_be_made_on_a_read_only_disk(disk: SmallDisk, path: Path, store: SqliteStore) -> None:
    with disk.read_only():
        assert refusal(lambda: store.get(KEY)) == (
            f"the store '{path}' can't be made: Read-only file system",
            "check that you may write to its directory",
        )


LIMITED = """
import resource, signal, sys
from pathlib import Path
from occopus.errors import StoreError
from occopus.store.base import Key, Put
from occopus.store.sqlite import SqliteStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    SqliteStore(Path(sys.argv[1])).write([Put(Key("thing", "scope", str(n)), {"text": "x" * 5000}, 0) for n in range(100)])
except StoreError as error:
    print(f"{error} | {error.hint}")
"""


def test_a_file_that_may_not_grow_further(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store.write([Put(KEY, {"text": "old"}, 0)])
    done = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith(f"the store '{path}' can't ")
    assert "| " in done.stdout
    assert "space" in done.stdout
    assert [record.key for record in store.scan("thing")] == [KEY]
    store.write(BIG)
    store.close()

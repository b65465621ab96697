"""Several processes on one file, and processes that die."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_processes import BATCHES, COUNT, IMPORTS, finish

from occopus.store.base import Key, Put
from occopus.store.sqlite import SqliteStore

KEY = Key("thing", "scope", "name")

OPEN = """
from pathlib import Path
from occopus.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
"""

LEASE = """
try:
    store.acquire("scope", sys.argv[2], 600)
    print("won")
except LeaseHeld:
    print("lost")
"""

OPEN_AT = """
time.sleep(max(0, float(sys.argv[2]) - time.time()))
store.get(Key("thing", "scope", "name"))
"""

LEASE_AND_SLEEP = """
store.acquire("scope", "the dead one", 3)
print("has it", flush=True)
time.sleep(60)
"""


def start(script: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", IMPORTS + OPEN + script, *map(str, args)], stdout=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_lose_no_increment(path: Path, store: SqliteStore) -> None:
    finish([start(COUNT, path) for _ in range(4)])
    record = store.get(KEY)
    assert record is not None
    assert (record.value, record.version) == ({"count": 160}, 160)
    assert len(list(store.scan("log", "scope"))) == 160


def test_processes_that_make_the_file_at_once_all_get_it(tmp_path: Path) -> None:
    for attempt in range(4):
        at = time.time() + 1.0  # by when all of them wait
        finish([start(OPEN_AT, tmp_path / f"{attempt}.db", at) for _ in range(8)])


def test_one_process_gets_the_lease(path: Path) -> None:
    printed = finish([start(LEASE, path, f"owner {number}") for number in range(6)])
    assert sorted(printed) == ["lost"] * 5 + ["won"]


@pytest.mark.parametrize("batches", [1, 5, 20])
def test_killed_writer_leaves_whole_batches(path: Path, store: SqliteStore, batches: int) -> None:
    writer = start(BATCHES, path)
    assert writer.stdout is not None
    seen = [int(writer.stdout.readline()) for _ in range(batches)][-1]
    time.sleep(0.003 * (batches % 3))
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split()  # a part of it may stand in our buffer already
    writer.wait(60)
    assert writer.returncode == -signal.SIGKILL
    last = int(rest[-1]) if rest else seen

    numbers = [record.value["number"] for record in store.scan("part", "scope")]
    assert len(numbers) == 30
    assert len(set(numbers)) == 1, "the parts of one batch belong together"
    assert last <= numbers[0] <= last + 1, "what was reported as written is there"
    store.write([Put(KEY, {}, 0)])


def test_lease_of_a_killed_process_expires(path: Path, store: SqliteStore) -> None:
    holder = start(LEASE_AND_SLEEP, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "has it\n"
    holder.kill()
    holder.communicate(timeout=60)
    later = SqliteStore(path, lambda: time.time() + 3)
    assert later.acquire("scope", "the next one", 60).fence == 2
    later.close()

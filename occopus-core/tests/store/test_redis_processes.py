"""Several processes on one Redis, processes that die, and what is there after the Redis was started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from redis_server import RedisServer
from store_processes import BATCHES, COUNT, IMPORTS, finish

from occopus.errors import LeaseHeld
from occopus.store.base import Append, Delete, Key, Put
from occopus.store.redis import RedisStore

KEY = Key("thing", "scope", "name")

CLOCK = """
import sys, time
true_time = time.time
time.time = lambda: true_time() + float(sys.argv[2])
"""

OPEN = """
from occopus.store.redis import RedisStore
store = RedisStore(sys.argv[1])
"""

LEASE = """
try:
    print("won until", store.acquire("scope", sys.argv[3], 600).expires)
except LeaseHeld as error:
    print("lost:", error)
"""

LEASE_AND_SLEEP = """
store.acquire("scope", "the dead one", 1)
print("has it", flush=True)
time.sleep(60)
"""


def start(script: str, url: str, ahead: float = 0.0, *args: str) -> subprocess.Popen[str]:
    """Begin a process whose clock is so many seconds ahead."""
    return subprocess.Popen(
        [sys.executable, "-c", CLOCK + IMPORTS + OPEN + script, url, str(ahead), *args], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def store(redis_server: RedisServer) -> Iterator[RedisStore]:
    store = RedisStore(redis_server.url)
    yield store
    store.close()


def test_processes_that_start_at_once_lose_no_increment(redis_server: RedisServer, store: RedisStore) -> None:
    finish([start(COUNT, redis_server.url) for _ in range(4)])
    record = store.get(KEY)
    assert record is not None
    assert (record.value, record.version) == ({"count": 160}, 160)
    assert len(list(store.scan("log", "scope"))) == 160


def test_one_process_gets_the_lease_whatever_the_clocks_say(redis_server: RedisServer, store: RedisStore) -> None:
    clocks = [-3600.0, 0.0, 3600.0]
    printed = sorted(finish([start(LEASE, redis_server.url, ahead, f"owner {ahead}") for ahead in clocks]))
    assert [words.split()[0] for words in printed] == ["lost:", "lost:", "won"]
    assert all("(for 600 s at most)" in words or "(for 599 s at most)" in words for words in printed[:2])
    assert abs(float(printed[2].split()[-1]) - time.time() - 600) < 60, "the server's clock is that of this machine, which is right"


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_lease_of_a_killed_process_expires_by_the_servers_clock(redis_server: RedisServer, store: RedisStore, ahead: float) -> None:
    holder = start(LEASE_AND_SLEEP, redis_server.url, ahead)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "has it\n"
    holder.kill()
    holder.communicate(timeout=60)
    with pytest.raises(LeaseHeld, match="the dead one"):
        store.acquire("scope", "the next one", 60)
    time.sleep(1)
    assert store.acquire("scope", "the next one", 60).fence == 2


def test_lease_with_a_clock_that_jumps(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = store.acquire("scope", "alice", 60)
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 3600)
    with pytest.raises(LeaseHeld, match="alice"):
        store.acquire("scope", "bob", 60)
    again = store.acquire("scope", "alice", 60)
    assert (again.fence, again.expires - lease.expires < 30) == (lease.fence, True)


@pytest.mark.parametrize("batches", [1, 20])
def test_killed_writer_leaves_whole_batches(redis_server: RedisServer, store: RedisStore, batches: int) -> None:
    writer = start(BATCHES, redis_server.url)
    assert writer.stdout is not None
    seen = [int(writer.stdout.readline()) for _ in range(batches)][-1]
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().split()  # a part of it may stand in our buffer already
    writer.wait(60)
    last = int(rest[-1]) if rest else seen
    time.sleep(0.05)  # the server may still have a batch to carry out
    numbers = [record.value["number"] for record in store.scan("part", "scope")]
    assert (len(numbers), len(set(numbers))) == (30, 1), "the parts of one batch belong together"
    assert last <= numbers[0] <= last + 1, "what was reported as written is there"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_server_that_keeps_a_log_loses_nothing(start_redis: Callable[..., RedisServer], how: signal.Signals) -> None:
    server = start_redis("--appendonly", "yes", "--appendfsync", "always")
    store = RedisStore(server.url)
    lease = store.acquire("scope", "alice", 600)
    store.write([Put(KEY, {"text": "é"}, 0), Append("log", "scope", {}), Append("log", "scope", {})], lease)
    names = [record.key.name for record in store.scan("log")]
    store.write([Delete(Key("log", "scope", names[1]), 1)])
    store.close()
    server.stop(how)
    server.start()
    again = RedisStore(server.url)
    assert [(record.value, record.version) for record in again.scan("thing")] == [({"text": "é"}, 1)]
    with pytest.raises(LeaseHeld, match="alice"):
        again.acquire("scope", "bob", 600)
    again.write([Append("log", "scope", {})], lease)
    assert [record.key.name for record in again.scan("log")] == [names[0], f"{int(names[1]) + 1:016}"]
    again.release(lease)
    assert again.acquire("scope", "bob", 600).fence == lease.fence + 1
    again.close()

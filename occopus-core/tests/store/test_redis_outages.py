"""A Redis that goes away and comes back, and replies that get lost: nothing is lost, nothing is done twice, and users hear of it once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from proxy import Proxy
from redis import Redis
from redis_server import RedisServer, free_port

from occopus.errors import LeaseHeld, LeaseLost, StoreError, VersionConflict
from occopus.store import redis_connection
from occopus.store.base import Append, Delete, Key, Put, Store
from occopus.store.redis import PATIENCE, RedisStore

KEY = Key("thing", "scope", "name")
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class Opener:
    """Opens stores, and keeps what they tell."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stores: list[RedisStore] = []

    def __call__(self, url: str, patience: float = 30.0) -> RedisStore:
        self.stores.append(RedisStore(url, patience, self.told.append))
        return self.stores[-1]


@pytest.fixture
def opener() -> Iterator[Opener]:
    opener = Opener()
    yield opener
    for store in opener.stores:
        store.close()


def outages(url: str, times: int, patience: int = 30) -> list[str]:
    """What is told of so many outages."""
    return [f"the store {url} can't be reached; trying again for up to {patience} s", f"the store {url} can be reached again"] * times


def count(store: Store, key: Key, times: int) -> None:
    """Count up by compare-and-set, and note each step; a write that was done and reported as refused would count twice."""
    done = 0
    while done < times:
        record = store.get(key)
        number = record.value["count"] + 1 if record else 1
        try:
            store.write([Put(key, {"count": number}, record.version if record else 0), Append("log", key.scope, {})])
            done += 1
        except VersionConflict:
            continue


@contextmanager
def counting(store: Store, threads: int, times: int) -> Iterator[Callable[[], int]]:
    """Threads that count on two counters, half of them on each; how far they are. In the end all must have been counted once."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            count(store, Key("thing", f"scope {number % 2}", "counter"), times)
        except BaseException as error:
            failed.append(error)

    running = [threading.Thread(target=run, args=[number]) for number in range(threads)]
    for thread in running:
        thread.start()
    yield lambda: sum(record.value["count"] for record in store.scan("thing"))
    for thread in running:
        thread.join(60)
    assert failed == []
    assert [record.value["count"] for record in store.scan("thing")] == [threads * times // 2] * 2
    assert [record.version for record in store.scan("thing")] == [threads * times // 2] * 2
    names = [record.key.name for record in store.scan("log")]
    assert (len(names), len(set(names))) == (threads * times, threads * times)


def wait_for(progress: Callable[[], int], least: int) -> None:
    until = time.monotonic() + 30
    while progress() < least:
        assert time.monotonic() < until, "nothing goes on"
        time.sleep(0.005)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_server_that_starts_anew_while_threads_write(start_redis: Callable[..., RedisServer], opener: Opener, how: signal.Signals) -> None:
    server = start_redis(*DURABLE)
    store = opener(server.url)
    with counting(store, 8, 60) as progress:
        for outage in (1, 2):
            wait_for(progress, outage * 100)
            server.stop(how)
            time.sleep(0.3)
            server.start()
    assert opener.told == outages(server.url, 2)


def test_server_that_hangs_while_threads_write(redis_server: RedisServer, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent before is carried out when it goes on, beside what was sent again."""
    monkeypatch.setattr(redis_connection, "REPLY_SECONDS", 0.2)
    store = opener(redis_server.url)
    with counting(store, 8, 60) as progress:
        wait_for(progress, 100)
        redis_server.pause()
        time.sleep(0.7)
        redis_server.resume()
    assert opener.told == outages(redis_server.url, 1)


def test_short_hang_is_just_waited_for(redis_server: RedisServer, opener: Opener) -> None:
    store = opener(redis_server.url)
    store.get(KEY)
    redis_server.pause()
    threading.Timer(0.3, redis_server.resume).start()
    store.write([Put(KEY, {}, 0)])
    assert opener.told == []


def test_connections_that_broke_while_idle_are_no_outage(redis_server: RedisServer, opener: Opener) -> None:
    store = opener(redis_server.url)
    for _ in range(2):
        store.write([Put(KEY, {}, None)])
        with Redis.from_url(redis_server.url) as raw:
            raw.client_kill_filter(_type="normal", skipme=True)
    assert store.get(KEY) is not None
    assert opener.told == []


def test_every_method_waits(redis_server: RedisServer, opener: Opener) -> None:
    store = opener(redis_server.url)
    lease = store.acquire("scope", "alice", 600)
    methods: list[Callable[[], object]] = [
        lambda: store.get(KEY),
        lambda: list(store.scan("thing")),
        lambda: store.write([]),
        lambda: store.acquire("scope", "alice", 600),
        lambda: store.release(lease),
    ]
    for method in methods:
        with Redis.from_url(redis_server.url) as raw:
            raw.replicaof("127.0.0.1", str(free_port()))
            raw.config_set("replica-serve-stale-data", "no")
            promoting = threading.Timer(0.15, partial(raw.replicaof, "NO", "ONE"))
            promoting.start()
            method()
            promoting.join()
    assert opener.told == outages(redis_server.url, len(methods))


def test_replica_that_is_promoted_takes_writes_then(redis_server: RedisServer, opener: Opener) -> None:
    store = opener(redis_server.url)
    store.write([Put(KEY, {}, 0)])
    with Redis.from_url(redis_server.url) as raw:
        raw.replicaof("127.0.0.1", str(free_port()))
        assert store.get(KEY) is not None
        assert opener.told == []
        promoting = threading.Timer(0.3, partial(raw.replicaof, "NO", "ONE"))
        promoting.start()
        store.write([Put(KEY, {}, 1)])
        promoting.join()
    assert opener.told == outages(redis_server.url, 1)


def test_patience_ends(redis_server: RedisServer, opener: Opener) -> None:
    store = opener(redis_server.url, patience=1)
    store.write([Put(KEY, {}, 0)])
    redis_server.stop()
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"^the store {redis_server.url} could not be reached for 1 s \(.*refused\.\)$") as refusal:
            store.get(KEY)
    assert refusal.value.hint == "run the command again when it can be reached; it goes on where it was"
    gone, back = outages(redis_server.url, 1, patience=1)
    assert opener.told == [gone]
    redis_server.start()
    with pytest.raises(StoreError, match="was emptied"):
        store.write([Put(KEY, {}, 1)])
    assert opener.told == [gone, back]


def test_server_that_was_never_there(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    assert redis_connection.FIRST_PATIENCE == 3
    monkeypatch.setattr(redis_connection, "FIRST_PATIENCE", 0.2)
    port = free_port()
    with pytest.raises(StoreError, match=rf"^the store redis://127.0.0.1:{port}/0 can't be reached \(.*refused\.\)$") as refusal:
        opener(f"redis://somebody:geheim@127.0.0.1:{port}").get(KEY)
    assert refusal.value.hint == "check that a Redis runs there, and the address"
    assert (refusal.value.__cause__, refusal.value.__context__) == (None, None)
    assert opener.told == []


def test_host_that_has_no_address(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "FIRST_PATIENCE", 0.1)
    with pytest.raises(StoreError, match=r"^the store redis://nowhere\.invalid:6379/0 can't be reached \("):
        opener("redis://nowhere.invalid").get(KEY)


def test_server_that_comes_a_little_late(opener: Opener, redis_server: RedisServer) -> None:
    redis_server.stop()
    threading.Timer(0.3, redis_server.start).start()
    assert opener(redis_server.url).get(KEY) is None
    assert opener.told == []


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    proxy = Proxy(redis_server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def through(proxy: Proxy, opener: Opener) -> RedisStore:
    """A store behind the proxy, which has worked before."""
    store = opener(f"redis://127.0.0.1:{proxy.port}/0")
    store.write([Put(KEY._replace(name="first"), {}, 0)])
    return store


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_write_whose_reply_is_lost_is_done_once(proxy: Proxy, through: RedisStore, opener: Opener, times: int) -> None:
    through.write([Put(KEY, {"text": "old"}, 0), Put(KEY._replace(name="gone"), {}, 0)])
    proxy.losing = times
    through.write([Put(KEY, {"text": "new"}, 1), Delete(KEY._replace(name="gone"), 1), Append("log", "scope", {})])
    assert proxy.lost == times
    record = through.get(KEY)
    assert record is not None
    assert (record.value, record.version) == ({"text": "new"}, 2)
    assert through.get(KEY._replace(name="gone")) is None
    assert len(list(through.scan("log"))) == 1
    assert len(opener.told) == (2 if times > 1 else 0), "a single connection that breaks is opened anew, and nobody needs to hear of it"


def test_refusal_whose_reply_is_lost(proxy: Proxy, through: RedisStore) -> None:
    lease = through.acquire("scope", "alice", 600)
    through.acquire("scope", "bob", 600, instead_of="alice")
    proxy.losing = 1
    with pytest.raises(VersionConflict, match="thing/scope/first"):
        through.write([Append("log", "scope", {}), Put(KEY._replace(name="first"), {}, 0)])
    proxy.losing = 1
    with pytest.raises(LeaseLost, match="alice"):
        through.write([Append("log", "scope", {})], lease)
    proxy.losing = 1
    with pytest.raises(LeaseHeld, match="bob"):
        through.acquire("scope", "alice", 600)
    assert (proxy.lost, list(through.scan("log"))) == (3, [])


def test_lease_whose_reply_is_lost(proxy: Proxy, through: RedisStore) -> None:
    proxy.losing = 1
    first = through.acquire("scope", "alice", 600)
    proxy.losing = 1
    second = through.acquire("scope", "bob", 600, instead_of="alice")
    assert second.fence == first.fence + 1, "the repeated command takes no second number"
    proxy.losing = 1
    through.write([Put(KEY, {}, 0)], second)
    proxy.losing = 1
    through.release(second)
    assert proxy.lost == 4
    assert through.acquire("scope", "carol", 600).fence == second.fence + 1


def test_threads_count_right_while_replies_get_lost(proxy: Proxy, through: RedisStore) -> None:
    through.write([Delete(KEY._replace(name="first"), 1)])
    with counting(through, 8, 30) as progress:
        for step in range(1, 6):
            wait_for(progress, 30 * step)
            proxy.losing += 4
    assert proxy.lost == 20


def test_thread_that_is_late_to_notice_tells_of_no_second_outage(
    proxy: Proxy, through: RedisStore, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its command was on the way before the first thread noticed, and it gave up waiting only when all was well again."""
    monkeypatch.setattr(redis_connection, "REPLY_SECONDS", 0.6)
    store = opener(through._server.address.name)
    store.get(KEY)
    proxy.losing, proxy.silent = 2, True
    threads = [threading.Thread(target=store.write, args=[[Append("log", "scope", {})]]) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join(30)
    assert proxy.lost == 2
    assert len(list(store.scan("log"))) == 2
    assert opener.told == outages(through._server.address.name, 1)


def test_answer_is_kept_for_longer_than_anybody_repeats(redis_server: RedisServer, opener: Opener) -> None:
    opener(redis_server.url).write([])
    with Redis.from_url(redis_server.url) as raw:
        [kept] = raw.scan_iter("occopus:done:*")
        remaining: Any = raw.ttl(kept)
    assert remaining > 5 * PATIENCE

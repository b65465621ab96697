"""The store in Redis keeps the contract of a store, and leaves what else is in its database alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from occopus.errors import StoreError
from occopus.store import redis_connection
from occopus.store.base import Append, Delete, Key, Put, Store
from occopus.store.redis import RedisStore
from occopus.testing.store_suite import DurableStoreSuite

KEY = Key("thing", "scope", "name")


@pytest.fixture
def url(shared_redis: Any) -> str:
    """The address of a database with nothing in it."""
    with Redis.from_url(shared_redis.url) as raw:
        raw.flushall()
    return str(shared_redis.url)


@pytest.fixture
def raw(url: str) -> Iterator[Redis]:
    """The database behind the store's back."""
    with Redis.from_url(url, decode_responses=True) as raw:
        yield raw


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], RedisStore]]:
    """Gives a new store on the database each time it is called."""
    stores: list[RedisStore] = []

    def another() -> RedisStore:
        stores.append(RedisStore(url))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], RedisStore]) -> RedisStore:
    return opened()


class TestRedisStore(DurableStoreSuite):
    @pytest.fixture
    def advance(self) -> Callable[[float], None]:
        return time.sleep  # the clock is the server's, which goes by itself

    @pytest.fixture
    def reopen(self, opened: Callable[[], Store]) -> Callable[[], Store]:
        return opened


def written(store: Store, *keys: Key) -> None:
    store.write([Put(key, {}, None) for key in keys])


def commands_of(raw: Redis, work: Callable[[], object]) -> dict[str, int]:
    """How often the server carried out each command meanwhile; those in scripts count too."""
    raw.config_resetstat()
    work()
    stats = raw.info("commandstats")
    return {name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items() if "config" not in name}


def test_all_keys_have_our_prefix(store: RedisStore, raw: Redis) -> None:
    written(store, KEY)
    store.write([Append("log", "scope", {})], store.acquire("scope", "alice", 60))
    assert set(raw.keys()) - set(raw.keys("occopus:done:*")) == {
        "occopus:form",
        "occopus:counters",
        "occopus:leases",
        *(f"occopus:{what}:{kind}:scope" for what in ("records", "names") for kind in ("thing", "log")),
        *(f"occopus:scopes:{kind}" for kind in ("thing", "log")),
    }
    assert all(0 < raw.ttl(key) <= 600 for key in raw.keys("occopus:done:*"))


def test_what_is_deleted_leaves_no_key(store: RedisStore, raw: Redis) -> None:
    store.get(KEY)
    before = set(raw.keys()) - set(raw.keys("occopus:done:*"))
    written(store, KEY, KEY._replace(name="other"), KEY._replace(scope="elsewhere"))
    store.write([Delete(KEY, 1), Delete(KEY._replace(name="other"), None), Delete(KEY._replace(scope="elsewhere"), 1)])
    assert set(raw.keys()) - set(raw.keys("occopus:done:*")) == before


def test_what_others_keep_there_is_neither_seen_nor_touched(store: RedisStore, raw: Redis) -> None:
    """The original kept infrastructures and nodes under names of this kind."""
    theirs = {"infra:1": "---\nname: x", "node_def:worker": "[]", "occopus": "theirs"}
    for name, text in theirs.items():
        raw.set(name, text)
    raw.hset("thing:scope", "name", "theirs")
    written(store, KEY)
    store.write([Delete(KEY, 1)])
    assert list(store.scan("thing")) == []
    assert list(store.scan("infra")) == []
    assert {name: raw.get(name) for name in theirs} == theirs
    assert raw.hgetall("thing:scope") == {"name": "theirs"}


def test_names_and_scopes_go_by_their_code_points(store: RedisStore) -> None:
    """In UTF-16, and so in some other languages, the first two would change places."""
    wanted = ["", "\x00", "\uffff", "\U00010000"]
    assert wanted == sorted(wanted)
    written(store, *(Key("thing", scope, name) for scope in reversed(wanted) for name in reversed(wanted)))
    assert [(each.key.scope, each.key.name) for each in store.scan("thing")] == [(scope, name) for scope in wanted for name in wanted]
    assert [each.key.name for each in store.scan("thing", "", after="\x00")] == wanted[2:]
    assert [each.key.name for each in store.scan("thing", "", after="\uffff")] == wanted[3:]


def test_after_counts_in_every_scope(store: RedisStore) -> None:
    written(store, *(Key("thing", scope, name) for scope in "ab" for name in "xy"))
    assert [(each.key.scope, each.key.name) for each in store.scan("thing", after="x")] == [("a", "y"), ("b", "y")]


def test_reading_a_scope_is_one_command(store: RedisStore, raw: Redis) -> None:
    store.write([Put(Key("thing", "scope", f"{number:05}"), {"number": number}, 0) for number in range(10_000)])
    written(store, *(Key("thing", f"other {number}") for number in range(50)))
    found: list[int] = []
    used = commands_of(raw, lambda: found.extend(each.value["number"] for each in store.scan("thing", "scope")))
    assert found == list(range(10_000))
    assert used == {"evalsha": 1, "zrangebylex": 1, "hmget": 10}, "a thousand records at a time, all inside of one script"


def test_reading_on_costs_what_is_new(store: RedisStore, raw: Redis) -> None:
    store.write([Append("log", "scope", {}) for _ in range(5000)])
    last = list(store.scan("log", "scope"))[-1].key.name
    nothing = commands_of(raw, lambda: list(store.scan("log", "scope", after=last)))
    assert nothing == {"evalsha": 1, "zrangebylex": 1}, "nothing new, so no record is fetched"
    store.write([Append("log", "scope", {"new": True})])
    assert [each.value for each in store.scan("log", "scope", after=last)] == [{"new": True}]


def test_reading_a_kind_fetches_no_other(store: RedisStore, raw: Redis) -> None:
    written(store, Key("thing", "a"), Key("thing", "b"), *(Key("other", str(number)) for number in range(100)))
    assert commands_of(raw, lambda: list(store.scan("thing"))) == {"evalsha": 1, "zrange": 1, "zrangebylex": 2, "hmget": 2}


def test_one_record_is_one_command_and_a_batch_one_script(store: RedisStore, raw: Redis) -> None:
    written(store, KEY)
    assert commands_of(raw, lambda: store.get(KEY)) == {"hget": 1}
    assert commands_of(raw, lambda: written(store, KEY, KEY._replace(name="a"), KEY._replace(name="b")))["evalsha"] == 1


def test_scan_belongs_together_whatever_is_written_meanwhile(store: RedisStore) -> None:
    store.write([Put(Key("thing", "scope", str(number)), {"round": 0}, 0) for number in range(9)])
    found = store.scan("thing")
    first = next(found)
    store.write([Put(Key("thing", "scope", str(number)), {"round": 1}, 1) for number in range(5)])
    store.write([Delete(Key("thing", "scope", str(number)), 1) for number in range(5, 9)])
    assert [each.value["round"] for each in [first, *found]] == [0] * 9
    assert [each.value["round"] for each in store.scan("thing")] == [1] * 5


def test_times_of_leases_are_the_servers(store: RedisStore, raw: Redis) -> None:
    before = raw.time()
    lease = store.acquire("scope", "alice", 600)
    after = raw.time()
    assert before[0] + before[1] / 1e6 + 600 <= lease.expires <= after[0] + after[1] / 1e6 + 600


@pytest.mark.parametrize("owner", ["form", "two words", "", "line\nbreak 7 7 é"])
def test_owner_of_any_name(store: RedisStore, owner: str) -> None:
    lease = store.acquire("scope", owner, 60)
    again = store.acquire("scope", owner, 60)
    assert (lease.owner, again.owner, again.fence) == (owner, owner, lease.fence)
    assert store.acquire("scope", "next", 60, instead_of=owner).fence > lease.fence


def assert_clients(raw: Redis, number: int) -> None:
    """The server has so many connections; it notices a little later that one was closed."""
    until = time.monotonic() + 10
    while len(raw.client_list()) != number:
        assert time.monotonic() < until, raw.client_list()
        time.sleep(0.01)


def test_more_threads_than_connections(redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "CONNECTIONS", 2)
    store = RedisStore(redis_server.url)
    with Redis.from_url(redis_server.url) as raw, ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda number: written(store, Key("thing", "scope", str(number))), range(300)))
        assert_clients(raw, 3)
    assert len(list(store.scan("thing"))) == 300
    store.close()


def test_nothing_is_connected_before_first_use_and_after_close(redis_server: Any) -> None:
    with Redis.from_url(redis_server.url) as raw:
        store = RedisStore(redis_server.url)
        assert_clients(raw, 1)
        store.get(KEY)
        assert_clients(raw, 2)
        store.close()
        assert_clients(raw, 1)
        written(store, KEY)
        assert store.get(KEY) is not None
        store.close()


def test_socket_in_the_file_system(shared_redis: Any, store: RedisStore) -> None:
    local = RedisStore(f"unix://{shared_redis.folder}/redis.sock")
    elsewhere = RedisStore(f"unix://{shared_redis.folder}/redis.sock?db=3")
    written(local, KEY)
    assert (store.get(KEY), elsewhere.get(KEY)) == (local.get(KEY), None)
    local.close()
    elsewhere.close()


def test_newer_form_is_refused(store: RedisStore, raw: Redis, url: str) -> None:
    raw.set("occopus:form", "7")
    with pytest.raises(StoreError) as refusal:
        store.get(KEY)
    assert refusal.value.message == f"the store {url} has the form 7, this version of Occopus knows up to 1"
    assert refusal.value.hint == "upgrade occopus-core"
    with pytest.raises(StoreError, match="form 7"):
        written(store, KEY)
    assert raw.keys() == ["occopus:form"]


@pytest.mark.parametrize("mark", [None, "7"], ids=["emptied", "other form"])
def test_store_that_changes_its_form_takes_no_writes(store: RedisStore, raw: Redis, mark: str | None) -> None:
    """A Redis that lost all in a restart would otherwise be filled again as if nothing had been there."""
    lease = store.acquire("scope", "alice", 60)
    raw.flushall()
    if mark:
        raw.set("occopus:form", mark)
    for work in (lambda: written(store, KEY), lambda: store.write([], lease), lambda: store.acquire("scope", "alice", 60)):
        with pytest.raises(StoreError, match="was emptied, or changed its form, since it was opened; nothing was written"):
            work()
    assert raw.keys() == (["occopus:form"] if mark else [])


@pytest.mark.parametrize("text", ["", "{}", "x {}", "1 {", "1 [1]", "1 ", b"1 \xff"])
def test_damaged_record(store: RedisStore, raw: Redis, text: str | bytes) -> None:
    written(store, KEY)
    raw.hset("occopus:records:thing:scope", "name", text)
    for work in (lambda: store.get(KEY), lambda: list(store.scan("thing"))):
        with pytest.raises(StoreError, match="the record thing/scope/name is damaged: "):
            work()


@pytest.mark.parametrize("key", [Key("thing", "\udcff"), Key("\udcff", "scope"), Key("thing", "scope", "\udcff")])
def test_name_that_is_no_text(store: RedisStore, key: Key) -> None:
    for work in (lambda: store.get(key), lambda: written(store, key), lambda: list(store.scan(*key))):
        with pytest.raises(StoreError, match=r"^'.*\\udcff.*' can't name anything in a store: it is not valid text$"):
            work()
    assert store.get(KEY) is None, "the connection is as good as before"

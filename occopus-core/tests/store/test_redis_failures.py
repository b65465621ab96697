"""What users read when a Redis can't be used: a sentence, not a traceback; never a password; and nothing is half done."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis_server import RedisServer, free_port

from occopus.errors import StoreError
from occopus.store import redis_connection
from occopus.store.base import Append, Delete, Key, Put, Store
from occopus.store.redis import RedisStore

KEY = Key("thing", "scope", "name")
PAGE = Path(__file__).parents[3] / "docs" / "redis.md"
Start = Callable[..., RedisServer]


@pytest.fixture
def opened() -> Iterator[Callable[[str], RedisStore]]:
    stores: list[RedisStore] = []

    def another(url: str) -> RedisStore:
        stores.append(RedisStore(url))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


Opened = Callable[[str], RedisStore]


def refusal(work: Callable[[], object]) -> tuple[str, str]:
    """Message and hint; neither they nor an error behind them, which a traceback would show, has a secret in it."""
    with pytest.raises(StoreError) as caught:
        work()
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert not re.search("geheim|somebody|falsch", f"{error.message} {error.hint}")
    return error.message, error.hint or ""


def with_user(url: str, user: str) -> str:
    return url.replace("://", f"://{user}@")


def test_password(start_redis: Start, opened: Opened) -> None:
    url = start_redis("--requirepass", "geheim/@:# %").url
    right = opened(with_user(url, ":geheim%2F%40%3A%23%20%25"))
    right.write([Put(KEY, {}, 0)])
    assert right.get(KEY) is not None
    assert refusal(lambda: opened(url).get(KEY)) == (
        f"the store {url} asks for a password",
        "write it into the address: redis://:password@host:6379/0",
    )
    for user in (":falsch", "somebody:geheim"):
        assert refusal(lambda user=user: opened(with_user(url, user)).get(KEY)) == (
            f"the store {url} refuses the user or the password",
            "check both in the address of the store",
        )


def test_password_that_is_changed_later(redis_server: RedisServer, opened: Opened) -> None:
    store = opened(redis_server.url)
    store.get(KEY)
    with Redis.from_url(redis_server.url) as raw:
        raw.config_set("requirepass", "geheim")
    store.close()
    assert refusal(lambda: store.get(KEY))[0].endswith("asks for a password")


def test_password_where_none_is_set(redis_server: RedisServer, opened: Opened) -> None:
    message, hint = refusal(lambda: opened(with_user(redis_server.url, ":geheim")).get(KEY))
    assert (message, "take the password out" in hint) == (f"the store {redis_server.url} knows of no password", True)


def test_server_that_repeats_the_password(start_redis: Start, opened: Opened) -> None:
    """It does so with commands that it does not know, and its owner may take AUTH away."""
    url = start_redis("--rename-command", "AUTH", "").url
    with Redis.from_url(url) as raw, pytest.raises(Exception, match="geheim"):
        raw.execute_command("AUTH", "somebody", "geheim")
    assert refusal(lambda: opened(with_user(url, "somebody:geheim")).get(KEY)) == (f"the store {url} failed (ResponseError)", "")


def permitted() -> list[str]:
    """The rights that the page on Redis tells to give."""
    [line] = re.findall(r"^ACL SETUSER occopus (.*)$", PAGE.read_text(), re.MULTILINE)
    return [right for right in line.split() if right[0] in "+~"]


def as_user(server: RedisServer, rights: list[str]) -> str:
    """The address for a user who has just these rights."""
    with Redis.from_url(server.url) as raw:
        raw.execute_command("ACL", "SETUSER", "somebody", "reset", "on", ">geheim", *rights)
    return with_user(server.url, "somebody:geheim").removesuffix("0") + "1"


def use_everything(store: Store) -> None:
    lease = store.acquire("scope", "alice", 60)
    store.write([Put(KEY, {}, 0), Append("log", "scope", {}), Put(Key("other", "scope"), {}, None)], lease)
    store.write([Delete(Key("other", "scope"), 1)])
    assert store.get(KEY) is not None
    assert len(list(store.scan("thing"))) + len(list(store.scan("log", "scope", after="0"))) == 2
    store.release(lease)


def test_rights_of_the_page_are_enough(redis_server: RedisServer, opened: Opened) -> None:
    use_everything(opened(as_user(redis_server, permitted())))


def test_every_right_of_the_page_is_needed(redis_server: RedisServer, opened: Opened) -> None:
    """And the lack of one is found before anything is written."""
    rights = permitted()
    assert len(rights) > 10
    for right in rights:
        with Redis.from_url(redis_server.url) as raw:
            raw.flushall()
            raw.script_flush()
        store = opened(as_user(redis_server, [each for each in rights if each != right]))
        if right == "+info":  # which only looks after the user
            use_everything(store)
            continue
        message, hint = refusal(lambda store=store: use_everything(store))
        assert message.endswith("/1 does not permit its user all commands that are needed"), right
        assert hint == "docs/redis.md lists them"
        with Redis(port=redis_server.port, db=1) as raw:
            assert raw.keys() in ([], [b"occopus:form"]), right


def test_full_memory_leaves_all_as_it_was(start_redis: Start, opened: Opened) -> None:
    server = start_redis("--maxmemory", "2mb", "--maxmemory-policy", "noeviction")
    store = opened(server.url)
    store.write([Put(KEY, {"text": "old"}, 0), Put(KEY._replace(name="other"), {}, 0)])

    def fill() -> None:
        for number in range(100):
            store.write([Put(Key("big", "scope", str(number)), {"text": "x" * 100_000}, 0)])

    message, hint = refusal(fill)
    assert message.endswith(" has no memory left, nothing was written")
    assert "maxmemory" in hint
    big = list(store.scan("big"))
    with Redis.from_url(server.url) as raw:
        raw.config_set("maxmemory", 1)  # what the server itself uses moves around the limit else
    batch = [Put(KEY, {"text": "new"}, 1), Put(Key("more", "scope"), {}, 0), Append("log", "scope", {}), Delete(KEY, 1)]
    assert refusal(lambda: store.write(batch)) == (message, hint)
    assert refusal(lambda: store.acquire("scope", "alice", 60)) == (message, hint)
    assert [(each.key.name, each.value) for each in store.scan("thing")] == [("name", {"text": "old"}), ("other", {})]
    assert [each for kind in ("more", "log") for each in store.scan(kind)] == []
    store.write([Delete(each.key, each.version) for each in big])
    assert list(store.scan("big")) == [], "what makes room is carried out all the same"


def test_disk_that_can_not_be_written_to(start_redis: Start, opened: Opened) -> None:
    server = start_redis("--save", "3600 1")
    store = opened(server.url)
    store.write([Put(KEY, {"text": "old"}, 0)])
    (server.folder / "dump.rdb").mkdir()
    with Redis.from_url(server.url) as raw:
        raw.bgsave()
        while raw.info("persistence")["rdb_last_bgsave_status"] == "ok":
            time.sleep(0.01)
    message, hint = refusal(lambda: store.write([Put(KEY, {"text": "new"}, 1), Append("log", "scope", {})]))
    assert message == f"the store {server.url} can't save to its disk and takes no changes, nothing was written"
    assert "free space" in hint
    assert [each.value for each in store.scan("thing")] == [{"text": "old"}]


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random", "volatile-lru", "noeviction"])
def test_server_that_drops_records_is_refused(redis_server: RedisServer, opened: Opened, policy: str) -> None:
    with Redis.from_url(redis_server.url) as raw:
        raw.config_set("maxmemory-policy", policy)
        store = opened(redis_server.url)
        if not policy.startswith("allkeys"):
            assert store.get(KEY) is None
            return
        assert refusal(lambda: store.write([Put(KEY, {}, 0)])) == (
            f"the store {redis_server.url} would drop records when its memory is full (its 'maxmemory-policy' is {policy})",
            "set 'maxmemory-policy noeviction' in the Redis",
        )
        assert raw.keys() == []


def test_cluster_is_refused(start_redis: Start, opened: Opened) -> None:
    server = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    message, _ = refusal(lambda: opened(server.url).get(KEY))
    assert message == f"the store {server.url} is part of a Redis Cluster, which is not supported"


def test_database_that_is_not_there(redis_server: RedisServer, opened: Opened) -> None:
    url = redis_server.url.removesuffix("0") + "99"
    message, hint = refusal(lambda: opened(url).get(KEY))
    assert message == f"the store {url} is not there: the Redis has no database of this number"
    assert "databases" in hint


def test_port_of_something_else(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        assert refusal(lambda: opened(with_user(url, ":geheim")).get(KEY)) == (
            f"the store {url} is no Redis",
            "check host and port in the address of the store",
        )


def test_socket_that_is_not_there(tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "FIRST_PATIENCE", 0.1)
    message, _ = refusal(lambda: opened(f"unix://somebody:geheim@{tmp_path}/redis.sock").get(KEY))
    assert message.startswith(f"the store unix://{tmp_path}/redis.sock can't be reached (")


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with two certificates that sign themselves: for this machine's address, and for a name elsewhere."""
    for name, subject in (("here", "IP:127.0.0.1"), ("elsewhere", "DNS:elsewhere.example")):
        made = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}"]
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run(["openssl", "req", *kind, *made], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def start_tls(start_redis: Start, certificates: Path, name: str, clients: str) -> tuple[str, int]:
    """The address of a Redis that shows this certificate, and its port without TLS."""
    port = free_port()
    files = [f"--tls-{what}-file={certificates}/{name}.{end}" for what, end in (("cert", "pem"), ("key", "key"), ("ca-cert", "pem"))]
    options = [part for each in files for part in each.split("=")]
    server = start_redis("--tls-port", str(port), *options, "--tls-auth-clients", clients)
    return f"rediss://127.0.0.1:{port}/0", server.port


def test_tls(start_redis: Start, opened: Opened, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, plain = start_tls(start_redis, certificates, "here", "no")
    store = opened(f"{url}?ssl_ca_certs={certificates}/here.pem")
    store.write([Put(KEY, {}, 0)])
    assert store.get(KEY) is not None
    reason = f"the store {url} can't be reached by TLS: "
    assert refusal(lambda: opened(url).get(KEY))[0].startswith(reason + "self")
    other = refusal(lambda: opened(f"{url}?ssl_ca_certs={certificates}/elsewhere.pem").get(KEY))
    assert other[0].startswith(reason)
    no_certificate = refusal(lambda: opened(f"{url}?ssl_ca_certs={certificates}/here.key").get(KEY))
    assert no_certificate[0].startswith(reason)
    monkeypatch.setattr(redis_connection, "REPLY_SECONDS", 0.2)
    monkeypatch.setattr(redis_connection, "FIRST_PATIENCE", 0.2)
    assert refusal(lambda: opened(f"rediss://127.0.0.1:{plain}").get(KEY)) == (
        f"the store rediss://127.0.0.1:{plain}/0 can't be reached (Timeout connecting to server)",
        "check that a Redis runs there and speaks TLS, and the address",
    )


def test_certificate_for_another_host(start_redis: Start, opened: Opened, certificates: Path) -> None:
    url, _ = start_tls(start_redis, certificates, "elsewhere", "no")
    message, _ = refusal(lambda: opened(f"{url}?ssl_ca_certs={certificates}/elsewhere.pem").get(KEY))
    assert message.startswith(f"the store {url} can't be reached by TLS: IP address mismatch")


def test_certificate_of_the_client(start_redis: Start, opened: Opened, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "FIRST_PATIENCE", 0.1)
    url, _ = start_tls(start_redis, certificates, "here", "yes")
    trusting = f"{url}?ssl_ca_certs={certificates}/here.pem"
    assert opened(f"{trusting}&ssl_certfile={certificates}/here.pem&ssl_keyfile={certificates}/here.key").get(KEY) is None
    assert refusal(lambda: opened(trusting).get(KEY))[0].startswith(f"the store {url} can't be reached")

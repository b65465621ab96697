"""Addresses of stores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from occopus.errors import UsageError
from occopus.store.base import Key, Put
from occopus.store.memory import MemoryStore
from occopus.store.opening import open_store
from occopus.store.redis import RedisStore
from occopus.store.redis_address import read_address
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


@pytest.mark.parametrize("scheme", ["valkey", "postgresql+psycopg", "http"])
def test_unknown_scheme_names_those_that_are_known(scheme: str) -> None:
    with pytest.raises(UsageError) as refusal:
        open_store(f"{scheme}://user:geheim@host/0")
    message, hint = refusal.value.message, refusal.value.hint
    assert message == f"'{scheme}:' is not supported as a store by the installed version of Occopus"
    assert hint == ("it knows memory:, sqlite:///absolute/path, redis://host:6379/0, rediss://host:6379/0 and unix:///path/of/socket?db=0")


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


@pytest.mark.parametrize(
    ("url", "name", "connection"),
    [
        ("redis://host", "redis://host:6379/0", {"host": "host", "port": 6379, "db": 0}),
        ("REDIS://Host/", "redis://host:6379/0", {"host": "host", "port": 6379, "db": 0}),
        ("redis://[::1]:7000/12", "redis://[::1]:7000/12", {"host": "::1", "port": 7000, "db": 12}),
        ("redis://:p%40%2F:w@host/1", "redis://host:6379/1", {"host": "host", "port": 6379, "db": 1, "password": "p@/:w"}),
        ("rediss://u%C3%A9:p@host/", "rediss://host:6379/0", {"host": "host", "port": 6379, "db": 0, "username": "ué", "password": "p"}),
        ("unix:///run/Redis%20%3F.sock", "unix:///run/Redis ?.sock", {"path": "/run/Redis ?.sock", "db": 0}),
        ("unix://u:p@/r.sock?db=3", "unix:///r.sock?db=3", {"path": "/r.sock", "db": 3, "username": "u", "password": "p"}),
    ],
)
def test_redis(url: str, name: str, connection: dict[str, object]) -> None:
    assert isinstance(open_store(url), RedisStore)
    address = read_address(url)
    assert (address.name, address.connection, address.tls) == (name, connection, url.startswith("rediss"))
    assert "'p" not in repr(address)


def test_redis_with_certificates(tmp_path: Path) -> None:
    paths = {option: str(tmp_path / option) for option in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")}
    for path in paths.values():
        Path(path).touch()
    found = read_address("rediss://host?" + "&".join(f"{option}={path}" for option, path in paths.items()))
    assert found.connection == {"host": "host", "port": 6379, "db": 0, **paths}


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("redis:", "needs a host", "write redis://host:6379/0"),
        ("redis:host", "needs a host", "redis://host:6379/0"),
        ("redis:///0", "needs a host", "redis://host:6379/0"),
        ("redis://geheim@/0", "needs a host", "redis://host:6379/0"),
        ("rediss://", "needs a host", "rediss://host:6379/0"),
        ("redis://host:port/0", "has no port number", "%2F"),
        ("redis://host:70000/0", "has no port number", "%2F"),
        ("redis://[::1/0", "has no port number", "%2F"),
        ("redis://user:geheim/x@host/0", "has no port number", "write / as %2F"),
        ("redis://user:1#geheim@host/0", "'#'", "# as %23"),
        ("redis://user:geheim#x@host/0", "has no port number", "# as %23"),
        ("redis://:1?geheim@host/0", "option that is not known", "? as %3F"),
        ("redis://host/geheim", "is no number", "redis://host:6379/0"),
        ("redis://host/-1", "is no number", "redis://host:6379/0"),
        ("redis://host/1/2", "is no number", "redis://host:6379/0"),
        ("redis://host/²", "is no number", "redis://host:6379/0"),
        ("redis://host/0?geheim", "option that is not known", "it may have none"),
        ("redis://host/0?db=1", "option that is not known", "it may have none"),
        ("redis://host/0?retry_on_timeout=yes", "option that is not known", "it may have none"),
        ("rediss://host/0?ssl_cert_reqs=none", "option that is not known", "ssl_ca_certs and ssl_certfile and ssl_keyfile"),
        ("rediss://host/0?ssl_ca_certs=", "option without a value", "rediss://"),
        ("rediss://host/0?ssl_ca_certs=/geheim", "ssl_ca_certs that names no file which can be read", "absolute path"),
        ("rediss://host/0?ssl_keyfile=/dev/null", "a key without a certificate", "ssl_certfile"),
        ("unix:", "absolute path of a socket", "unix:///path/of/socket?db=0"),
        ("unix:///", "absolute path of a socket", "unix:///path/of/socket?db=0"),
        ("unix://geheim/redis.sock", "absolute path of a socket", "unix:///path/of/socket?db=0"),
        ("unix:///redis.sock?db=geheim", "is no number", "unix:///path/of/socket?db=0"),
        ("unix:///redis.sock?path=/x", "option that is not known", "it may have db"),
    ],
)
def test_what_is_no_address_of_a_redis_is_refused_without_repeating_it(url: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refusal:
        open_store(url)
    error = refusal.value
    assert error.message.startswith("the address of a store in Redis ")
    assert message in error.message
    assert hint in (error.hint or "")
    assert "geheim" not in error.message + (error.hint or "")
    assert (error.__cause__, error.__context__) == (None, None)


def test_library_for_redis_is_loaded_with_the_first_store_that_needs_it() -> None:
    script = """
import sys
from occopus.store.opening import open_store
open_store("memory:"), open_store("sqlite:///state.db")
print("redis" in sys.modules)
open_store("redis://host")
print("redis" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]

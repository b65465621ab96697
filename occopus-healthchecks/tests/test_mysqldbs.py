"""Databases: a real MariaDB, and servers that are none."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pymysql
import pytest

from occopus.plugins import HealthCheckSpec, Target
from occopus.plugins.registry import Registry
from occopus.testing.health_check_suite import Asked, HealthCheckSuite
from occopus_healthchecks import limits
from occopus_healthchecks.mysqldbs import check

ToTarget = Callable[[str], Target]

SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@pytest.fixture
def mysql_address() -> Iterator[Callable[[], socket.socket]]:
    """Give a socket bound to port 3306 of a loopback address of its own: the check knows no other port."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(free_mysql_address())


def free_mysql_address() -> socket.socket:
    for last in range(2, 255):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((f"127.0.0.{last}", 3306))
        except OSError as error:
            sock.close()
            if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                raise
        else:
            return sock
    pytest.skip("needs port 3306 of a loopback address 127.0.0.x that is free (macOS has only 127.0.0.1)")


PASSWORD = "kelp-őr-7731"
"""Not Latin-1, on purpose."""


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[str]:
    """The address of a server with the database `shop`.

    `keeper` and, over TLS only, `careful` may use it with PASSWORD, `nopass` without; `guest` may not, and `owner` may use all.
    """
    server = shutil.which("mariadbd", path=SBIN) or shutil.which("mysqld", path=SBIN)
    install = shutil.which("mariadb-install-db", path=SBIN) or shutil.which("mysql_install_db", path=SBIN)
    if server is None or install is None:
        pytest.skip("needs MariaDB: mariadbd and mariadb-install-db (Debian: mariadb-server)")
    directory = tmp_path_factory.mktemp("mariadb")
    data, log, line = directory / "data", directory / "log", directory / "s"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    prepare = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", *as_root]
    subprocess.run(prepare, check=True, capture_output=True)
    with free_mysql_address() as place:
        address = place.getsockname()[0]
    command = [server, "--no-defaults", f"--datadir={data}", f"--socket={line}", f"--bind-address={address}", "--port=3306"]
    command += ["--skip-name-resolve", f"--ssl-cert={certificate[0]}", f"--ssl-key={certificate[1]}", *as_root]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            with _administrator(line, process, log) as administrator, administrator.cursor() as cursor:
                for name, requirement in (("keeper", ""), ("careful", "REQUIRE SSL"), ("guest", ""), ("owner", "")):
                    cursor.execute(f"CREATE USER {name}@'%%' IDENTIFIED BY %s {requirement}", (PASSWORD,))
                cursor.execute("CREATE DATABASE shop")
                cursor.execute("GRANT ALL ON shop.* TO keeper@'%'")
                cursor.execute("GRANT ALL ON shop.* TO careful@'%'")
                cursor.execute("GRANT ALL ON *.* TO owner@'%'")
                cursor.execute("CREATE USER nopass@'%'")
                cursor.execute("GRANT ALL ON shop.* TO nopass@'%'")
            yield address
        finally:
            process.terminate()


def _administrator(line: Path, process: subprocess.Popen[bytes], log: Path) -> pymysql.Connection:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            return pymysql.connect(unix_socket=str(line), user="root")
        except pymysql.OperationalError:
            time.sleep(0.1)
    raise RuntimeError(f"MariaDB does not start:\n{log.read_text(errors='replace')}")


def database(name: str = "shop", user: str = "keeper", password: str = PASSWORD) -> dict[str, str]:
    return {"name": name, "user": user, "pass": password}


class TestMariaDB:
    @pytest.fixture
    def node(self, target: ToTarget, mariadb: str) -> Target:
        return target(mariadb)

    def test_the_user_gets_in(self, node: Target) -> None:
        assert check(node, [database(), database("information_schema", "guest")]) is None

    def test_a_user_who_must_come_over_tls_gets_in(self, node: Target) -> None:
        assert check(node, [database(user="careful")]) is None

    def test_a_user_without_password_gets_in(self, node: Target) -> None:
        assert check(node, [database(user="nopass", password="")]) is None
        reason = check(node, [database(password="")]) or ""
        assert reason.startswith("database shop: Access denied for user 'keeper'@")

    def test_wrong_password(self, node: Target) -> None:
        reason = check(node, [database(password="wr0ng-secret")]) or ""
        assert reason.startswith("database shop: Access denied for user 'keeper'@")
        assert reason.endswith("(error 1045)")
        assert "wr0ng-secret" not in reason

    def test_unknown_database(self, node: Target) -> None:
        reason = check(node, [database("nowhere", "owner"), database()])
        assert reason == "database nowhere: Unknown database 'nowhere' (error 1049)"

    def test_database_of_others(self, node: Target) -> None:
        reason = check(node, [database(user="guest")]) or ""
        assert reason.startswith("database shop: Access denied for user 'guest'@")
        assert reason.endswith("(error 1044)")

    @pytest.mark.parametrize("password", ["keeper", "shop", "Access", "e"])
    def test_a_password_that_is_also_another_word(self, node: Target, password: str) -> None:
        reason = check(node, [database(password=password)]) or ""
        assert "error 1045" in reason
        assert password not in reason.replace("error 1045", "").replace("database", "")

    def test_every_failing_database_is_named(self, node: Target) -> None:
        reason = check(node, [database("one"), database(), database("two")]) or ""
        assert [part.split(":")[0] for part in reason.split("; ")] == ["database one", "database two"]


Serve = Callable[..., tuple[str, int]]


@pytest.fixture
def serve(tcp_server: Serve, mysql_address: Callable[[], socket.socket]) -> Callable[[bytes], str]:
    """Start a server at MySQL's port that greets so; returns its address."""
    return lambda greeting: tcp_server(greeting, mysql_address())[0]


def test_server_down(target: ToTarget, mysql_address: Callable[[], socket.socket]) -> None:
    address = mysql_address().getsockname()[0]
    assert check(target(address), [database()]) == "database shop: Connection refused"


def test_a_server_that_says_nothing(
    target: ToTarget, serve: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch, assert_no_threads_left: Callable[[], None]
) -> None:
    monkeypatch.setattr(limits, "DATABASES", 1.5)
    node = target(serve(b""))
    begin = time.monotonic()
    reason = check(node, [database(), database("other")])
    assert 1.5 <= time.monotonic() - begin < 1.5 + limits.MARGIN
    assert reason == "database shop: no answer within 1.5 s; database other: no answer within 1.5 s"
    assert_no_threads_left()


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n" * 100, b"\x05\x00\x00\x00\x0aabc\x00", b"\x01\x00\x00\x00\x0a"])
def test_a_server_of_another_kind(
    target: ToTarget, serve: Callable[[bytes], str], greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DATABASES", 1.5)  # to some it looks like a long message, the rest of which never comes
    assert (check(target(serve(greeting)), [database()]) or "").startswith("database shop: ")


def test_a_server_that_says_the_password(target: ToTarget, serve: Callable[[bytes], str]) -> None:
    def refusal(text: str) -> bytes:
        message = b"\xff" + struct.pack("<H", 1129) + text.encode()
        return struct.pack("<I", len(message))[:3] + b"\x00" + message

    harmless = check(target(serve(refusal("Host is blocked"))), [database()])
    assert harmless == "database shop: Host is blocked (error 1129)"
    tactless = check(target(serve(refusal(f"Host with {PASSWORD} is blocked"))), [database()])
    assert tactless == "database shop: error 1129"


class TestContract(HealthCheckSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> HealthCheckSpec:
        return occopus_registry.health_check("mysqldbs")

    @pytest.fixture
    def healthy(self, mariadb: str) -> Asked:
        return Asked.at(mariadb, [database(), database("information_schema", "guest")])

    @pytest.fixture
    def sick(self, mariadb: str, mysql_address: Callable[[], socket.socket]) -> dict[str, Asked]:
        return {
            "the password is wrong": Asked.at(mariadb, [database(), database(password=f"{PASSWORD}, too")]),
            "there is no such database": Asked.at(mariadb, [database("closed", "owner")]),
            "nobody listens": Asked.at(mysql_address().getsockname()[0], [database()]),
        }

    @pytest.fixture
    def silent(self, serve: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch) -> Asked:
        monkeypatch.setattr(limits, "DATABASES", 1.0)
        return Asked.at(serve(b""), [database()])

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD,)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("pymysql",)

    @pytest.fixture
    def invalid_settings(self) -> dict[str, object]:
        return {"no list": database(), "no database": [], "no password": [{"name": "shop", "user": "keeper"}]}

"""Ping: the loopback, addresses that drop, and systems (network namespaces) that allow this or that."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from occopus.plugins import HealthCheckSpec, Target
from occopus.plugins.registry import Registry
from occopus.testing.health_check_suite import Asked, HealthCheckSuite
from occopus_healthchecks import limits, ping
from occopus_healthchecks.ping import NO_ANSWER, NO_WAY, check

ToTarget = Callable[[str], Target]

TO_NOWHERE = ["240.0.0.1", "198.18.0.1", "2001:db8::1"]
"""Reserved: nobody has them. What comes back, if anything, is a router's word."""


@pytest.fixture
def allowed() -> None:
    if ping.open_socket(socket.AF_INET) is None and shutil.which("ping") is None:
        pytest.skip("needs a system that lets us ping: " + NO_WAY)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_loopback_answers(target: ToTarget, address: str) -> None:
    if address == "::1" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("needs IPv6")
    assert check(target(address), True) is None


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("address", TO_NOWHERE)
def test_nobody_answers(target: ToTarget, address: str) -> None:
    begin = time.monotonic()
    reason = check(target(address), True)
    assert time.monotonic() - begin < limits.PING
    assert reason == NO_ANSWER or (reason or "").startswith("can't ping: ")


def test_no_check_where_it_is_switched_off(target: ToTarget) -> None:
    assert check(target("no-such-host.invalid"), False) is None


@pytest.mark.parametrize("host", ["no-such-host.invalid", "two..dots"])
def test_unknown_host(target: ToTarget, host: str) -> None:
    assert (check(target(host), True) or "").startswith(f"unknown host {host}: ")


@pytest.mark.usefixtures("allowed")
def test_an_address_that_can_not_be_pinged(target: ToTarget) -> None:
    reason = check(target("255.255.255.255"), True)  # broadcast: the kernel wants a special permission
    assert (reason or "").startswith(("can't ping: ", NO_WAY))


@pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping: the system's program (Debian: iputils-ping)")
class TestProgram:
    """What is left where the system gives us no socket."""

    def test_answer(self) -> None:
        assert ping.ask_program("127.0.0.1") is None

    @pytest.mark.parametrize("address", TO_NOWHERE)
    def test_no_answer(self, address: str) -> None:
        begin = time.monotonic()
        reason = ping.ask_program(address)
        assert time.monotonic() - begin < limits.PING
        assert reason == NO_ANSWER or (reason or "").startswith("can't ping: ")

    def test_complaint(self) -> None:
        assert (ping.ask_program("not an address") or "").startswith("can't ping: ")


LO_UP = "ip link set lo up"
ALLOW = "echo '0 0' > /proc/sys/net/ipv4/ping_group_range"
IGNORE = "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"
UNPRIVILEGED = "setpriv --bounding-set=-net_raw --inh-caps=-net_raw"


STRAY_ANSWERS = """
import socket, struct, threading, time
def send():
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    while True:
        sock.sendto(struct.pack("!BBHHH", 0, 0, 0xFFFE, 0, 1) + bytes(16), ("127.0.0.1", 0))
        time.sleep(0.1)
threading.Thread(target=send, daemon=True).start()
"""
"""Echo replies (correct ones: the checksum is that of sequence number 1 and 16 zeros) to whom it may concern."""


class TestSystems:
    """A fresh network namespace forbids sockets for unprivileged pings; its root may have raw ones unless that capability is taken away."""

    @pytest.fixture
    def reason(self, run_python: Callable[..., str]) -> Callable[..., str]:
        try:
            command = ["unshare", "-rn", "sh", "-c", f'{LO_UP} && {UNPRIVILEGED} "$0" -c ""', sys.executable]
            trial = subprocess.run(command, capture_output=True, check=False)
            problem = trial.stderr.decode() if trial.returncode else ""
        except FileNotFoundError as error:
            problem = str(error)
        if problem:
            pytest.skip(f"needs network namespaces: unshare, setpriv and ip, and a system that allows them: {problem}")

        def reason(*setup: str, unprivileged: bool, address: str = "127.0.0.1", path: str = "", first: str = "") -> str:
            prefix = f"{UNPRIVILEGED} " if unprivileged else ""
            script = f"{first}\nimport os; os.environ['PATH'] = os.environ['PATH_FOR_PING']\n"
            script += "from occopus.plugins import Target; from occopus_healthchecks.ping import check\n"
            script += f"print(check(Target('0b1f', 'web', {address!r}), True))"
            steps = " && ".join([LO_UP, *setup, f'exec {prefix}"$0" "$@"'])
            return run_python(script, "unshare", "-rn", "sh", "-c", steps, PATH_FOR_PING=path)

        return reason

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
    def test_unprivileged_socket(self, reason: Callable[..., str], address: str) -> None:
        assert reason(ALLOW, unprivileged=True, address=address) == "None"

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
    def test_raw_socket(self, reason: Callable[..., str], address: str) -> None:
        assert reason(unprivileged=False, address=address) == "None"

    @pytest.mark.parametrize("unprivileged", [True, False])
    def test_a_host_that_ignores_pings(self, reason: Callable[..., str], unprivileged: bool) -> None:
        assert reason(ALLOW if unprivileged else "true", IGNORE, unprivileged=unprivileged) == NO_ANSWER

    def test_the_answer_to_somebody_else(self, reason: Callable[..., str]) -> None:
        assert reason(IGNORE, unprivileged=False, first=STRAY_ANSWERS) == NO_ANSWER

    def test_no_route(self, reason: Callable[..., str]) -> None:
        assert reason(ALLOW, unprivileged=True, address="192.0.2.1") == "can't ping: Network is unreachable"

    def test_nothing_allowed_and_no_program(self, reason: Callable[..., str]) -> None:
        assert reason(unprivileged=True) == NO_WAY

    @pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping: the system's program (Debian: iputils-ping)")
    def test_nothing_allowed_to_the_program_either(self, reason: Callable[..., str]) -> None:
        found = reason(unprivileged=True, path=os.environ["PATH"])
        assert found.startswith(NO_WAY)
        assert "not permitted" in found


@pytest.mark.usefixtures("allowed")
class TestContract(HealthCheckSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> HealthCheckSpec:
        return occopus_registry.health_check("ping")

    @pytest.fixture
    def healthy(self) -> Asked:
        return Asked.at("127.0.0.1", True)

    @pytest.fixture
    def sick(self) -> dict[str, Asked]:
        return {"no such name": Asked.at("no-such-host.invalid", True), "nobody": Asked.at(TO_NOWHERE[0], True)}

    @pytest.fixture
    def invalid_settings(self) -> dict[str, object]:
        return {"a word": "yes"}

"""Ports: real listeners, and a listener that takes nobody any more."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from occopus.plugins import HealthCheckSpec, Target
from occopus.plugins.registry import Registry
from occopus.testing.health_check_suite import Asked, HealthCheckSuite
from occopus_healthchecks import limits
from occopus_healthchecks.ports import check

ToTarget = Callable[[str], Target]


def test_open_ports(target: ToTarget, tcp_server: Callable[[], tuple[str, int]]) -> None:
    ports = [tcp_server()[1], tcp_server()[1]]
    assert check(target("127.0.0.1"), ports) is None


def test_a_name_with_a_dead_and_a_good_address(target: ToTarget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # where localhost is ::1 too, nobody listens there
        assert check(target("localhost"), [server.getsockname()[1]]) is None


def test_ipv6(target: ToTarget, dead_port: int) -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"needs IPv6: {error}")
    with server:
        assert check(target("::1"), [server.getsockname()[1]]) is None
    assert check(target("::1"), [dead_port]) == f"port {dead_port}: Connection refused"


def test_only_the_closed_one_is_named(target: ToTarget, tcp_server: Callable[[], tuple[str, int]], dead_port: int) -> None:
    assert check(target("127.0.0.1"), [tcp_server()[1], dead_port]) == f"port {dead_port}: Connection refused"


def test_dead_ports_take_one_time_out_together(target: ToTarget, full_ports: list[int], dead_port: int) -> None:
    begin = time.monotonic()
    reason = check(target("127.0.0.1"), [*full_ports, dead_port])
    assert limits.PORTS <= time.monotonic() - begin < limits.PORTS + limits.MARGIN
    silent = "; ".join(f"port {port}: no answer within {limits.PORTS:g} s" for port in full_ports)
    assert reason == f"{silent}; port {dead_port}: Connection refused"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "two..dots", "x" * 70 + ".example"])
def test_unknown_host(target: ToTarget, host: str) -> None:
    reason = check(target(host), [80])
    assert reason is not None
    assert reason.startswith("port 80: unknown host: ")


class TestContract(HealthCheckSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> HealthCheckSpec:
        return occopus_registry.health_check("ports")

    @pytest.fixture
    def healthy(self, tcp_server: Callable[[], tuple[str, int]]) -> Asked:
        return Asked.at("127.0.0.1", [tcp_server()[1], tcp_server()[1]])

    @pytest.fixture
    def sick(self, healthy: Asked, dead_port: int) -> dict[str, Asked]:
        unknown = Asked.at("no-such-host.invalid", healthy.settings)
        return {"one port is dead": Asked.at("127.0.0.1", [*healthy.settings, dead_port]), "no such name": unknown}

    @pytest.fixture
    def silent(self, full_ports: list[int], monkeypatch: pytest.MonkeyPatch) -> Asked:
        monkeypatch.setattr(limits, "PORTS", 1.0)
        return Asked.at("127.0.0.1", full_ports)

    @pytest.fixture
    def invalid_settings(self) -> dict[str, object]:
        return {"no list": 80, "no port": [], "a port that is none": [65536]}

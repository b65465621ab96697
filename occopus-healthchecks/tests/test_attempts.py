"""What the checks share."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from occopus_healthchecks.attempts import Deadline, attempt_all, connect


def test_a_dead_address_leaves_time_for_the_next(full_ports: list[int], tcp_server: Callable[[], tuple[str, int]]) -> None:
    good = tcp_server()
    with connect([(socket.AF_INET, ("127.0.0.1", full_ports[0])), (socket.AF_INET, good)], Deadline(2)) as sock:
        assert sock.getpeername() == good


def test_a_connection_made_too_late_is_broken_off_at_once(tcp_server: Callable[[], tuple[str, int]]) -> None:
    deadline = Deadline(5)
    deadline.break_off()
    with deadline.connection(*tcp_server()) as sock:
        assert sock.recv(1) == b""


def test_no_connection_is_begun_after_the_deadline(tcp_server: Callable[[], tuple[str, int]]) -> None:
    with pytest.raises(TimeoutError), Deadline(0).connection(*tcp_server()):
        pass


def test_what_can_not_be_interrupted_is_left_behind() -> None:
    def look_up_a_name(_: Deadline) -> None:
        time.sleep(1.5)

    begin = time.monotonic()
    assert attempt_all([look_up_a_name, lambda _: None], 0.5) == ["no answer within 0.5 s", None]
    assert time.monotonic() - begin < 1.2


def test_a_fault_of_ours_is_no_reason() -> None:
    def faulty(_: Deadline) -> str:
        raise KeyError("name")

    with pytest.raises(KeyError):
        attempt_all([faulty], 1)

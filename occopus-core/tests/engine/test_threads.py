"""Threads, and shares of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from occopus.engine.threads import Share, Threads


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(100, "test")
    yield made
    made.shutdown()


def test_a_share_takes_no_more_than_its_own_and_leaves_the_rest_to_others(threads: Threads) -> None:
    greedy, modest = Share(threads, 3), Share(threads, 3)
    released, running = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        running.release()
        released.wait(60)

    hanging = [greedy.submit(hang) for _ in range(10)]
    for _ in range(3):
        assert running.acquire(timeout=60)
    assert not running.acquire(timeout=0.2), "the fourth waits"
    assert modest.submit(lambda: "done").result(60) == "done"
    released.set()
    for each in hanging:
        each.result(60)


def test_what_fails_or_is_cancelled_gives_its_place_back(threads: Threads) -> None:
    share = Share(threads, 1)
    released = threading.Event()
    first = share.submit(released.wait, 60)
    second, third = share.submit(int, "x"), share.submit(int, "7")
    fourth = share.submit(int, "8")
    assert third.cancel()
    released.set()
    assert first.result(60)
    with pytest.raises(ValueError, match="invalid literal"):
        second.result(60)
    assert fourth.result(60) == 8


def test_ending_a_share_ends_no_threads_of_others(threads: Threads) -> None:
    share = Share(threads, 1)
    assert share.submit(int, "1").result(60) == 1
    share.shutdown()
    assert threads.submit(int, "2").result(60) == 2

"""Threads for blocking calls, none of which keeps the program from ending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

Job = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Threads(Executor):
    """Up to `most` threads, started as they are needed.

    Unlike those of the standard library's pool they are daemons: a call that hangs for good in somebody's library does not hold up the
    end of the program.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        job: Future[Any] = Future()
        self._jobs.put((job, fn, args, kwargs))
        with self._lock:
            if not self._idle.acquire(blocking=False) and self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        return job

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """Let every thread end after its call."""
        with self._lock:
            for _ in range(self._started):
                self._jobs.put(None)

    def _work(self) -> None:
        while work := self._jobs.get():
            job, function, args, kwargs = work
            if job.set_running_or_notify_cancel():
                _carry_out(job, function, args, kwargs)
            del work, job, function, args, kwargs  # an idle thread keeps nothing alive
            self._idle.release()


class Share(Threads):
    """A part of threads that others use too: so many of them at once, whatever they hang in, and what is beyond them waits."""

    def __init__(self, of: Threads, most: int) -> None:
        super().__init__(most, "")
        self._of = of
        self._free = most
        self._waiting: deque[Job] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        job: Future[Any] = Future()
        with self._lock:
            self._waiting.append((job, fn, args, kwargs))
        self._begin()
        return job

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """The threads are not ours to end."""

    def _begin(self) -> None:
        with self._lock:
            if not self._free or not self._waiting:
                return
            self._free -= 1
            work = self._waiting.popleft()
        self._of.submit(self._carry_out, *work)

    def _carry_out(self, job: Future[Any], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if job.set_running_or_notify_cancel():
            _carry_out(job, function, args, kwargs)
        with self._lock:
            self._free += 1
        self._begin()


def _carry_out(job: Future[Any], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        result = function(*args, **kwargs)
    except BaseException as error:  # whoever waits for the call gets it
        job.set_exception(error)
    else:
        job.set_result(result)

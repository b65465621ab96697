"""Runs the engine for a command: Ctrl-C stops it at a safe point, a second one at once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from occopus.engine.services import Watcher
from occopus.model.infrastructure import InfraId

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(operation: Callable[[asyncio.Event], Awaitable[T]], infra_id: InfraId, watcher: Watcher) -> T:
    """Run an operation on an infrastructure. It ends at a safe point when its event is set: at the first Ctrl-C or SIGTERM."""
    return asyncio.run(_run(operation, infra_id, watcher))


async def _run(operation: Callable[[asyncio.Event], Awaitable[T]], infra_id: InfraId, watcher: Watcher) -> T:
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            watcher.abandoned(infra_id)
            # Threads may hang in a backend's library: the journal knows what they are about, so nothing is lost by not waiting.
            os._exit(130)
        stop.set()
        watcher.stopping()

    loop = asyncio.get_running_loop()
    watched = SIGNALS if threading.current_thread() is threading.main_thread() else ()
    for number in watched:
        loop.add_signal_handler(number, on_signal)
    try:
        return await operation(stop)
    finally:
        for number in watched:
            loop.remove_signal_handler(number)

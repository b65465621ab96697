"""Handlers and managers for many passes: to make one may take longer than a pass, and some of them keep connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from occopus.engine.backends import Backends
from occopus.plugins.config_manager import ConfigManagerConfig
from occopus.plugins.registry import load_object
from occopus.plugins.resource import HandlerConfig

LIFETIME = 300.0
"""Seconds after which new ones are made. What a handler remembers of its cloud is not older than this and a pass."""

Called = Callable[[str, str, float, Exception | None], None]
"""Told of each call: the type of the backend, the method, the seconds it took, and its error."""


class SharedBackends:
    """Gives each pass the same backends for some time; `make` makes new ones."""

    def __init__(self, make: Callable[[], Backends]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._current: tuple[float, Backends] | None = None

    def __call__(self) -> Backends:
        with self._lock:
            now = time.monotonic()
            if self._current is None or now - self._current[0] > LIFETIME:
                self._current = now, self._make()
            return self._current[1]


class DeferredBackends(Backends):
    """Handlers and managers that are made in the thread of their first call: one that takes long, or hangs, holds up nobody else."""

    def __init__(self, *args: Any, called: Called) -> None:
        super().__init__(*args)
        self._called = called

    def _make(self, reference: str, config: HandlerConfig | ConfigManagerConfig) -> Any:
        return _Deferred(reference, config, self._called)


class _Deferred:
    """Stands for a handler or manager, whatever its methods are."""

    def __init__(self, reference: str, config: HandlerConfig | ConfigManagerConfig, called: Called) -> None:
        self.config = config
        self._reference = reference
        self._called = called
        self._making = threading.Lock()
        self._made: Any = None

    def __getattr__(self, method: str) -> Any:
        return partial(self._call, method)

    def _call(self, method: str, *args: Any) -> Any:
        begun = time.monotonic()
        failure: Exception | None = None
        try:
            return getattr(self._get(), method)(*args)
        except Exception as error:
            failure = error
            raise
        finally:
            self._called(str(self.config.section["type"]), method, time.monotonic() - begun, failure)

    def _get(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = load_object(self._reference)(self.config)
            return self._made

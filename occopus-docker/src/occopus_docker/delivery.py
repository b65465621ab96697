"""An image on its way to an engine, in the background: a call that lasts minutes must not keep anybody waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from occopus.plugins import ErrorKind, ResourceError
from occopus_docker.limits import DELIVERIES, LONGEST_PAUSE

Report = Callable[[str], None]
"""Told how far something is."""

PASSING = frozenset({ErrorKind.TRANSIENT, ErrorKind.THROTTLED})
"""What may be another matter when it is tried again."""


class Delivery:
    """Begins when it is made. The thread does not keep the program from ending. `number` counts from 1."""

    def __init__(self, what: str, fetch: Callable[[Report], None], number: int = 1) -> None:
        self.number = number
        self.progress = f"fetching the image {what}"
        self._error: Exception | None = None
        self._fetch = fetch
        self._over_at = 0.0
        self._over = threading.Event()
        threading.Thread(target=self._run, name=f"image {what}", daemon=True).start()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def should_be_repeated(self) -> bool:
        """Whether it failed for a reason that may have passed by now."""
        return self.is_over and self._may_pass and self._pause_left() <= 0

    def check(self) -> None:
        """Raise what it failed with, if it did."""
        if self._error is None:
            return
        if self._may_pass and isinstance(self._error, ResourceError):
            raise ResourceError(self._error.kind, self._error.message, self._pause_left()) from self._error
        raise self._error

    @property
    def _may_pass(self) -> bool:
        return isinstance(self._error, ResourceError) and self._error.kind in PASSING

    def _pause_left(self) -> float:
        return self._over_at + min(LONGEST_PAUSE, 2.0 ** (self.number - 1)) - time.monotonic()

    def _report(self, progress: str) -> None:
        self.progress = progress

    def _run(self) -> None:
        try:
            self._fetch(self._report)
        except Exception as error:  # raised again where the image is asked for
            self._error = self._last(error) if self.number >= DELIVERIES else error
        finally:
            self._over_at = time.monotonic()
            self._over.set()

    @staticmethod
    def _last(error: Exception) -> Exception:
        """What is the matter with the last of many is not expected to pass."""
        if isinstance(error, ResourceError) and error.kind in PASSING:
            return ResourceError(ErrorKind.UNKNOWN, f"{error.message}; tried {DELIVERIES} times")
        return error

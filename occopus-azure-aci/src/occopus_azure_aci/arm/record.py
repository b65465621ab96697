"""Stores the ids of what is made as they become known."""

from __future__ import annotations

from dataclasses import replace

from occopus.model.instance import Handle
from occopus.plugins import Checkpoint


class Recorder:
    """Called with ids by key. `handle` has all that are known; each time it is stored before the call returns."""

    def __init__(self, handle: Handle, checkpoint: Checkpoint) -> None:
        self.handle = handle
        self._checkpoint = checkpoint

    def __call__(self, **ids: str) -> None:
        self.handle = replace(self.handle, ids={**self.handle.ids, **ids})
        self._checkpoint(self.handle)

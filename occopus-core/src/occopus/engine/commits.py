"""Commits that go together: what comes while the store is written to goes in one transaction afterwards, as in databases."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from occopus.model.event import Event
from occopus.model.infrastructure import InfraRecord
from occopus.model.instance import Instance
from occopus.store.base import Change


@dataclass(frozen=True)
class Batch:
    """What is written in one go, or not at all."""

    events: Sequence[Event] = ()
    infra: InfraRecord | None = None
    instances: Sequence[Instance] = ()
    gone: Sequence[Instance] = ()
    others: Sequence[Change] = ()

    @property
    def subjects(self) -> set[str]:
        """What it changes: instances by their ids, and the infrastructure's record by no name at all."""
        return {each.node_id for each in (*self.instances, *self.gone)} | ({""} if self.infra else set())


MakeUp = Callable[[], Batch | None]
"""Makes up a batch of what is known, while nobody else writes; None if there is nothing to be written."""


@dataclass
class _Waiting:
    make_up: MakeUp
    batch: Batch | None = None
    error: BaseException | None = None
    is_over: bool = False


class GroupCommit:
    """Carries out the commits of several threads, in their order. `write` writes batches in one transaction and notes what they change."""

    def __init__(self, write: Callable[[Sequence[Batch]], None]) -> None:
        self._write = write
        self._waiting: deque[_Waiting] = deque()
        self._writing = threading.Lock()

    def carry_out(self, make_up: MakeUp) -> Batch | None:
        """Give back the batch when it is written, alone or with others. What `make_up` and the store raise is raised here."""
        own = _Waiting(make_up)
        self._waiting.append(own)
        with self._writing:
            while not own.is_over:
                self._write_those_waiting()
        if own.error:
            raise own.error
        return own.batch

    def _write_those_waiting(self) -> None:
        """Up to the first that changes what one before it changes: that one has to be made up of what is known afterwards."""
        together: list[_Waiting] = []
        subjects: set[str] = set()
        while self._waiting:
            each = self._waiting[0]
            try:
                each.batch = each.make_up()
            except Exception as error:  # is its own affair
                each.error = error
            if each.batch:
                if each.batch.subjects & subjects:
                    break
                subjects |= each.batch.subjects
            together.append(self._waiting.popleft())
        try:
            if batches := [each.batch for each in together if each.batch]:
                self._write(batches)
        except BaseException as error:  # whoever waits gets it
            for each in together:
                each.error = each.error or error
        for each in together:
            each.is_over = True

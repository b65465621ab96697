"""Handlers whose `drop` breaks the contract."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Barrier

from yard import PARTS, Thing, YardHandler

from occopus.model.instance import Handle
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, ResourceError


class Keeping(YardHandler):
    """Removes nothing."""

    def drop(self, handle: Handle) -> None:
        pass


class Hiding(YardHandler):
    """Leaves the disk, and looks away."""

    def remove(self, id: str) -> None:
        if not id.startswith("disk"):
            super().remove(id)

    def by_node(self) -> list[tuple[Handle, list[Thing]]]:
        return [(node, things) for node, things in super().by_node() if len(things) == len(PARTS)]


class HidingWhatIsHalfMade(YardHandler):
    """Shows and removes nothing that is half made, but finds it."""

    def make(self, part: str, request: CreateRequest) -> str:
        refuses, self.yard.refuses = self.yard.refuses, None
        id = super().make(part, request)
        if refuses:
            self.yard.refuses = refuses
            with self.yard.request(self.password):
                pass
        return id

    def known(self, request: CreateRequest) -> dict[str, str]:
        refuses, self.yard.refuses = self.yard.refuses, None
        known = dict(super().known(request))
        self.yard.refuses = refuses
        return known

    def drop(self, handle: Handle) -> None:
        if any(node.node_id == handle.node_id and len(things) == len(PARTS) for node, things in self.by_node()):
            super().drop(handle)

    def describe(self, handles: Sequence[Handle]) -> dict:  # type: ignore[type-arg]
        return {node_id: status for node_id, status in super().describe(handles).items() if not status.unfinished}


class Slow(YardHandler):
    def drop(self, handle: Handle) -> None:
        time.sleep(0.15)
        super().drop(handle)


class Strict(YardHandler):
    """Refuses what is not there."""

    def drop(self, handle: Handle) -> None:
        with self.translated():
            is_there = any(node.node_id == handle.node_id for node, _ in self.by_node())
        if not is_there:
            raise ResourceError(ErrorKind.INVALID, "there is none")
        super().drop(handle)


class Racing(YardHandler):
    """Looks first and acts then, in two threads at once."""

    meeting = Barrier(2)

    def drop(self, handle: Handle) -> None:
        things = [thing for thing in self.listed() if thing.node.node_id == handle.node_id]
        self.meeting.wait(30)
        with self.translated():
            for thing in things:
                self.yard.remove(self.password, thing.id)


class Remembering(YardHandler):
    """Removes what it has made itself."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        self.made = request.node_id
        return super().create(request, checkpoint)

    def drop(self, handle: Handle) -> None:
        if handle.node_id == getattr(self, "made", None):
            super().drop(handle)


class TrustingHandles(YardHandler):
    """Believes that there is nothing but what the handle says."""

    def drop(self, handle: Handle) -> None:
        with self.translated():
            for id in handle.ids.values():
                self.remove(id)


class Sweeping(YardHandler):
    """Takes everything of an infrastructure for one node's."""

    def drop(self, handle: Handle) -> None:
        for found in self.find(handle.infra_id):
            super().drop(replace(found))

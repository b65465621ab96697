"""Handlers whose `create` breaks the contract."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import Any

from yard import YardHandler

from occopus.model.instance import Handle, NodeState
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, ResourceError, ResourceStatus
from occopus.testing.resource_suite.tools import Died


class Anonymous(YardHandler):
    """Does not say for whom it is."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        nobody = lambda handle: checkpoint(replace(handle, node_name=""))  # noqa: E731
        return replace(super().create(request, nobody), node_name="")


class Numbering(YardHandler):
    """Has numbers for ids."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        handle = super().create(request, checkpoint)
        return replace(handle, ids={part: int(id.partition("-")[2]) for part, id in handle.ids.items()})  # type: ignore[misc]


class Slow(YardHandler):
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        time.sleep(0.15)
        return super().create(request, checkpoint)


class Silent(YardHandler):
    """Lets nobody store anything."""

    def keep(self, handle: Handle, checkpoint: Checkpoint) -> None:
        pass


class Forgetful(YardHandler):
    """Lets only the newest id be stored."""

    def keep(self, handle: Handle, checkpoint: Checkpoint) -> None:
        part, id = list(handle.ids.items())[-1]
        checkpoint(replace(handle, ids={part: id}))


class Immortal(YardHandler):
    """Goes on where it should have died."""

    def keep(self, handle: Handle, checkpoint: Checkpoint) -> None:
        with suppress(Died):
            checkpoint(handle)


class Scribbling(YardHandler):
    """Writes into what it was given."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        request.resource["size"] = 10  # type: ignore[index]
        return super().create(request, checkpoint)


class Needy(YardHandler):
    """Takes the section of whichever node came first for everybody's."""

    def make(self, part: str, request: CreateRequest) -> str:
        assert self.config.section["size"] > 0
        return super().make(part, request)


class Doubling(YardHandler):
    """Makes everything anew."""

    def known(self, request: CreateRequest) -> Mapping[str, str]:
        return {}

    def status(self, node: Handle, things: Any) -> ResourceStatus:
        return replace(super().status(node, things), unfinished=False)


class TrustingHandles(YardHandler):
    """Believes that there is nothing but what the handle says."""

    def known(self, request: CreateRequest) -> Mapping[str, str]:
        return request.handle.ids


class Renaming(YardHandler):
    """Calls the same things otherwise each time."""

    times = 0

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        type(self).times += 1
        handle = super().create(request, checkpoint)
        return replace(handle, ids={part: f"{id}/{self.times}" for part, id in handle.ids.items()})


class Restarting(YardHandler):
    """Starts a machine again that runs."""

    restarted = False

    def known(self, request: CreateRequest) -> Mapping[str, str]:
        known = super().known(request)
        if known:
            type(self).restarted = True
        return known

    def status(self, node: Handle, things: Any) -> ResourceStatus:
        return ResourceStatus(NodeState.PENDING) if self.restarted else super().status(node, things)


class Racing(YardHandler):
    """Looks first and acts then, in two threads at once."""

    meeting = Barrier(2)

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        is_there = self.known(request)
        self.meeting.wait(30)
        handle = request.handle
        for part in ("disk", "machine"):
            handle = replace(handle, ids={**handle.ids, part: is_there.get(part) or self.make(part, request)})
        checkpoint(handle)
        return handle


class Shared(YardHandler):
    """Keeps in itself what it is just doing, so that threads get in each other's way."""

    meeting = Barrier(6)

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        self.busy_with = request
        self.meeting.wait(30)
        return super().create(self.busy_with, checkpoint)


class Strict(YardHandler):
    """Refuses what is there already."""

    def known(self, request: CreateRequest) -> Mapping[str, str]:
        if super().known(request):
            raise ResourceError(ErrorKind.INVALID, "it is there already")
        return {}


class Resigned(YardHandler):
    """Leaves half made what was half made."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        known = self.known(request)
        return replace(request.handle, ids=known) if known else super().create(request, checkpoint)

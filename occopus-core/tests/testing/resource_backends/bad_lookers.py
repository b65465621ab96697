"""Handlers whose `describe` or `costs` breaks the contract."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Barrier
from typing import Any

from yard import Refused, Thing, YardHandler

from occopus.model.instance import Address, Handle, NodeId, NodeState
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, ResourceError, ResourceStatus

Statuses = Mapping[NodeId, ResourceStatus]


class Remembering(YardHandler):
    """Knows what it has made itself."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        self.made = request.node_id
        return super().create(request, checkpoint)

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return super().describe([handle for handle in handles if handle.node_id == getattr(self, "made", None)])


class Homeless(YardHandler):
    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        return replace(super().status(node, things), addresses=())


class Never(YardHandler):
    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        return ResourceStatus(NodeState.PENDING)


class Hopeful(YardHandler):
    """Takes what it could get for all that there is."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        try:
            return super().describe(handles)
        except ResourceError:
            return {}


class FirstOnly(YardHandler):
    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return super().describe(handles[:1])


class Chatty(YardHandler):
    """Speaks of all that there is."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return {node.node_id: self.status(node, things) for node, things in self.by_node()} or {
            NodeId("none"): ResourceStatus(NodeState.READY)
        }


class Eager(YardHandler):
    """Asks although there is no question."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        self.listed()
        return super().describe(handles)


class OneByOne(YardHandler):
    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return {node_id: status for handle in handles for node_id, status in super(OneByOne, self).describe([handle]).items()}


class Strict(YardHandler):
    def describe(self, handles: Sequence[Handle]) -> Statuses:
        found = super().describe(handles)
        if len(found) < len(handles):
            raise ResourceError(ErrorKind.INVALID, "there is none")
        return found


class Inventive(YardHandler):
    """Has something to say of everybody."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return {**{handle.node_id: ResourceStatus(NodeState.UNKNOWN) for handle in handles}, **super().describe(handles)}


class TrustingHandles(YardHandler):
    """Believes that there is nothing but what the handle says."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        return super().describe([handle for handle in handles if handle.ids])


class Wordy(YardHandler):
    """Has states of its own."""

    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        return replace(super().status(node, things), state="running")  # type: ignore[arg-type]


class Moody(YardHandler):
    """Each has another opinion."""

    made = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        type(self).made += 1
        self.number = self.made

    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        return replace(super().status(node, things), addresses=(Address(f"10.0.1.{self.number}"),))


class ByName(YardHandler):
    """Knows nodes by their names."""

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        names = {handle.node_name for handle in handles}
        return {node.node_id: self.status(node, things) for node, things in self.by_node() if node.node_name in names}


class Slow(YardHandler):
    def describe(self, handles: Sequence[Handle]) -> Statuses:
        time.sleep(0.15)
        return super().describe(handles)


class Shared(YardHandler):
    """Keeps in itself what it was just asked."""

    meeting = Barrier(6)

    def describe(self, handles: Sequence[Handle]) -> Statuses:
        self.asked = handles
        self.meeting.wait(30)
        return super().describe(self.asked)


class FirstPage(YardHandler):
    """Turns no page."""

    def listed(self) -> list[Thing]:
        return self.yard.list(self.password, 0)


class ChattyBill(YardHandler):
    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        return {node.node_id: 0.5 for node, _ in self.by_node()}


class WrittenBill(YardHandler):
    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        return dict.fromkeys(super().costs(handles), "0.5 EUR")  # type: ignore[arg-type]


class Generous(YardHandler):
    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        return dict.fromkeys(super().costs(handles), -0.5)


class StrictBill(YardHandler):
    def costs(self, handles: Sequence[Handle]) -> Mapping[NodeId, float]:
        found = super().costs(handles)
        if len(found) < len(handles):
            raise Refused(404)
        return found

"""The CloudSigma resource handler: every node is one server with one drive, which is a clone of a library drive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    HandlerConfig,
    ResourceError,
    ResourceHandler,
    ResourceStatus,
    one_at_a_time,
)
from occopus_cloudsigma import blueprint, marks
from occopus_cloudsigma.api import Api, Json, Reply
from occopus_cloudsigma.parts import DRIVE, SERVER, Finder, Parts, drives_of
from occopus_cloudsigma.status import BUSY, STARTED, STARTED_AT, can_be_removed_further, status_of

T = TypeVar("T")

MAY_PASS = (ErrorKind.TRANSIENT, ErrorKind.THROTTLED)


class CloudSigmaHandler(ResourceHandler):
    """Three steps make a node: clone the drive, make the server as soon as that is done, start it. CloudSigma knows no client token, so
    each call first looks for what an earlier one made. Of its own the handler only remembers which nodes are to go.
    """

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        """`client` is a session of requests."""
        super().__init__(config, client)
        self._api = Api(config, client)
        self._finder = Finder(self._api)
        self._leaving: set[NodeId] = set()
        self._only_waiting: set[NodeId] = set()
        """Those that leave and were seen doing so: nothing is to be done for them until they are seen in another state."""

    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        with one_at_a_time(request.node_id):
            handle = request.handle
            parts = self._finder.of_node(handle)
            if parts.servers:
                handle = self._stored(handle, checkpoint, **_ids_of(parts))
                self._remove_twins(parts)
                return self._started(handle, parts.servers[0], checkpoint)
            if SERVER in handle.ids or (DRIVE in handle.ids and not parts.drives):
                return self._stored(handle, checkpoint)  # what was made is gone again: nothing is made twice for one id
            drive = parts.drives[0] if parts.drives else self._clone(request)
            handle = self._stored(handle, checkpoint, **{DRIVE: drive["uuid"]})
            if drive["status"] != "unmounted":
                return handle
            server = self._make_server(request, drive)
            handle = self._stored(handle, checkpoint, **{SERVER: server["uuid"]})
            return self._started(handle, server, checkpoint)

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        if not handles:
            return {}
        found = self._finder.of_nodes(handles)
        statuses = {handle.node_id: self._status(handle, found[handle.node_id]) for handle in handles}
        return {node_id: status for node_id, status in statuses.items() if status}

    def drop(self, handle: Handle) -> None:
        self._leaving.add(handle.node_id)
        if handle.node_id in self._only_waiting:
            return
        parts = self._finder.of_node(handle)
        for server in parts.servers:
            self._remove_server(server, recurse="all_drives")
        for drive in parts.loose:
            self._remove_drive(drive)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found = ((node, parts) for node, parts in self._finder.everything() if node.infra_id == infra_id)
        return [replace(node, ids=_ids_of(parts)) for node, parts in found]

    def _status(self, handle: Handle, parts: Parts) -> ResourceStatus | None:
        status = status_of(handle, parts)
        if status is None or handle.node_id not in self._leaving:
            return status
        if can_be_removed_further(parts):
            self._only_waiting.discard(handle.node_id)
        else:
            self._only_waiting.add(handle.node_id)
        return replace(status, unfinished=True)

    def _clone(self, request: CreateRequest) -> Json:
        library = request.resource["libdrive_id"]
        doing = f"cloning the library drive {library} for {request.node_name}"
        return _made(self._api.post(f"libdrives/{library}/action/", doing, {"name": marks.drive_name(request.handle)}, do="clone").objects)

    def _make_server(self, request: CreateRequest, drive: Json) -> Json:
        body = {"objects": [blueprint.server(request, drive["uuid"])]}
        return _made(self._api.post("servers/", f"making a server for {request.node_name}", body).objects)

    def _started(self, handle: Handle, server: Json, checkpoint: Checkpoint) -> Handle:
        """The handle of a node whose server has been started, now or before."""
        if STARTED in handle.ids:
            return handle
        started = {STARTED: "yes"}
        if server["status"] == "stopped":
            reply = self._unless_it_moved_on("servers", server, lambda: self._act(server, "start"))
            started |= {STARTED_AT: reply.at.isoformat()} if reply else {}
        return self._stored(handle, checkpoint, **started)

    def _remove_twins(self, parts: Parts) -> None:
        """Twins are removed without their drives, which may be the node's own; what is left of those is loose the next time."""
        for twin in parts.twins:
            self.config.logger.warning("the server %s is a second one for the same node: removing it", twin["uuid"])
            self._remove_server(twin)
        for drive in parts.loose:
            self.config.logger.warning("the drive %s is a second one for the same node: removing it", drive["uuid"])
            self._remove_drive(drive)

    def _remove_server(self, server: Json, **parameters: str) -> None:
        """The next step on its way out: a server must be stopped before it can be deleted."""
        doing = f"deleting the server {server['uuid']}"
        match server["status"]:
            case "starting" | "stopping":
                return
            case "stopped":
                self._unless_it_moved_on("servers", server, lambda: self._api.delete(f"servers/{server['uuid']}/", doing, **parameters))
            case _:
                self._unless_it_moved_on("servers", server, lambda: self._act(server, "stop"))

    def _remove_drive(self, drive: Json) -> None:
        if drive["status"] not in BUSY:
            doing = f"deleting the drive {drive['uuid']}"
            self._unless_it_moved_on("drives", drive, lambda: self._api.delete(f"drives/{drive['uuid']}/", doing))

    def _act(self, server: Json, action: str) -> Reply:
        doing = {"start": "starting", "stop": "stopping"}[action]
        return self._api.post(f"servers/{server['uuid']}/action/", f"{doing} the server {server['uuid']}", {}, do=action)

    def _unless_it_moved_on(self, kind: str, item: Json, call: Callable[[], T]) -> T | None:
        """What the call gives; None where it is refused because the item is no longer in the state that it was seen in."""
        try:
            return call()
        except ResourceError as error:
            if error.kind in MAY_PASS:
                raise
            now = self._finder.again(kind, item)
            if now and now["status"] == item["status"]:
                raise
            return None

    def _stored(self, handle: Handle, checkpoint: Checkpoint, **ids: str) -> Handle:
        """The handle with more ids, stored."""
        handle = replace(handle, ids={**handle.ids, **ids})
        checkpoint(handle)
        return handle


def _made(objects: Sequence[Json]) -> Json:
    if not objects:
        raise ResourceError(ErrorKind.TRANSIENT, "CloudSigma accepted the request and does not say what it made")
    return objects[0]


def _ids_of(parts: Parts) -> dict[str, str]:
    """What a handle holds of a node that was found."""
    if not parts.servers:
        return {DRIVE: parts.drives[0]["uuid"]}
    server = parts.servers[0]
    drive = next(iter(drives_of(server)), None)
    ids = {SERVER: server["uuid"], **({DRIVE: drive} if drive else {})}
    return ids if server["status"] == "stopped" else {**ids, STARTED: "yes"}

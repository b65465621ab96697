"""What there is of a node: its server, its drive, and twins of them that a lost reply may have left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from occopus.model.instance import Handle, NodeId
from occopus_cloudsigma import marks
from occopus_cloudsigma.api import Api, Json, Reply

DRIVE, SERVER = "drive", "server"
"""The ids that a handle holds."""


@dataclass(frozen=True)
class Parts:
    """The node's own server and drive come first. `at` is when they were looked at, by CloudSigma's clock."""

    servers: Sequence[Json] = ()
    drives: Sequence[Json] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __bool__(self) -> bool:
        return bool(self.servers or self.drives)

    @property
    def loose(self) -> list[Json]:
        """The drives that no server of the node has."""
        attached = {drive_id for server in self.servers for drive_id in drives_of(server)}
        return [drive for drive in self.drives if drive["uuid"] not in attached]

    @property
    def twins(self) -> list[Json]:
        """Servers beside the first."""
        return list(self.servers[1:])


def drives_of(server: Json) -> list[str]:
    """The ids of the drives that a server has."""
    return [attached["drive"]["uuid"] for attached in server.get("drives") or () if attached.get("drive")]


class Finder:
    """Looks for the parts of nodes by their ids and marks."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of_node(self, handle: Handle) -> Parts:
        """Looks for one node in few short replies: all servers are listed only where its own is not known."""
        told = self._api.all("drives/detail/", "looking for its drive", name__contains=handle.node_id)
        drives = self._with_known("drives", handle.ids.get(DRIVE), [each for each in told.objects if marks.node_of(each) == handle.node_id])
        listed = [] if SERVER in handle.ids else self._servers().objects
        mounted = {each["uuid"] for drive in drives for each in drive.get("mounted_on") or ()} - {each["uuid"] for each in listed}
        listed += [found for server_id in mounted - {handle.ids.get(SERVER)} if (found := self._one("servers", server_id))]
        ours = [each for each in listed if marks.node_of(each) == handle.node_id]
        return _in_order(handle, self._with_known("servers", handle.ids.get(SERVER), ours), drives, told.at)

    def of_nodes(self, handles: Sequence[Handle]) -> Mapping[NodeId, Parts]:
        """Looks for many nodes in two listings; of which these show nothing although an id is known is looked for by itself."""
        servers, drives = self._servers(), self._drives()
        sort = _Sorted(servers.objects, drives.objects, servers.at)
        return {handle.node_id: sort.of(handle) or (self.of_node(handle) if handle.ids else Parts()) for handle in handles}

    def everything(self) -> Iterable[tuple[Handle, Parts]]:
        """All nodes of the account that there is anything of."""
        servers, drives = self._servers(), self._drives()
        sort = _Sorted(servers.objects, drives.objects, servers.at)
        nodes = [node for node in (*map(marks.of_drive, drives.objects), *map(marks.of_server, servers.objects)) if node]
        return [(node, sort.of(node)) for node in {node.node_id: node for node in nodes}.values()]

    def again(self, kind: str, item: Json) -> Json | None:
        """A server or drive as it is now."""
        return self._one(kind, item["uuid"])

    def _servers(self) -> Reply:
        return self._api.all("servers/detail/", "looking at servers")

    def _drives(self) -> Reply:
        return self._api.all("drives/detail/", "looking at drives", name__contains=marks.OURS)

    def _one(self, kind: str, id: str) -> Json | None:
        return self._api.get(f"{kind}/{id}/", f"looking at {kind}/{id}")

    def _with_known(self, kind: str, id: str | None, found: list[Json]) -> list[Json]:
        """With what has the id that is known, whatever has become of its marks."""
        if id is None or any(each["uuid"] == id for each in found):
            return found
        known = self._one(kind, id)
        return [known, *found] if known else found


class _Sorted:
    """Two listings, to be asked for many nodes."""

    def __init__(self, servers: Iterable[Json], drives: Iterable[Json], at: datetime) -> None:
        self._servers, self._drives, self._at = _by_key(servers), _by_key(drives), at

    def of(self, handle: Handle) -> Parts:
        return _in_order(handle, _pick(self._servers, handle, SERVER), _pick(self._drives, handle, DRIVE), self._at)


def _by_key(items: Iterable[Json]) -> Mapping[str, list[Json]]:
    """Each under its own id and under that of its node."""
    found: dict[str, list[Json]] = {}
    for item in items:
        for key in {item["uuid"], marks.node_of(item)} - {None}:
            found.setdefault(key, []).append(item)
    return found


def _pick(items: Mapping[str, list[Json]], handle: Handle, kind: str) -> list[Json]:
    found = [*items.get(handle.ids.get(kind, ""), ()), *items.get(handle.node_id, ())]
    return list({item["uuid"]: item for item in found}.values())


def _in_order(handle: Handle, servers: Iterable[Json], drives: Iterable[Json], at: datetime) -> Parts:
    return Parts(
        sorted(servers, key=lambda each: (each["uuid"] != handle.ids.get(SERVER), each["status"] != "running", each["uuid"])),
        sorted(drives, key=lambda each: (each["uuid"] != handle.ids.get(DRIVE), each["uuid"])),
        at,
    )

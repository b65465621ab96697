"""Servers: found by their tags, made, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus_nova.api import COMPUTE, Api, Json
from occopus_nova.marks import infra_tag, node_of, node_tag

GONE = ("DELETED", "SOFT_DELETED")
"""Only an administrator could bring them back."""


class Servers:
    def __init__(self, api: Api) -> None:
        self._api = api

    def of_infrastructures(self, infra_ids: Iterable[InfraId]) -> dict[NodeId, list[Json]]:
        """All servers with one of these marks, by node."""
        tags = ",".join(sorted(map(infra_tag, infra_ids)))
        found: dict[NodeId, list[Json]] = {}
        for server in self._listed({"tags-any": tags}):
            node_id = node_of(server)
            if node_id:
                found.setdefault(node_id, []).append(server)
        return found

    def of_node(self, handle: Handle) -> list[Json]:
        """All servers that were made for a node, in order."""
        return in_order(handle, self._listed({"tags": node_tag(handle.node_id)})) or self.unlisted(handle)

    def unlisted(self, handle: Handle) -> list[Json]:
        """A server that is known by its id and in no list: its tags were taken away, or its cell does not answer at this moment."""
        server = self._get(handle.ids["server"]) if "server" in handle.ids else None
        return [server] if server else []

    def create(self, attributes: Json) -> str:
        """Ask for a server; its id."""
        answer = self._api.call(COMPUTE, "POST", "/servers", f"making the server '{attributes['name']}'", {"server": attributes})
        return str((answer or {})["server"]["id"])

    def delete(self, server: Json) -> None:
        """Succeeds on what is gone."""
        if server["status"] not in GONE:
            id = server["id"]
            self._api.call(COMPUTE, "DELETE", f"/servers/{id}", f"deleting the server {id}", none_on=(404,))

    def _listed(self, tags: Mapping[str, str]) -> Iterator[Json]:
        """A list says that a server has failed, but not why where no host was found for it: then it is looked at."""
        for server in self._api.each(COMPUTE, "/servers/detail", "servers", "looking for servers", tags):
            silent = server["status"] == "ERROR" and "fault" not in server
            yield (self._get(server["id"]) or server) if silent else server

    def _get(self, id: str) -> Json | None:
        answer = self._api.call(COMPUTE, "GET", f"/servers/{id}", f"looking at the server {id}", none_on=(404,))
        server: Json | None = answer and answer["server"]
        return server


def in_order(handle: Handle, servers: Iterable[Json]) -> list[Json]:
    """That of the handle first, then the oldest, last those that are on their way out.

    There is more than one where a reply got lost and the server did not show in time.
    """
    known = handle.ids.get("server")
    return sorted(servers, key=lambda server: (is_leaving(server), server["id"] != known, server.get("created", ""), server["id"]))


def is_leaving(server: Json) -> bool:
    return server.get("OS-EXT-STS:task_state") == "deleting"

"""A resource group and what is in it: looked at, made, deleted, each object by the name that it always has."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import CreateRequest, ErrorKind, HandlerConfig, ResourceError
from occopus_azure_aci.arm.client import Client, Json
from occopus_azure_aci.arm.failures import Refused
from occopus_azure_aci.arm.kinds import GROUP_VERSION, Kind

INFRA_ID, NODE_ID, NODE_NAME = "occopus:infra_id", "occopus:node_id", "occopus:node_name"

BROKEN = ("Failed", "Canceled")
"""Provisioning states of what the same request may mend."""

SETTLED = ("Succeeded", *BROKEN)
"""Provisioning states in which nothing is under way."""


class Group:
    """Everything that is made for a node is in its resource group."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        self._client = Client(config, client)
        self.name: str = config.section["resource_group"]
        self.subscription = f"/subscriptions/{_segment(str(config.credentials['subscription_id']))}"
        self.path = f"{self.subscription}/resourceGroups/{_segment(self.name)}"
        self._is_there = False
        self._making = threading.Lock()

    def id(self, kind: Kind, name: str, child: str = "") -> str:
        """Of an object here, or of what is in it: `subnets/NAME`."""
        return f"{self.path}/providers/{kind.type}/{_segment(name)}{child and '/'}{child}"

    def ensure(self, location: str) -> None:
        """Make the group, unless it is there. It is never deleted: it may hold what others made."""
        with self._making:
            if not self._is_there:
                doing = f"looking at the resource group '{self.name}'"
                if self._client.call("GET", self.path, GROUP_VERSION, doing, none_on=(404,)) is None:
                    self._client.call("PUT", self.path, GROUP_VERSION, f"making the resource group '{self.name}'", {"location": location})
                self._is_there = True

    def get(self, kind: Kind, id: str, params: Mapping[str, str] | None = None) -> Json | None:
        """An object; None where there is none."""
        return self._client.call("GET", id, kind.version, f"looking at the {_called(kind, id)}", params=params, none_on=(404,))

    def each(self, kind: Kind) -> Iterator[Json]:
        """All objects of a kind in the group."""
        return self._client.each(f"{self.path}/providers/{kind.type}", kind.version, f"listing each {kind.noun}")

    def each_anywhere(self, kind: Kind, **params: str) -> Iterator[Json]:
        """All objects of a kind in the subscription."""
        return self._client.each(f"{self.subscription}/providers/{kind.type}", kind.version, f"listing each {kind.noun}", params)

    def ensure_object(self, kind: Kind, id: str, body: Json, request: CreateRequest) -> Json:
        """The object as it is, made unless it is there and well.

        Raises:
            ResourceError: it is there and not of this node, or could not be made.
        """
        there = self.get(kind, id)
        if there and self.owned(kind, there, request) and state_of(there) not in BROKEN:
            return there
        try:
            return self.put(kind, id, {**body, "tags": request.marks})
        except Refused as error:
            there = self.get(kind, id) if error.is_busy else None
            if not there:
                raise
            return self.owned(kind, there, request)

    def owned(self, kind: Kind, there: Json, request: CreateRequest) -> Json:
        """What is there, if it is this node's.

        Raises:
            ResourceError: it is not.
        """
        if node_of(there) != request.node_id:
            message = f"the {_called(kind, there['id'])} exists, and was not made for this node"
            raise ResourceError(ErrorKind.INVALID, message)
        return there

    def put(self, kind: Kind, id: str, body: Json) -> Json:
        return self._client.call("PUT", id, kind.version, f"making the {_called(kind, id)}", body) or {}

    def delete(self, kind: Kind, id: str) -> None:
        """Begin to delete. Succeeds on what is gone; what something else still uses is left for the next call."""
        try:
            self._client.call("DELETE", id, kind.version, f"deleting the {_called(kind, id)}", none_on=(404,))
        except Refused as error:
            if not (error.is_in_use or error.is_busy):
                raise


def state_of(thing: Json) -> str:
    return str(thing.get("properties", {}).get("provisioningState") or "")


def node_of(thing: Json) -> NodeId | None:
    found = (thing.get("tags") or {}).get(NODE_ID)
    return NodeId(found) if found else None


def handle_of(thing: Json, **ids: str) -> Handle:
    """As the marks of an object say."""
    tags = thing.get("tags") or {}
    return Handle(InfraId(tags[INFRA_ID]), NodeId(tags[NODE_ID]), tags.get(NODE_NAME, ""), ids)


def is_of(thing: Json, infra_id: InfraId) -> bool:
    tags = thing.get("tags") or {}
    return tags.get(INFRA_ID) == infra_id and bool(tags.get(NODE_ID))


def plain_location(location: str) -> str:
    """As Azure compares them: `West Europe` is `westeurope`."""
    return location.replace(" ", "").lower()


def _called(kind: Kind, id: str) -> str:
    return f"{kind.noun} '{id.rpartition('/')[2]}'"


def _segment(text: str) -> str:
    return quote(text, safe="")

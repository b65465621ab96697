"""The calls that are made of a Chef server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import requests

from occopus.plugins import ErrorKind, ResourceError
from occopus.plugins.rest import NotFound, RestClient
from occopus_chef import __version__
from occopus_chef.signing import PROTOCOLS, Signature, Signer

Object = dict[str, Any]
"""A node, role or environment, as JSON has it."""

NOT_UNDERSTOOD = frozenset({ErrorKind.CREDENTIALS, ErrorKind.INVALID})
"""What a server may answer to a version of the protocol that it does not know."""


class ChefServer(RestClient):
    """One server, or one organisation of it, with one user. `kind` is a collection of objects: nodes, clients, roles, environments."""

    def __init__(self, endpoint: str, signer: Signer) -> None:
        super().__init__(endpoint, Signature(signer, PROTOCOLS[0]), f"occopus/{__version__}")
        self._signatures = [Signature(signer, protocol) for protocol in PROTOCOLS]
        """With those versions of the protocol that the server may know: all of them until it has understood one."""

    def names(self, kind: str) -> Iterable[str]:
        """Of all objects of a kind."""
        return list(self._object("GET", kind, f"looking at the {kind}"))

    def get(self, kind: str, name: str) -> Object | None:
        """An object, where it is there."""
        try:
            return self._object("GET", _path(kind, name), f"looking for {name} among the {kind}")
        except NotFound:
            return None

    def ensure(self, kind: str, wanted: Object) -> Object:
        """The object as it is there, or else as it is made now."""
        name = wanted["name"]
        found = self.get(kind, name)
        if found is not None:
            return found
        try:
            self._object("POST", kind, f"putting {name} among the {kind}", wanted)
        except ResourceError as refused:
            found = self.get(kind, name) if refused.kind is ErrorKind.INVALID else None
            if found is None:
                raise
            return found  # somebody else made it in the meantime
        return wanted

    def replace(self, kind: str, changed: Object) -> None:
        self._object("PUT", _path(kind, changed["name"]), f"changing {changed['name']} among the {kind}", changed)

    def remove(self, kind: str, name: str) -> None:
        """Succeeds on what is gone already."""
        try:
            self._object("DELETE", _path(kind, name), f"removing {name} from the {kind}")
        except NotFound:
            return

    def explain(self, reply: requests.Response) -> str:
        """What stands under `error`: a text, or several."""
        try:
            said = reply.json()["error"]
        except (ValueError, LookupError, TypeError):
            return ""
        return "; ".join(map(str, said)) if isinstance(said, list) else str(said)

    def _object(self, method: str, path: str, doing: str, content: Mapping[str, Any] | None = None) -> Object:
        reply = self._understood(method, path, doing, data=None if content is None else json.dumps(content).encode())
        try:
            found = reply.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ResourceError(ErrorKind.INVALID, f"{doing} failed: the reply is none of a Chef server; is the endpoint right?")
        return found

    def _understood(self, method: str, path: str, doing: str, **options: Any) -> requests.Response:
        """The reply, by the newest version of the protocol that the server knows."""
        refusal: ResourceError | None = None
        for signature in self._signatures:
            try:
                reply = self.call(method, path, doing, auth=signature, headers={"Content-Type": "application/json"}, **options)
            except ResourceError as error:
                if error.kind not in NOT_UNDERSTOOD or isinstance(error, NotFound):
                    raise
                refusal = refusal or error
            else:
                self._signatures = [signature]
                return reply
        assert refusal is not None, "it has understood, or has refused each"  # noqa: S101
        raise refusal


def _path(kind: str, name: str) -> str:
    return f"{kind}/{quote(name, safe='')}"

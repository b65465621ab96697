"""A small Azure Resource Manager, over https: strict about every request, slow where Azure is slow, as unreliable as it is told to be.

It is a declared double: none of the real one can be run. It keeps resource groups, networks, addresses, interfaces, machines, disks and
container groups; makes and deletes them as long-running operations; and gives tokens, as the login service does.
"""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import arm_shapes
from arm_rules import (
    ADDRESS,
    CONTAINERS,
    DISK,
    INTERFACE,
    MACHINE,
    NETWORK,
    SHAPES,
    SUBNET,
    VERSIONS,
    Json,
    Refusal,
    before_delete,
    before_put,
)
from certificate import server_context

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Reply, Request

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "kept~to.ourselves-0123456789_abcdef"

GROUP = re.compile(rf"/subscriptions/{SUBSCRIPTION}/resourcegroups/([^/]+)", re.IGNORECASE)
AT_ONCE = {INTERFACE, DISK}
"""Kinds that are made within the call."""


@dataclass
class Thing:
    body: Json
    kind: str
    done_at: float = 0.0
    outcome: str = "Succeeded"
    error: Json | None = None
    gone_at: float | None = None


class FakeArm(FaultyServer):
    """Names requests by what they do to which kind: `GET group`, `GET operation`, `LIST kind` in a group and `LIST EVERY kind`, and
    `GET kind`, `PUT kind`, `DELETE kind`. Requests for tokens have no name.
    """

    def __init__(self, folder: Path) -> None:
        """It has a certificate of its own, which is put into the folder as `authority.pem`."""
        super().__init__(server_context(folder))

    def calm(self, seed: int = 0) -> None:
        """Fine weather, and nothing there."""
        super().calm(seed)
        self.groups: dict[str, Json] = {}
        self.things: dict[str, Thing] = {}
        self.bodies: dict[str, Json] = {}
        """The last body that was sent for each id."""
        self.complaints: list[str] = []
        """What no client of ours should ever send."""
        self.tokens: Counter[str] = Counter()
        self.makes = 0
        self.numbers = 10
        self.theirs: set[str] = set()
        """The ids of what `add` has added."""
        self.linked: dict[str, float] = {}
        self.operations: dict[str, str] = {}
        self.make_for = self.delete_for = self.link_for = 0.0
        """Seconds that making and deleting take, and for which a subnet is in use after its last container group has gone."""
        self.page = 50
        self.doomed: dict[str, tuple[str, str]] = {}
        """By kind: code and message with which what is made will fail, after the call."""
        self.addresses: list[str] = []
        """Addresses that are given out before any other."""

    # What tests look at

    def of_kind(self, kind: str) -> list[Json]:
        with self.guard:
            self._settle()
            return [thing.body for thing in self.things.values() if thing.kind == kind]

    def thing(self, id: str) -> Json | None:
        with self.guard:
            self._settle()
            found = self.things.get(id.lower())
            return found.body if found else None

    def subnet(self, id: str) -> Json | None:
        network = self.thing(id.rpartition("/subnets/")[0])
        return next((s for s in (network or {}).get("properties", {}).get("subnets", ()) if s["id"].lower() == id.lower()), None)

    def of_node(self, name: str, kind: str) -> list[Json]:
        return [thing for thing in self.of_kind(kind) if thing.get("tags", {}).get("occopus:node_name") == name]

    def node_ids(self, kind: str) -> list[str]:
        return [thing["tags"]["occopus:node_id"] for thing in self.of_kind(kind) if "occopus:node_id" in thing.get("tags", {})]

    @property
    def everything(self) -> list[str]:
        with self.guard:
            self._settle()
            return sorted(self.things)

    def count(self, method: str, kind: str) -> int:
        """How many requests of a method came for objects of a kind, or for what is in them."""
        return sum(action.startswith(f"{method} {kind}") for action in self.actions)

    def add(self, kind: str, name: str, body: Json, group: str = "mine") -> str:
        """Something of the user's, which is there from the beginning."""
        with self.guard:
            self.groups.setdefault(group.lower(), {"location": body.get("location", "francecentral")})
            id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}"
            self._make(kind.lower(), id, body)
            self.things[id.lower()].done_at = 0.0
            self.theirs.add(id.lower())
            self._settle()
            return id

    def holding(self) -> list[str]:
        """The node ids for which there is anything, each as often as it has objects of one kind; what belongs to no node, by its id."""
        with self.guard:
            having = Counter((owner, self.things[id].kind) for id in self.everything for owner in self._owners(id))
        most = {owner: max(times for (other, _), times in having.items() if other == owner) for owner, _ in having}
        return list(Counter(most).elements())

    def _owners(self, id: str) -> list[str]:
        """The nodes that an object, or what is in it, was made for: by its mark, or by the name where it has none."""
        thing = self.thing(id) or {}
        if mark := thing.get("tags", {}).get("occopus:node_id"):
            return [mark]
        own = [] if id in self.theirs else [thing["name"]]
        names = [*own, *(subnet["name"] for subnet in thing.get("properties", {}).get("subnets", ()))]
        named = [name.removeprefix("occopus-").removesuffix("-disk") for name in names if name.startswith("occopus-")]
        return named or ([id] if own else [])

    # What calls do

    def action(self, request: Request) -> str | None:
        if not request.path.startswith("/subscriptions/"):
            return None
        scope, _, rest = request.path.partition("/providers/")
        if "/operations/" in rest:
            return f"{request.method} operation"
        if not rest:
            return f"{request.method} group"
        if not _is_list(rest):
            return f"{request.method} {_kind(rest)}"
        return f"LIST {_kind(rest)}" if GROUP.fullmatch(scope) else f"LIST EVERY {_kind(rest)}"

    def throttled(self) -> Refusal:
        return Refusal(429, "TooManyRequests", "Slow down.", retry_after="0")

    def respond(self, request: Request) -> Reply:
        if not request.path.startswith("/subscriptions/"):
            return self._login(request)
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer token-"):
                raise Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
            with self.guard:
                self._settle()
                return self._done(request)
        except Refusal:
            raise
        except Exception as fault:
            raise self._wrong(f"{request.method} {request.path}: {type(fault).__name__}: {fault}") from fault

    def _done(self, request: Request) -> Reply:
        if not request.path.lower().startswith(f"/subscriptions/{SUBSCRIPTION}"):
            raise Refusal(404, "SubscriptionNotFound", "The subscription could not be found.")
        if "/operations/" in request.path:
            return Reply.of_json(200, self._progress(request.path.rpartition("/")[2]))
        if "/providers/" not in request.path:
            return self._group(request.method, request.path, request.json)
        return self._object(request)

    def _group(self, method: str, path: str, body: Json | None) -> Reply:
        found = GROUP.fullmatch(path)
        if not found or method not in ("GET", "PUT"):
            raise self._wrong(f"{method} {path}")
        name = unquote(found[1])
        if method == "PUT":
            self._check("resources.ResourceGroup", body)
            self.groups[name.lower()] = {**(body or {}), "id": path, "name": name, "properties": {"provisioningState": "Succeeded"}}
            return Reply.of_json(201, self.groups[name.lower()])
        if name.lower() not in self.groups:
            raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        return Reply.of_json(200, self.groups[name.lower()])

    def _object(self, request: Request) -> Reply:
        method, path, query = request.method, request.path, request.query
        scope, _, rest = path.partition("/providers/")
        kind, group = _kind(rest), GROUP.fullmatch(scope)
        if query.get("api-version") != VERSIONS.get(kind):
            raise self._wrong(f"{method} {path}: no such API version: {query.get('api-version')}")
        if group and unquote(group[1]).lower() not in self.groups:
            raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{group[1]}' could not be found.")
        if _is_list(rest):
            return self._list(method, scope, kind, query)
        if method == "GET":
            found = self.subnet(path) if kind == SUBNET else self.thing(path)
            if found is None:
                raise Refusal(404, "ResourceNotFound", f"The Resource '{rest}' was not found.")
            return Reply.of_json(200, shown(found, kind, "$expand" in query))
        if method == "PUT" and kind in SHAPES:
            return self._put(kind, path, request.json)
        if method == "DELETE":
            return self._delete(kind, path)
        raise self._wrong(f"{method} {path}")

    def _list(self, method: str, scope: str, kind: str, query: dict[str, str]) -> Reply:
        if method != "GET":
            raise self._wrong(f"{method} of a list")
        found = [thing for thing in self.of_kind(kind) if thing["id"].lower().startswith(f"{scope.lower()}/")]
        start = int(query.get("$skipToken", "0"))
        some = found[start : start + self.page]
        status_only = query.get("statusOnly") == "true"
        answer: Json = {"value": [status_of(thing) if status_only else listed(thing, kind) for thing in some]}
        if start + self.page < len(found):
            asked = "&".join(f"{key}={value}" for key, value in query.items() if key != "$skipToken")
            answer["nextLink"] = f"{self.url}{scope}/providers/{kind}?{asked}&$skipToken={start + self.page}"
        return Reply.of_json(200, answer)

    def _put(self, kind: str, id: str, body: Json | None) -> Reply:
        self._check(SHAPES[kind], body)
        assert body is not None
        old = self.subnet(id) if kind == SUBNET else self.thing(id)
        try:
            before_put(self, kind, id, body, None if kind == SUBNET else old)
        except KeyError as missing:
            raise Refusal(400, "InvalidParameter", f"Required parameter {missing} is missing.") from missing
        self.bodies[id] = body
        if old and old["properties"]["provisioningState"] == "Deleting":
            raise Refusal(409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress.")
        if old and old["properties"]["provisioningState"] != "Failed":
            return Reply.of_json(200, shown(old, kind, False))  # nothing changes: the same body, which is what all clients here send
        made = self._make(kind, id, body)
        return Reply.of_json(201, shown(made, kind, False), self._operation(id))

    def _delete(self, kind: str, id: str) -> Reply:
        subnet = self.subnet(id) if kind == SUBNET else None
        thing = self.things.get(id.lower())
        if thing is None and subnet is None:
            return Reply(204)
        before_delete(self, kind, id)
        if subnet:
            network = self.things[id.rpartition("/subnets/")[0].lower()]
            network.body["properties"]["subnets"].remove(subnet)
        elif thing and thing.gone_at is None:
            thing.body["properties"]["provisioningState"] = "Deleting"
            thing.gone_at = time.monotonic() + self.delete_for
            self._settle()
        return Reply(202, headers=self._operation(id))

    def _operation(self, id: str) -> dict[str, str]:
        """Where a client may ask how far a long-running operation is."""
        name = str(uuid.uuid4())
        self.operations[name] = id.lower()
        url = f"{self.url}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.X/locations/y/operations/{name}?api-version=2026-01-01"
        return {"Azure-AsyncOperation": url, "Retry-After": "0"}

    def _progress(self, name: str) -> Json:
        thing = self.things.get(self.operations[name])
        state = thing.body["properties"]["provisioningState"] if thing else "Succeeded"
        answer: Json = {"name": name, "status": state if state in ("Succeeded", "Failed") else "InProgress"}
        return answer | ({"error": thing.error} if thing and thing.error else {})

    def _make(self, kind: str, id: str, body: Json) -> Json:
        self.makes += 1
        made = copy.deepcopy(body)
        if kind == SUBNET:
            made |= {"id": id, "name": id.rpartition("/")[2]}
            made["properties"]["provisioningState"] = "Succeeded"
            self.things[id.rpartition("/subnets/")[0].lower()].body["properties"]["subnets"].append(made)
            return made
        made |= {"id": id, "name": id.rpartition("/")[2], "type": kind}
        made["properties"]["provisioningState"] = {CONTAINERS: "Pending", MACHINE: "Creating"}.get(kind, "Updating")
        for subnet in made["properties"].setdefault("subnets", []) if kind == NETWORK else ():
            subnet["id"] = f"{id}/subnets/{subnet['name']}"
            subnet["properties"]["provisioningState"] = "Succeeded"
        failing = self.doomed.pop(kind, None)
        thing = Thing(made, kind, time.monotonic() + (0 if kind in AT_ONCE else self.make_for))
        if failing:
            thing.outcome, thing.error = "Failed", {"code": failing[0], "message": failing[1]}
        self.things[id.lower()] = thing
        if kind == MACHINE:
            self._attach(made)
        self._settle()
        return made

    def _attach(self, machine: Json) -> None:
        """The disk of a new machine, and its claim on its interfaces."""
        for reference in machine["properties"]["networkProfile"]["networkInterfaces"]:
            self.things[reference["id"].lower()].body["properties"]["virtualMachine"] = {"id": machine["id"]}
        disk = machine["properties"]["storageProfile"]["osDisk"]
        id = machine["id"].rpartition("/providers/")[0] + f"/providers/Microsoft.Compute/disks/{disk['name']}"
        self._make(DISK, id, {"location": machine["location"], "properties": {}, "managedBy": machine["id"]})

    def _settle(self) -> None:
        """What time has brought about."""
        now = time.monotonic()
        for id, thing in list(self.things.items()):
            state = thing.body["properties"]["provisioningState"]
            if thing.gone_at is not None and thing.gone_at <= now:
                self._remove(id)
            elif state not in ("Succeeded", "Failed", "Deleting") and thing.done_at <= now:
                thing.body["properties"]["provisioningState"] = thing.outcome
                self._finish(thing)

    def _finish(self, thing: Thing) -> None:
        properties = thing.body["properties"]
        if thing.kind == ADDRESS:
            properties["ipAddress"] = self._address("20.1")
        if thing.kind == INTERFACE:
            for configuration in properties["ipConfigurations"]:
                configuration["properties"]["privateIPAddress"] = self._address("10.0")
        if thing.kind == MACHINE:
            failed = [{"code": f"ProvisioningState/failed/{thing.error['code']}", "message": thing.error["message"]}] if thing.error else []
            running = [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]
            properties["instanceView"] = {"statuses": failed or running}
        if thing.kind == CONTAINERS:
            self._finish_containers(thing)

    def _finish_containers(self, thing: Thing) -> None:
        properties = thing.body["properties"]
        address = properties.get("ipAddress")
        if address:
            address["ip"] = self._address("20.2" if address["type"] == "Public" else "10.0")
            if address.get("dnsNameLabel"):
                address["fqdn"] = f"{address['dnsNameLabel']}.{thing.body['location'].replace(' ', '').lower()}.azurecontainer.io"
        events = [{"type": "Warning", "message": thing.error["message"]}] if thing.error else []
        properties["instanceView"] = {"state": "Failed" if thing.error else "Running", "events": events}

    def _remove(self, id: str) -> None:
        thing = self.things.pop(id)
        properties = thing.body["properties"]
        if thing.kind == CONTAINERS:
            for subnet in properties.get("subnetIds", ()):
                self.linked[subnet["id"].lower()] = time.monotonic() + self.link_for
        if thing.kind == MACHINE:
            for reference in properties["networkProfile"]["networkInterfaces"]:
                self.things[reference["id"].lower()].body["properties"].pop("virtualMachine", None)
                if reference.get("properties", {}).get("deleteOption") == "Delete":
                    self.things.pop(reference["id"].lower())
            disk = properties["storageProfile"]["osDisk"]
            for other, each in list(self.things.items()):
                if each.kind == DISK and each.body.get("managedBy") == thing.body["id"]:
                    each.body.pop("managedBy")
                    if disk.get("deleteOption") == "Delete":
                        self.things.pop(other)

    def _address(self, start: str) -> str:
        if self.addresses:
            return self.addresses.pop(0)
        self.numbers += 1
        return f"{start}.{self.numbers // 250}.{self.numbers % 250 + 1}"

    def subnets_in_use(self) -> Iterator[str]:
        now = time.monotonic()
        for thing in self.things.values():
            if thing.kind == INTERFACE:
                yield from (each["properties"]["subnet"]["id"] for each in thing.body["properties"]["ipConfigurations"])
            if thing.kind == CONTAINERS:
                yield from (each["id"] for each in thing.body["properties"].get("subnetIds", ()))
        yield from (subnet for subnet, until in self.linked.items() if until > now)

    def _login(self, request: Request) -> Reply:
        """The login service, and where it is."""
        if request.path == "/metadata/endpoints":
            authentication = {"loginEndpoint": f"{self.url}/", "audiences": ["https://management.test/"]}
            return Reply.of_json(200, {"authentication": authentication})
        if request.path.endswith("/.well-known/openid-configuration"):
            start = f"{self.url}/{TENANT}"
            urls = {"authorization_endpoint": f"{start}/oauth2/v2.0/authorize", "token_endpoint": f"{start}/oauth2/v2.0/token"}
            return Reply.of_json(200, {**urls, "issuer": f"{start}/v2.0"})
        given = dict(parse_qsl(request.body.decode()))
        with self.guard:
            self.tokens[given.get("scope", "")] += 1
        wanted = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "client_credentials"}
        if request.path != f"/{TENANT}/oauth2/v2.0/token" or any(given.get(key) != value for key, value in wanted.items()):
            return Reply.of_json(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
        return Reply.of_json(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{uuid.uuid4()}"})

    def _check(self, shape: str, body: Json | None) -> None:
        found = list(arm_shapes.faults(shape, body))
        if found:
            self.complaints += [f"{shape}: {each}" for each in found]
            raise Refusal(400, "InvalidRequestContent", f"The request content was invalid: {'; '.join(found)}")

    def _wrong(self, what: str) -> Refusal:
        self.complaints.append(what)
        return Refusal(400, "InvalidResourceType", what)


def shown(thing: Json, kind: str, expanded: bool) -> Json:
    """As a GET shows it: without secrets; of a machine it tells whether that runs only when it is asked to."""
    seen = copy.deepcopy(thing)
    if kind == MACHINE:
        seen["properties"]["osProfile"].pop("adminPassword", None)
        seen["properties"]["osProfile"].pop("customData", None)
    if kind == MACHINE and not expanded:
        seen["properties"].pop("instanceView", None)
    return seen


def listed(thing: Json, kind: str) -> Json:
    """As a list shows it, which says of nothing whether it runs."""
    seen = shown(thing, kind, expanded=False)
    seen["properties"].pop("instanceView", None)
    return seen


def status_of(machine: Json) -> Json:
    """As a list with `statusOnly` shows a machine."""
    kept = {key: machine[key] for key in ("id", "name", "type", "location")}
    properties = machine["properties"]
    view = properties.get("instanceView", {"statuses": [{"code": "ProvisioningState/creating"}]})
    return {**kept, "properties": {"provisioningState": properties["provisioningState"], "instanceView": view}}


def _kind(rest: str) -> str:
    """Of what a path names after its `/providers/`."""
    pieces = rest.split("/")
    return "/".join([pieces[0], *pieces[1::2]]).lower()


def _is_list(rest: str) -> bool:
    return len(rest.split("/")) % 2 == 0

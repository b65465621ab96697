"""A small OpenStack over HTTP for everyday work: Keystone, Nova, Neutron, Glance and Cinder as far as Occopus uses them.

Every answer has the shape of one that a real OpenStack 2025.1 gave (`shapes.json`; `tests_real` compares the two). It is strict: what the
real one would refuse is refused, and what it does not know is noted in `complaints`.

All addresses are of this machine, so they answer a ping.
"""

from __future__ import annotations

import copy
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lossy import action_of

from occopus.testing import http
from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Reply, Request

Json = dict[str, Any]

SHAPES: Json = json.loads((Path(__file__).parent / "shapes.json").read_text())
MICROVERSION = "compute 2.85"
SERVER_KEYS = {
    "name": str,
    "flavorRef": str,
    "imageRef": str,
    "networks": (list, str),
    "metadata": dict,
    "tags": list,
    "user_data": str,
    "key_name": str,
    "security_groups": list,
    "block_device_mapping_v2": list,
}
DEVICE_KEYS = {"boot_index", "source_type", "destination_type", "uuid", "volume_size", "delete_on_termination"}


def reply(status: int, body: Any, headers: dict[str, str] | None = None) -> Reply:
    if body is None:
        return Reply(status, headers=headers or {})
    if isinstance(body, str):
        return Reply(status, body.encode(), {"Content-Type": "text/html", **(headers or {})})
    return Reply.of_json(status, body, headers)


class Refusal(http.Refusal):
    """As a real one refused the same."""

    def __init__(self, shape: str, message: str = "") -> None:
        body = copy.deepcopy(SHAPES[shape]["body"])
        if message:
            next(iter(body.values()))["message"] = message
        super().__init__(reply(SHAPES[shape]["status"], body), shape)


def trouble(status: int, headers: dict[str, str] | None = None, body: Any = None) -> http.Refusal:
    """What a request may get instead of its own answer."""
    return http.Refusal(reply(status, body or {"fault": {"message": "in trouble"}}, headers))


class FakeOpenStack(FaultyServer):
    """Names requests as in `DELETE /servers/*`."""

    def __init__(self) -> None:
        super().__init__()
        self.public_url = self.url
        """What the catalogue says: somebody may stand between."""
        self.tokens: dict[str, str] = {}
        self.login = {"username": "demo", "password": "a-secret-password"}
        self.application_credential = {"id": "an-id", "secret": "a-secret-of-an-application"}
        self.project_id: str = SHAPES["server"]["tenant_id"]
        self.servers: dict[str, Json] = {}
        self.ports: dict[str, Json] = {}
        self.ips: dict[str, Json] = {}
        self.volumes: dict[str, Json] = {}
        self.images: dict[str, Json] = {SHAPES["image"]["id"]: SHAPES["image"]}
        self.networks: dict[str, Json] = {SHAPES["network"]["id"]: SHAPES["network"]}
        self.flavors: dict[str, Json] = {SHAPES["flavor"]["id"]: SHAPES["flavor"]}
        self.network_id: str = SHAPES["port"]["network_id"]
        self.quota = 1000
        self.free_addresses = 100
        self.ip_quota = 100
        self.page = 1000
        self.places: dict[str, tuple[str, str]] = {}
        self.build_seconds, self.delete_seconds, self.hidden_seconds = 0.1, 0.05, 0.0
        self.rush = False
        """Somebody else takes the next floating IP just before it is associated."""
        self.complaints: list[str] = []

    def section(self, **more: Any) -> Json:
        """A resource section for it; keys with the value None are left out."""
        section = {
            "type": "nova",
            "endpoint": f"{self.url}/identity",
            "project_id": self.project_id,
            "image_id": SHAPES["image"]["name"],
            "flavor_name": SHAPES["flavor"]["name"],
            "network_id": self.network_id,
        }
        return {key: value for key, value in (section | more).items() if value is not None}

    def node_ids(self) -> list[str]:
        """One for each server, and one for each floating IP without one."""
        with self.guard:
            self.pass_time()
            found = [server["metadata"].get("occopus:node_id", "") for server in self.servers.values()]
            marks = [ip["description"].partition("occopus:node_id=")[2].partition(" ")[0] for ip in self.ips.values()]
        return found + [node_id for node_id in marks if node_id and node_id not in found]

    # how it answers

    def action(self, request: Request) -> str:
        return action_of(request)

    def respond(self, request: Request) -> Reply:
        with self.guard:
            self.pass_time()
            try:
                return self._found(request, unquote(request.path))
            except Refusal:
                raise
            except Exception as error:
                self.complaints.append(f"{request.method} {request.target} {request.body!r}: {error!r}")
                return reply(500, {"computeFault": {"code": 500, "message": repr(error)}})

    def _found(self, request: Request, path: str) -> Reply:
        if path == "/identity/v3/auth/tokens":
            id, answer = self.log_in(request.json)
            return reply(201, answer, {"X-Subject-Token": id})
        if not path.startswith(("/compute/", "/image", "/network/", "/volume/")):
            return reply(404, "<html>there is nothing here</html>")
        if path.strip("/") in ("image", "compute/v2.1"):
            pass  # versions are for everybody
        elif request.headers.get("X-Auth-Token") not in self.tokens:
            raise Refusal("error_token")
        elif path.startswith("/compute") and request.headers.get("OpenStack-API-Version") != MICROVERSION:
            raise ValueError("the microversion is missing")
        for method, pattern, function in _routes():
            fits = re.fullmatch(pattern, path)
            if fits and method == request.method:
                answer = function(self, request, *fits.groups())
                return reply(300 if path.strip("/") == "image" else 202 if method == "POST" else 204 if answer is None else 200, answer)
        raise ValueError("this is not known")

    # what happens by itself

    def pass_time(self) -> None:
        now = time.monotonic()
        for id, server in list(self.servers.items()):
            times = server["fake"]
            if times.get("gone_at", now + 1) <= now:
                self._remove(id, server)
            elif times["hopeless"] and times["up_at"] <= now:
                self._fail(server, now)
            elif server["status"] == "BUILD" and times["up_at"] <= now:
                self._bring_up(id, server)

    def _fail(self, server: Json, now: float) -> None:
        """First the status, later the reason, as in a real one."""
        if server["status"] == "BUILD":
            server |= {"status": "ERROR", "OS-EXT-STS:task_state": None, "OS-EXT-STS:vm_state": "error"}
        elif server["fake"]["up_at"] + 0.5 <= now:
            server["fault"] = {"code": 500, "created": server["created"], "message": "No valid host was found. "}

    def _bring_up(self, id: str, server: Json) -> None:
        port = copy.deepcopy(SHAPES["port"]) | {"id": str(uuid.uuid4()), "device_id": id}
        address = f"127.30.{len(self.ports) // 250}.{len(self.ports) % 250 + 2}"
        port["fixed_ips"][0]["ip_address"] = address
        self.ports[port["id"]] = port
        fixed = copy.deepcopy(SHAPES["server"]["addresses"]["private"][0]) | {"addr": address}
        server |= {"status": "ACTIVE", "OS-EXT-STS:task_state": None, "OS-EXT-STS:vm_state": "active", "addresses": {"private": [fixed]}}
        server["OS-SRV-USG:launched_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime())

    def _remove(self, id: str, server: Json) -> None:
        del self.servers[id]
        for port_id in [port_id for port_id, port in self.ports.items() if port["device_id"] == id]:
            del self.ports[port_id]
            for ip in self.ips.values():
                if ip["port_id"] == port_id:
                    ip |= {"port_id": None, "fixed_ip_address": None, "port_details": None, "revision_number": ip["revision_number"] + 1}
        for volume in server["os-extended-volumes:volumes_attached"]:
            if volume["delete_on_termination"]:
                del self.volumes[volume["id"]]
            else:
                self.volumes[volume["id"]] |= {"status": "available", "attachments": []}

    # Keystone

    def log_in(self, body: Json) -> tuple[str, Json]:
        identity = body["auth"]["identity"]
        (method,) = identity["methods"]
        if method == "password":
            user = identity["password"]["user"]
            good = {"username": user["name"], "password": user["password"]} == self.login and user["domain"] == {"name": "Default"}
            scope = body["auth"]["scope"]["project"]
            good = good and scope in ({"id": self.project_id}, {"name": "demo", "domain": {"name": "Default"}})
        else:
            good = identity["application_credential"] == self.application_credential and "scope" not in body["auth"]
        if not good:
            raise Refusal("error_password")
        id = uuid.uuid4().hex
        self.tokens[id] = self.project_id
        answer = copy.deepcopy(SHAPES["token"])
        paths = {
            "compute": "/compute/v2.1",
            "network": "/network",
            "image": "/image",
            "block-storage": f"/volume/v3/{self.project_id}",
            "identity": "/identity/v3",
        }
        answer["token"]["project"]["id"] = self.project_id
        answer["token"]["expires_at"] = "2999-01-01T00:00:00.000000Z"
        answer["token"]["catalog"] = [entry for entry in answer["token"]["catalog"] if entry["type"] in paths]
        for entry in answer["token"]["catalog"]:
            for endpoint in entry["endpoints"]:
                endpoint["url"] = self.public_url + paths[entry["type"]]
        return id, answer

    # Nova

    def create_server(self, body: Json) -> Json:
        wanted = body["server"]
        self._check_server(wanted)
        if len(self.servers) >= self.quota:
            raise Refusal("error_server_quota")
        id, now = str(uuid.uuid4()), time.monotonic()
        flavor = self.flavors[wanted["flavorRef"]]
        server = copy.deepcopy(SHAPES["server"]) | {
            "id": id,
            "name": wanted["name"],
            "status": "BUILD",
            "metadata": wanted.get("metadata", {}),
            "tags": wanted.get("tags", []),
            "addresses": {},
            "OS-EXT-STS:task_state": "scheduling",
            "OS-EXT-STS:vm_state": "building",
            "OS-SRV-USG:launched_at": None,
            "updated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "image": {"id": wanted["imageRef"]} if wanted.get("imageRef") else "",
            "key_name": wanted.get("key_name"),
            "os-extended-volumes:volumes_attached": [self._volume(id, device) for device in wanted.get("block_device_mapping_v2", [])],
        }
        server["fake"] = {
            "up_at": now + self.build_seconds,
            "shown_at": now + self.hidden_seconds,
            "hopeless": flavor["name"] == "huge",
            "user_data": wanted.get("user_data"),
            "security_groups": wanted.get("security_groups"),
        }
        self.servers[id] = server
        answer: Json = copy.deepcopy(SHAPES["server_created"])
        answer["server"]["id"] = id
        return answer

    def _check_server(self, wanted: Json) -> None:
        unknown = [key for key, value in wanted.items() if key not in SERVER_KEYS or not isinstance(value, SERVER_KEYS[key])]
        if unknown or not all(key in wanted for key in ("name", "flavorRef", "networks")):
            raise Refusal("error_server_unknown_attribute")
        if not all(isinstance(value, str) and len(value) <= 255 for value in wanted.get("metadata", {}).values()):
            raise Refusal("error_server_unknown_attribute")
        if not all(re.fullmatch(r"[^/,]{1,60}", tag) for tag in wanted.get("tags", [])) or not 1 <= len(wanted["name"]) <= 255:
            message = f"Invalid input for field/attribute server. Value: {wanted}."
            raise Refusal("error_server_unknown_attribute", message)
        if wanted["flavorRef"] not in self.flavors:
            raise Refusal("error_server_flavor")
        if wanted["networks"] not in ("auto", [{"uuid": self.network_id}]):
            raise Refusal("error_server_network")
        if wanted.get("key_name", "a-key") != "a-key":
            raise Refusal("error_server_key")
        if any(group != {"name": "default"} for group in wanted.get("security_groups", [])):
            raise Refusal("error_server_group")
        devices = wanted.get("block_device_mapping_v2", [])
        if any(set(device) - DEVICE_KEYS for device in devices) or bool(devices) == bool(wanted.get("imageRef")):
            raise Refusal("error_server_unknown_attribute")
        if any(not device.get("volume_size") for device in devices):
            raise Refusal("error_server_volume_size")

    def _volume(self, server_id: str, device: Json) -> Json:
        volume = copy.deepcopy(SHAPES["volume"]) | {
            "id": str(uuid.uuid4()),
            "name": "",
            "metadata": {},
            "size": device["volume_size"],
            "attachments": [{"server_id": server_id}],
        }
        self.volumes[volume["id"]] = volume
        return {"id": volume["id"], "delete_on_termination": device["delete_on_termination"]}

    def list_servers(self, query: dict[str, str]) -> Json:
        shown = [server for server in self.servers.values() if server["fake"]["shown_at"] <= time.monotonic()]
        for key, fits in (("tags", all), ("tags-any", any)):
            if key in query:
                shown = [server for server in shown if fits(tag in server["tags"] for tag in query[key].split(","))]
        places = {server["id"]: (server["created"], server["id"]) for server in shown}
        self.places |= places  # a page may go on after a server that is deleted by now
        shown.sort(key=lambda server: places[server["id"]], reverse=True)
        if "marker" in query:
            shown = [server for server in shown if places[server["id"]] < self.places[query["marker"]]]
        page = shown[: self.page]
        more = {"servers_links": [{"rel": "next", "href": f"{self.url}/?marker=x"}]} if len(page) == self.page else {}
        return {"servers": [self.shown(server, "fault") for server in page], **more}

    def shown(self, server: Json, *hidden: str) -> Json:
        """Lists have no faults: a real one leaves out those of servers that no host was found for."""
        return {key: value for key, value in server.items() if key not in ("fake", *hidden)}

    def server(self, id: str) -> Json:
        if id not in self.servers or self.servers[id]["fake"]["shown_at"] > time.monotonic():
            raise Refusal("error_server_unknown")
        return self.servers[id]

    def delete_server(self, id: str) -> None:
        server = self.server(id)
        server["OS-EXT-STS:task_state"] = "deleting"
        server["fake"].setdefault("gone_at", time.monotonic() + self.delete_seconds)

    def keep_volume(self, server_id: str, volume_id: str, body: Json) -> None:
        (attached,) = [each for each in self.server(server_id)["os-extended-volumes:volumes_attached"] if each["id"] == volume_id]
        if set(body["volumeAttachment"]) != {"volumeId", "delete_on_termination"} or body["volumeAttachment"]["volumeId"] != volume_id:
            raise Refusal("error_server_unknown_attribute")
        attached["delete_on_termination"] = body["volumeAttachment"]["delete_on_termination"]

    # Neutron

    def create_ip(self, body: Json) -> Json:
        wanted = body["floatingip"]
        if set(wanted) - {"floating_network_id", "port_id", "description"} or wanted["floating_network_id"] not in self.networks:
            raise Refusal("error_floating_ip_unknown")
        if len(self.ips) >= self.ip_quota:
            raise Refusal("error_floating_ip_quota")
        if len(self.ips) >= self.free_addresses:
            raise Refusal("error_floating_ip_exhausted")
        used = {ip["floating_ip_address"] for ip in self.ips.values()}
        address = next(f"127.203.0.{number}" for number in range(2, 255) if f"127.203.0.{number}" not in used)
        ip = copy.deepcopy(SHAPES["floating_ip_unused"]) | {
            "id": str(uuid.uuid4()),
            "floating_ip_address": address,
            "floating_network_id": wanted["floating_network_id"],
            "description": wanted.get("description", ""),
            "revision_number": 0,
        }
        self.ips[ip["id"]] = ip
        self._associate(ip, wanted.get("port_id"))
        return {"floatingip": ip}

    def change_ip(self, id: str, body: Json, match: str | None) -> Json:
        if id not in self.ips:
            raise Refusal("error_floating_ip_unknown")
        ip = self.ips[id]
        if self.rush:
            self.rush = False
            ip |= {"port_id": "a-strangers", "revision_number": ip["revision_number"] + 1}
        if match and match != f"revision_number={ip['revision_number']}":
            raise Refusal("error_floating_ip_changed")
        if set(body["floatingip"]) != {"port_id"}:
            raise Refusal("error_floating_ip_unknown")
        self._associate(ip, body["floatingip"]["port_id"])
        ip["revision_number"] += 1
        return {"floatingip": ip}

    def _associate(self, ip: Json, port_id: str | None) -> None:
        if port_id is None:
            return
        port = self.ports[port_id]
        details = {key: port[key] for key in SHAPES["floating_ip"]["port_details"]}
        ip |= {"port_id": port_id, "fixed_ip_address": port["fixed_ips"][0]["ip_address"], "port_details": details}


Route = tuple[str, str, Callable[..., Any]]


def _routes() -> Iterator[Route]:
    """Method, pattern of the path, and what answers: it gets the cloud, the request and the parts of the path."""
    yield "GET", r"/compute/v2\.1/?", lambda cloud, request: SHAPES["compute_version"]
    yield "POST", r"/compute/v2\.1/servers", lambda cloud, request: cloud.create_server(request.json)
    yield "GET", r"/compute/v2\.1/servers/detail", lambda cloud, request: cloud.list_servers(request.query)
    yield "GET", r"/compute/v2\.1/servers/([^/]+)", lambda cloud, request, id: {"server": cloud.shown(cloud.server(id))}
    yield "DELETE", r"/compute/v2\.1/servers/([^/]+)", lambda cloud, request, id: cloud.delete_server(id)
    yield (
        "PUT",
        r"/compute/v2\.1/servers/([^/]+)/os-volume_attachments/([^/]+)",
        lambda cloud, request, id, volume_id: cloud.keep_volume(id, volume_id, request.json),
    )
    yield "GET", r"/compute/v2\.1/flavors/detail", lambda cloud, request: {"flavors": list(cloud.flavors.values())}
    yield "GET", r"/compute/v2\.1/flavors/([^/]+)", lambda cloud, request, id: {"flavor": _one(cloud.flavors, id, "error_flavor_unknown")}
    yield (
        "GET",
        r"/image/?",
        lambda cloud, request: _versions(cloud),
    )
    yield "GET", r"/image/v2/images", lambda cloud, request: {"images": _named(cloud.images, request.query)}
    yield "GET", r"/image/v2/images/([^/]+)", lambda cloud, request, id: _one(cloud.images, id, "error_image_unknown")
    yield "GET", r"/network/v2\.0/networks", lambda cloud, request: {"networks": list(cloud.networks.values())}
    yield (
        "GET",
        r"/network/v2\.0/ports",
        lambda cloud, request: {"ports": [port for port in cloud.ports.values() if port["device_id"] == request.query["device_id"]]},
    )
    yield (
        "GET",
        r"/network/v2\.0/floatingips",
        lambda cloud, request: {"floatingips": [ip for ip in cloud.ips.values() if ip["project_id"] == request.query["project_id"]]},
    )
    yield "POST", r"/network/v2\.0/floatingips", lambda cloud, request: cloud.create_ip(request.json)
    yield (
        "PUT",
        r"/network/v2\.0/floatingips/([^/]+)",
        lambda cloud, request, id: cloud.change_ip(id, request.json, request.headers.get("If-Match")),
    )
    yield "DELETE", r"/network/v2\.0/floatingips/([^/]+)", lambda cloud, request, id: _removed(cloud.ips, id)
    yield "PUT", r"/volume/v3/[^/]+/volumes/([^/]+)", lambda cloud, request, id: _changed(cloud.volumes, id, request.json["volume"])


IMAGE_URL = SHAPES["image_versions"]["versions"][0]["links"][0]["href"].removesuffix("v2/")


def _versions(cloud: FakeOpenStack) -> Any:
    return json.loads(json.dumps(SHAPES["image_versions"]).replace(IMAGE_URL, f"{cloud.public_url}/image/"))


def _one(known: dict[str, Json], id: str, otherwise: str) -> Json:
    if id not in known:
        raise Refusal(otherwise)
    return known[id]


def _named(known: dict[str, Json], query: dict[str, str]) -> list[Json]:
    return [item for item in known.values() if item["name"] == query["name"] and item["status"] == query["status"]]


def _removed(known: dict[str, Json], id: str) -> None:
    _one(known, id, "error_floating_ip_unknown")
    del known[id]


def _changed(known: dict[str, Json], id: str, values: Json) -> Json:
    if set(values) != {"name", "metadata"}:
        raise Refusal("error_server_unknown_attribute")
    known[id] |= values
    return {"volume": known[id]}

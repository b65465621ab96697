"""A double of Hetzner Cloud, made from the public description of its API. It refuses what that refuses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request

TOKEN = "the-token-of-the-project-for-read-and-write"
READ_ONLY = "a-token-of-the-project-for-reading-only"
UNKNOWN_TOKEN = "a-token-that-nobody-knows"
ROOT_PASSWORD = "the-password-that-is-told-once"
SECRETS = (TOKEN, READ_ONLY, UNKNOWN_TOKEN, ROOT_PASSWORD)

ALNUM = r"[A-Za-z0-9]"
WORD = rf"{ALNUM}(?:[A-Za-z0-9._-]{{0,61}}{ALNUM})?"
DNS = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
KEY = rf"(?:{DNS}(?:\.{DNS})*/)?{WORD}"
HOST = rf"{ALNUM}(?:[A-Za-z0-9-]{{0,61}}{ALNUM})?(?:\.{ALNUM}(?:[A-Za-z0-9-]{{0,61}}{ALNUM})?)*"

SERVER_TYPES = {"cx23": 114, "cax11": 45, "sold-out": 9}
IMAGES = {"debian-13": 310557660, "ubuntu-24.04": 161547269}
LOCATIONS = ("fsn1", "nbg1", "hel1")
SSH_KEYS = {"my-key": 2323, "other key": 2324}
NETWORKS = {4711: "10.0.0", 4712: "10.1.0"}
FIREWALLS = (38,)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> Refusal:
    error = {"error": {"code": code, "message": message, "details": details or None}}
    return Refusal(Reply.of_json(status, error, headers), f"{code}: {message}")


def invalid(name: str, message: str) -> Refusal:
    fields = [{"name": name, "messages": [message]}]
    return refusal(422, "invalid_input", f"invalid input in field '{name}': {message}", fields=fields)


def need(what: object, name: str, message: str) -> None:
    if not what:
        raise invalid(name, message)


@dataclass
class Server:
    id: int
    wanted: Mapping[str, Any]
    up: float
    """When it runs; `ends` is when it is gone."""
    ends: float | None = None
    status: str | None = None
    """Instead of what its age says."""

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.wanted.get("labels", {}))

    @property
    def name(self) -> str:
        return str(self.wanted["name"])

    def shown(self) -> dict[str, Any]:
        running = time.monotonic() >= self.up
        status = "deleting" if self.ends else self.status or ("running" if running else "initializing")
        public, networks = self.wanted.get("public_net", {}), self.wanted.get("networks", []) if running else []
        ipv4 = {"id": 1, "ip": f"127.1.0.{self.id % 250 + 1}", "blocked": False, "dns_ptr": "static.example.org"}
        ipv6 = {"id": 2, "ip": f"2001:db8:{self.id:x}::/64", "blocked": False, "dns_ptr": []}
        return {
            "id": self.id,
            "name": self.name,
            "status": status,
            "created": "2026-01-30T23:55:00+00:00",
            "public_net": {
                "ipv4": ipv4 if public.get("enable_ipv4", True) else None,
                "ipv6": ipv6 if public.get("enable_ipv6", True) else None,
                "floating_ips": [],
                "firewalls": [{"id": one["firewall"], "status": "applied"} for one in self.wanted.get("firewalls", [])],
            },
            "private_net": [
                {"network": id, "ip": f"{NETWORKS[id]}.{self.id % 250 + 2}", "alias_ips": [], "mac_address": "86:00:ff:2a:7d:e1"}
                for id in networks
            ],
            "labels": self.labels,
            "locked": bool(self.ends),
            "protection": {"delete": False, "rebuild": False},
        }


class Hetzner(FaultyServer):
    """One project."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = f"{self.url}/v1"
        self.servers: dict[int, Server] = {}
        self.last_id = 40
        self.largest_page = 50
        self.limit = 1000
        self.seconds = 0.05
        """How long a server takes to start, and to go."""
        self.between_pages: Callable[[], object] = lambda: None

    def alive(self) -> list[Server]:
        with self.guard:
            now = time.monotonic()
            self.servers = {id: one for id, one in self.servers.items() if one.ends is None or now < one.ends}
            return list(self.servers.values())

    def node_ids(self) -> list[str]:
        return [one.labels["occopus.node_id"] for one in self.alive()]

    def action(self, request: Request) -> str | None:
        return f"{request.method} {'server' if re.search(r'/servers/', request.path) else 'servers'}"

    def throttled(self) -> Refusal:
        limits = {"RateLimit-Limit": "3600", "RateLimit-Remaining": "0", "RateLimit-Reset": str(int(time.time()) + 3600)}
        return refusal(429, "rate_limit_exceeded", "limit of 3600 requests per hour reached", limits)

    def respond(self, request: Request) -> Reply:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (TOKEN, READ_ONLY):
            raise refusal(401, "unauthorized", "unable to authenticate")
        if token == READ_ONLY and request.method != "GET":
            raise refusal(403, "token_readonly", "token is only allowed to perform GET requests")
        with self.guard:
            match request.method, request.path.split("/")[1:]:
                case "GET", ["v1", "servers"]:
                    return self.list(request)
                case "POST", ["v1", "servers"]:
                    return self.create(request)
                case "GET", ["v1", "servers", id]:
                    return Reply.of_json(200, {"server": self.one(id).shown()})
                case "DELETE", ["v1", "servers", id]:
                    return self.delete(self.one(id))
        raise refusal(404, "not_found", "the requested resource was not found")

    def one(self, id: str) -> Server:
        found = [one for one in self.alive() if str(one.id) == id]
        if not found:
            raise refusal(404, "not_found", f"server with ID '{id}' not found")
        return found[0]

    def delete(self, one: Server) -> Reply:
        if one.ends:
            raise refusal(423, "locked", "server is locked")
        one.ends = time.monotonic() + self.seconds
        return Reply.of_json(200, {"action": action("delete_server", one.id)})

    def list(self, request: Request) -> Reply:
        query = {key: values[-1] for key, values in lists(request).items()}
        unknown = set(query) - {"label_selector", "name", "status", "sort", "page", "per_page"}
        need(not unknown, ",".join(unknown), "unknown parameter")
        need(query.get("sort", "id") in ("id", "id:asc", "name", "created"), "sort", "is not a field to sort by")
        page, per_page = int(query.get("page", "1")), int(query.get("per_page", "25"))
        need(page >= 1, "page", "must be at least 1")
        need(1 <= per_page <= 50, "per_page", "must be from 1 to 50")
        per_page = min(per_page, self.largest_page)
        fits = selected(query.get("label_selector", ""))
        found = [one.shown() for one in self.alive() if fits(one.labels) and one.name == query.get("name", one.name)]
        last = max(1, -(-len(found) // per_page))
        pages = {
            "page": page,
            "per_page": per_page,
            "previous_page": page - 1 if page > 1 else None,
            "next_page": page + 1 if page < last else None,
            "last_page": last,
            "total_entries": len(found),
        }
        reply = Reply.of_json(200, {"servers": found[(page - 1) * per_page : page * per_page], "meta": {"pagination": pages}})
        self.between_pages()
        return reply

    def create(self, request: Request) -> Reply:
        try:
            wanted = request.json
        except ValueError:
            wanted = None
        if not isinstance(wanted, dict):
            raise refusal(400, "json_error", "the body is no JSON object")
        self.check(wanted)
        if any(one.name == wanted["name"] for one in self.alive()):
            raise refusal(409, "uniqueness_error", "server name is already used", fields=[{"name": "name"}])
        if len(self.alive()) >= self.limit:
            raise refusal(403, "resource_limit_exceeded", "server limit reached", limits=[{"name": "server_limit"}])
        if wanted["server_type"] in ("sold-out", 9):
            raise refusal(412, "resource_unavailable", "error during placement")
        self.last_id += 1
        one = self.servers[self.last_id] = Server(self.last_id, wanted, time.monotonic() + self.seconds)
        answer = {"server": one.shown(), "action": action("create_server", one.id), "next_actions": []}
        return Reply.of_json(201, answer | {"root_password": None if wanted.get("ssh_keys") else ROOT_PASSWORD})

    def check(self, wanted: dict[str, Any]) -> None:
        known = {
            "name",
            "server_type",
            "image",
            "location",
            "ssh_keys",
            "networks",
            "firewalls",
            "public_net",
            "labels",
            "user_data",
        }
        need(not set(wanted) - known, ",".join(sorted(set(wanted) - known)), "unknown field")
        for name in ("name", "server_type", "image"):
            need(wanted.get(name), name, "is required")
        need(isinstance(wanted["name"], str) and len(wanted["name"]) <= 253, "name", "is too long")
        need(re.fullmatch(HOST, wanted["name"]), "name", "is not a valid hostname")
        need(named(wanted["server_type"], SERVER_TYPES), "server_type", "server type not found")
        need(named(wanted["image"], IMAGES), "image", "image not found")
        need(wanted.get("location", "fsn1") in LOCATIONS, "location", "location not found")
        for key in wanted.get("ssh_keys", []):
            need(named(key, SSH_KEYS), "ssh_keys", "SSH key not found")
        for network in wanted.get("networks", []):
            need(type(network) is int and network in NETWORKS, "networks", "network not found")
        for firewall in wanted.get("firewalls", []):
            need(set(firewall) == {"firewall"} and firewall["firewall"] in FIREWALLS, "firewalls", "firewall not found")
        public = wanted.get("public_net", {})
        need(set(public) <= {"enable_ipv4", "enable_ipv6", "ipv4", "ipv6"}, "public_net", "unknown field")
        need(all(type(value) is bool for key, value in public.items() if "enable" in key), "public_net", "is not a boolean")
        hidden = not public.get("enable_ipv4", True) and not public.get("enable_ipv6", True)
        need(not hidden or wanted.get("networks"), "networks", "a server without public addresses needs a network")
        if hidden and wanted.get("firewalls"):
            raise refusal(422, "private_net_only_server", "the server has no public interface")
        need(isinstance(wanted.get("user_data", ""), str), "user_data", "is not a string")
        need(len(wanted.get("user_data", "").encode()) <= 32 * 1024, "user_data", "is too long")
        for key, value in wanted.get("labels", {}).items():
            need(re.fullmatch(KEY, key) and not key.startswith("hetzner.cloud/"), "labels", f"key '{key}' is not valid")
            need(isinstance(value, str) and re.fullmatch(rf"(?:{WORD})?", value), "labels", f"value '{value}' is not valid")


def named(value: object, known: Mapping[str, int]) -> bool:
    return not isinstance(value, bool) and (value in known or value in known.values() or str(value) in map(str, known.values()))


def action(command: str, server: int) -> dict[str, Any]:
    resources = [{"id": server, "type": "server"}]
    return {"id": 1, "command": command, "status": "running", "progress": 0, "resources": resources, "error": None}


def lists(request: Request) -> Mapping[str, list[str]]:
    return parse_qs(urlsplit(request.target).query, keep_blank_values=True, strict_parsing=True) if "?" in request.target else {}


def selected(selector: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether labels fit a label selector."""
    terms = list(parsed(selector))
    return lambda labels: all(key in labels and (values is None or labels[key] in values) for key, values in terms)


def parsed(selector: str) -> Iterator[tuple[str, list[str] | None]]:
    for term in filter(None, re.split(r",(?![^(]*\))", selector)):
        if equal := re.fullmatch(rf"({KEY})==?((?:{WORD})?)", term):
            yield equal[1], [equal[2]]
        elif among := re.fullmatch(rf"({KEY}) in \(({WORD}(?:,{WORD})*)\)", term):
            yield among[1], among[2].split(",")
        elif re.fullmatch(KEY, term):
            yield term, None
        else:
            raise invalid("label_selector", "is malformed")

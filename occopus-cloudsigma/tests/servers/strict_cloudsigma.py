"""A CloudSigma over HTTP, as far as Occopus uses it, built from the reference of API 2.0.

What the real one would refuse is refused, and noted in `refused`. All addresses are of this machine, so they answer a ping.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from typing import Any

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request

Json = dict[str, Any]

BASE = "/api/2.0"
EMAIL, PASSWORD = "you@example.org", "kept-to-ourselves-0123456789"
LOGIN = "Basic " + base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
LIBRARY = "0644fb79-0a4d-4ca3-ad1e-aeca59a5d7ac"
KEY = "d7c0f1ee-40df-4029-8d95-ec35b34dae1e"
POLICY = "fd97e326-83c8-44d8-90f7-0a19110f3c9d"

REQUIRED = {"name": str, "cpu": int, "mem": int, "vnc_password": str}
SWITCHES = ("context", "cpus_instead_of_cores", "enable_numa", "hv_relaxed", "hv_tsc")
LISTS = ("drives", "nics", "pubkeys", "requirements", "tags")
FIELDS = {**REQUIRED, "smp": int, "meta": dict, "cpu_model": str, **dict.fromkeys(SWITCHES, bool), **dict.fromkeys(LISTS, list)}
DRIVE = {"boot_order", "dev_channel", "device", "drive"}
NIC = {"boot_order", "firewall_policy", "ip_v4_conf", "ip_v6_conf", "mac", "model", "vlan"}
LISTING = {"limit", "offset", "name", "name__contains", "uuid", "tag"}


def refusal(status: int, type: str, message: str, point: str | None = None, headers: dict[str, str] | None = None) -> Refusal:
    """An error as the API gives it."""
    return Refusal(Reply.of_json(status, [{"error_type": type, "error_message": message, "error_point": point}], headers), message)


def invalid(message: str, point: str | None = None) -> Refusal:
    return refusal(400, "validation", message, point)


def unknown(what: str) -> Refusal:
    return refusal(404, "notexist", f"Object {what} does not exist")


def not_in(state: str, doing: str, *allowed: str) -> Refusal:
    return refusal(403, "permission", f'Cannot {doing} in state "{state}". It should be in state "{", ".join(allowed)}"')


THROTTLED = refusal(429, "backend", "Too many requests", headers={"Retry-After": "0"})
FULL = refusal(503, "backend", "The system is out of capacity")
CONCURRENT = refusal(503, "concurrency", "Two conflicting operations at the same time")


class StrictCloudSigma(FaultyServer):
    """Actions: `clone`, `make`, `start`, `stop`, `delete server`, `delete drive`, `list servers`, `look at servers`, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.url += BASE

    def calm(self, seed: int = 0) -> None:
        """With nothing in it, and quick; times are in seconds."""
        super().calm(seed)
        self.servers: dict[str, Json] = {}
        self.drives: dict[str, Json] = {}
        self.clone_seconds = self.start_seconds = self.stop_seconds = self.delete_seconds = 0.02
        self.page = 1000
        self.ahead = 0.0
        self.addresses = 0

    def node_ids(self) -> list[str]:
        """One for each server, and one for each drive that is on none."""
        with self.guard:
            attached = {each["drive"]["uuid"] for server in self.servers.values() for each in server["drives"]}
            loose = [drive["name"].split(" ")[-1] for drive in self.drives.values() if drive["uuid"] not in attached]
            return [server["meta"]["occopus:node_id"] for server in self.servers.values()] + loose

    def of_node(self, name: str) -> list[Json]:
        with self.guard:
            return [server for server in self.servers.values() if server["meta"].get("occopus:node_name") == name]

    @property
    def is_empty(self) -> bool:
        with self.guard:
            self._pass_time()
            return not self.servers and not self.drives

    def action(self, request: Request) -> str:
        return self._route(request)[0]

    def throttled(self) -> Refusal:
        return THROTTLED

    def respond(self, request: Request) -> Reply:
        with self.guard:
            self._pass_time()
            _check_headers(request)
            return self._route(request)[1]()

    def _route(self, request: Request) -> tuple[str, Callable[[], Reply]]:
        do = request.query.get("do", "")
        match [request.method, *request.path.removeprefix(BASE).split("/")]:
            case ["GET", "", ("servers" | "drives") as kind, "detail", ""]:
                return f"list {kind}", lambda: self._list(self._all(kind), request.query)
            case ["GET", "", ("servers" | "drives") as kind, id, ""]:
                return f"look at {kind}", lambda: Reply.of_json(200, self._known(kind, id))
            case ["POST", "", "libdrives", id, "action", ""] if do == "clone":
                return "clone", lambda: Reply.of_json(202, {"objects": [self.clone(id, **_clone_request(request.json))]})
            case ["POST", "", "servers", ""]:
                return "make", lambda: Reply.of_json(201, {"objects": [self._make(each) for each in request.json["objects"]]})
            case ["POST", "", "servers", id, "action", ""] if do in ("start", "stop"):
                return do, lambda: self._act(self._known("servers", id), do)
            case ["DELETE", "", "servers", id, ""]:
                return "delete server", lambda: self._delete_server(self._known("servers", id), request.query)
            case ["DELETE", "", "drives", id, ""]:
                return "delete drive", lambda: self._delete_drive(self._known("drives", id))
        return f"{request.method} {request.path}", lambda: self._nothing(request.path)

    def _nothing(self, path: str) -> Reply:
        raise unknown(path)

    def _all(self, kind: str) -> dict[str, Json]:
        return self.servers if kind == "servers" else self.drives

    def _known(self, kind: str, id: str) -> Json:
        if id not in self._all(kind):
            raise unknown(id)
        return self._all(kind)[id]

    def _list(self, known: dict[str, Json], query: dict[str, str]) -> Reply:
        if strange := query.keys() - LISTING:
            raise invalid(f"unknown filters: {strange}")
        word = query.get("name__contains", "").lower()
        items = [each for each in known.values() if word in each["name"].lower()]
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 20)) or self.page, self.page)
        meta = {"limit": limit, "offset": offset, "total_count": len(items)}
        return Reply.of_json(200, {"meta": meta, "objects": items[offset : offset + limit]})

    def clone(self, library: str, name: str = "Ubuntu 14.04 LTS(Trusty)", **_: Any) -> Json:
        """A new drive."""
        if library != LIBRARY:
            raise unknown(library)
        drive: Json = {"uuid": str(uuid.uuid4()), "name": name, "media": "disk", "meta": {}, "mounted_on": [], "size": 10 * 2**30}
        self.drives[drive["uuid"]] = drive
        _becomes(drive, "cloning_dst", "unmounted", self.clone_seconds)
        return drive

    def _make(self, asked: Json) -> Json:
        _check_definition(asked)
        id = str(uuid.uuid4())
        attached = [{**each, "drive": _reference("drives", self._mounted(each["drive"], id))} for each in asked.get("drives", ())]
        self.servers[id] = {"meta": {}, "nics": [], **asked, "uuid": id, "drives": attached, "status": "stopped", "runtime": None}
        return self.servers[id]

    def _mounted(self, drive_id: str, server_id: str) -> str:
        drive = self.drives.get(drive_id)
        if drive is None or drive["status"] != "unmounted":
            raise invalid("the drive does not exist or is not unmounted", "drives")
        drive.update({"status": "mounted", "mounted_on": [_reference("servers", server_id)]})
        return drive_id

    def _act(self, server: Json, action: str) -> Reply:
        allowed = ("stopped",) if action == "start" else ("running", "paused", "unavailable", "unknown")
        if server["status"] not in allowed:
            raise not_in(server["status"], f"{action} guest", *allowed)
        if action == "start":
            _becomes(server, "starting", "running", self.start_seconds)
        else:
            _becomes(server, "stopping", "stopped", self.stop_seconds)
        return Reply.of_json(202, {"action": action, "result": "success", "uuid": server["uuid"]})

    def _delete_server(self, server: Json, query: dict[str, str]) -> Reply:
        if query not in ({}, {"recurse": "all_drives"}):
            raise invalid("all_drives is the only one of the ways to recurse that is known here", "recurse")
        if server["status"] != "stopped":
            raise not_in(server["status"], "delete guest", "stopped")
        del self.servers[server["uuid"]]
        for drive in filter(None, (self.drives.get(each["drive"]["uuid"]) for each in server["drives"])):
            drive.update({"status": "unmounted", "mounted_on": []})
            if query:
                _becomes(drive, "deleting", "gone", self.delete_seconds)
        return Reply(204)

    def _delete_drive(self, drive: Json) -> Reply:
        if drive["status"] not in ("mounted", "unmounted"):
            raise not_in(drive["status"], "delete drive", "mounted", "unmounted")
        if any(self.servers.get(server["uuid"], {}).get("status") != "stopped" for server in drive["mounted_on"]):
            raise refusal(403, "permission", "Cannot delete a drive that is in use")
        _becomes(drive, "deleting", "gone", self.delete_seconds)
        return Reply(204)

    def _pass_time(self) -> None:
        for item in (*self.servers.values(), *self.drives.values()):
            if time.monotonic() >= item.get("until", float("inf")):
                del item["until"]
                item["status"] = item.pop("then")
                if "nics" in item:
                    item["runtime"] = self._runtime(item) if item["status"] == "running" else None
        self.drives = {id: drive for id, drive in self.drives.items() if drive["status"] != "gone"}

    def _runtime(self, server: Json) -> Json:
        return {"active_since": "2026-01-01T00:00:00+00:00", "nics": [self._nic(nic) for nic in server["nics"]]}

    def _nic(self, nic: Json) -> Json:
        self.addresses += 1
        address = f"127.{self.port // 256}.{self.port % 256}.{self.addresses % 254 + 1}"
        return {"interface_type": "private" if nic.get("vlan") else "public", "ip_v4": _reference("ips", address), "ip_v6": None}


def _becomes(item: Json, now: str, then: str, seconds: float) -> None:
    item.update({"status": now, "then": then, "until": time.monotonic() + seconds})


def _reference(kind: str, id: str) -> Json:
    return {"uuid": id, "resource_uri": f"{BASE}/{kind}/{id}/"}


def _check_headers(request: Request) -> None:
    if request.headers.get("Authorization") != LOGIN:
        raise refusal(401, "permission", "Authentication failed")
    if not {"application/json", "*/*"} & set(request.headers.get("Accept", "").split(",")):
        raise refusal(406, "validation", "JSON is what this can be asked for")
    if request.body and request.headers.get("Content-Type") != "application/json":
        raise invalid("the content type must be application/json")


def _clone_request(asked: Json | None) -> Json:
    if strange := (asked or {}).keys() - {"name", "media", "affinities", "storage_type"}:
        raise invalid(f"unknown keys: {strange}")
    return asked or {}


def _check_definition(asked: Json) -> None:
    for key in REQUIRED.keys() - asked.keys():
        raise invalid("This field is required", key)
    for key, value in asked.items():
        if key not in FIELDS or not isinstance(value, FIELDS[key]):
            raise invalid("the field is unknown or of a wrong type", key)
    if any(len(key) > 32 or not isinstance(value, str) for key, value in asked.get("meta", {}).items()):
        raise invalid("keys are limited to 32 characters, and values should be strings", "meta")
    if any(key != KEY for key in asked.get("pubkeys", ())):
        raise invalid("no such key", "pubkeys")
    if any(drive.keys() - DRIVE or drive.keys() < DRIVE - {"boot_order"} for drive in asked.get("drives", ())):
        raise invalid("dev_channel, device and drive are needed, boot_order is allowed", "drives")
    for nic in asked.get("nics", ()):
        _check_nic(nic)


def _check_nic(nic: Json) -> None:
    public = [nic[key] for key in ("ip_v4_conf", "ip_v6_conf") if nic.get(key)]
    if nic.keys() - NIC or nic.get("firewall_policy", POLICY) != POLICY:
        raise invalid("no such policy, or an unknown key", "nics")
    if public and nic.get("vlan"):
        raise invalid("Cannot assign both Private and Public on a NIC", "nics")
    for conf in public:
        if conf.get("conf") not in ("dhcp", "static", "manual") or bool(conf.get("ip")) != (conf["conf"] == "static"):
            raise invalid("dhcp and manual go without ip, static needs one", "nics")

"""A CloudBroker over HTTP, as far as Occopus uses it.

What the real one would refuse is refused, and noted in `refused`. All addresses are of this machine, so they answer a ping.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request

EMAIL, PASSWORD = "you@example.org", "kept-to-ourselves-0123456789"
LOGIN = "Basic " + base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
KNOWN = {"deployment_id": "a-deployment", "instance_type_id": "a-type", "key_pair_id": "a-key"}
TRUE = ("true", "false")


def xml(status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "application/xml; charset=utf-8", **(headers or {})})


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Refusal:
    """An error as the platform gives it."""
    return Refusal(xml(status, f"<errors><error>{escape(message)}</error></errors>", headers), message)


THROTTLED = refusal(429, "Too many requests", {"Retry-After": "0"})


@dataclass
class Machine:
    id: str
    asked: dict[str, str]
    status: str = "starting"
    address: str = ""
    until: float | None = None
    then: str = ""
    cost: float = -2.5

    @property
    def name(self) -> str:
        return self.asked.get("name", "")

    @property
    def xml(self) -> str:
        told = {"id": self.id, "name": self.name, "status": self.status, **dict.fromkeys(("external-hostname", "internal-hostname"), "")}
        address = self.address if self.status == "running" else ""
        told |= {"external-ip-address": address, "internal-ip-address": "10.0.0.1" if address else ""}
        return "<instance>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in told.items()) + "</instance>"

    @property
    def fees(self) -> str:
        fees = {"CPU": -1.0, "Total": self.cost}
        told = (f"<fee><name>{name}</name><total_cost>{cost}</total_cost></fee>" for name, cost in fees.items())
        return f"<fees>{''.join(told)}</fees>"


class StrictCloudBroker(FaultyServer):
    """Actions: `list`, `make`, `look`, `costs` and `stop`."""

    def calm(self, seed: int = 0) -> None:
        """With nothing in it, and quick; times are in seconds."""
        super().calm(seed)
        self.machines: dict[str, Machine] = {}
        self.start_seconds = self.stop_seconds = 0.02
        self.say: dict[str, str] = {}
        """By action: what is answered in place of the truth."""

    @property
    def alive(self) -> list[Machine]:
        with self.guard:
            return [machine for machine in self.machines.values() if machine.status != "halted"]

    def node_ids(self) -> list[str]:
        return [machine.name.split(" ")[-1] for machine in self.alive]

    def action(self, request: Request) -> str:
        return _asked(request)[0]

    def throttled(self) -> Refusal:
        return THROTTLED

    def respond(self, request: Request) -> Reply:
        with self.guard:
            self._pass_time()
            if request.headers.get("Authorization") != LOGIN:
                raise refusal(401, "HTTP Basic: Access denied.")
            action, id = _asked(request)
            reply = self._effect(action, id, request)
            return xml(reply.status, self.say[action]) if action in self.say else reply

    def _effect(self, action: str, id: str, request: Request) -> Reply:
        match action:
            case "list":
                return xml(200, f'<instances type="array">{"".join(machine.xml for machine in self.machines.values())}</instances>')
            case "make":
                return xml(201, self._make(request).xml)
            case "look":
                return xml(200, self._known(id).xml)
            case "costs":
                return xml(200, self._known(id).fees)
            case "stop":
                self._stop(self._known(id))
                return xml(200, "")
        raise refusal(404, "Not found")

    def _make(self, request: Request) -> Machine:
        asked = _definition(request)
        number = len(self.machines) + 1
        address = f"127.{self.port // 256}.{self.port % 256}.{number % 254 + 1}"
        machine = Machine(f"i-{number}", asked, address=address, until=time.monotonic() + self.start_seconds, then="running")
        self.machines[machine.id] = machine
        return machine

    def _stop(self, machine: Machine) -> None:
        if machine.status in ("stopping", "halted"):
            raise refusal(422, "Instance can not be stopped in this state")
        machine.status, machine.then, machine.until = "stopping", "halted", time.monotonic() + self.stop_seconds

    def _known(self, id: str) -> Machine:
        if id not in self.machines:
            raise refusal(404, "Not found")
        return self.machines[id]

    def _pass_time(self) -> None:
        for machine in self.machines.values():
            if machine.until is not None and time.monotonic() >= machine.until:
                machine.status, machine.until = machine.then, None


def _asked(request: Request) -> tuple[str, str]:
    """The action, and the id of the instance that it is about."""
    match [request.method, *request.path.split("/")]:
        case ["GET", "", "instances.xml"]:
            return "list", ""
        case ["POST", "", "instances.xml"]:
            return "make", ""
        case ["GET", "", "instances", id] if id.endswith(".xml"):
            return "look", id.removesuffix(".xml")
        case ["GET", "", "instances", id, "costs.xml"]:
            return "costs", id
        case ["PUT", "", "instances", id, "stop"]:
            return "stop", id
    return f"{request.method} {request.path}", ""


def _definition(request: Request) -> dict[str, str]:
    if request.headers.get("Content-Type") != "application/xml":
        raise refusal(406, "the content type must be application/xml")
    root = ElementTree.fromstring(request.body)
    asked = {child.tag: child.text or "" for child in root}
    if root.tag != "instance" or len(asked) != len(root):
        raise refusal(422, "the root must be an instance, and each element must be there once")
    for key in ("deployment_id", "instance_type_id"):
        if key not in asked:
            raise refusal(422, f"{key} can't be blank")
    for key, value in KNOWN.items():
        if asked.get(key, value) != value:
            raise refusal(422, f"{key} is not known")
    if any(asked.get(key) not in TRUE for key in ("disable_autostop", "isolated")):
        raise refusal(422, "disable_autostop and isolated must be true or false")
    if asked.get("cloud-init-b64") == "true":
        base64.b64decode(asked["cloud-init"], validate=True)
    return asked

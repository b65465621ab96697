"""An HTTP proxy in front of moto that is as strict as EC2, and as unreliable as a test wants it.

Strict: client tokens are honoured, what EC2 refuses is refused, page sizes are kept to. Unreliable: replies get lost after the effect,
calls are throttled or fail, new instances are hidden for a while, terminated ones take a while to end.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from http.client import HTTPConnection
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from occopus.testing.faulty import Proxy
from occopus.testing.http import Refusal, Reply, Request

MOST_USER_DATA = 16_384
MOST_FILTER_VALUES = 200
MOST_TAGS = 50
LEAST_PAGE, MOST_PAGE = 5, 1000
FORM = "application/x-www-form-urlencoded; charset=utf-8"
SHUTTING_DOWN = ("32", "shutting-down")


class Error(Refusal):
    """What EC2 answers instead of doing what it is asked."""

    def __init__(self, code: str, message: str = "refused by the proxy", status: int = 400, retry_after: int | None = None) -> None:
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors><RequestID>11112222-3333-4444-5555-666677778888</RequestID></Response>"
        headers = {"Content-Type": "text/xml"} | ({"Retry-After": str(retry_after)} if retry_after else {})
        super().__init__(Reply(status, body.encode(), headers), code)


class StrictEc2(Proxy):
    """Names requests by their action. Times are in seconds."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = upstream

    def calm(self, seed: int = 0) -> None:
        super().calm(seed)
        self.page: int | None = None
        """Reservations on a page at most."""
        self.hidden_for = 0.0
        """For how long an instance that was just made is unknown."""
        self.ending_for = 0.0
        """For how long an instance that is terminated is shown as `shutting-down`."""
        self.ahead = 0.0
        """By how much EC2's clock, which every reply tells, is ahead of when instances were made."""
        self.passes_over_filters = False
        self.permissions: set[str] = set()
        """What whoever calls must be allowed to do; EC2 wants CreateTags of those who tag what they make."""
        self.keys: set[str] = set()
        self.paths: set[str] = set()
        """The access keys and the paths that came with calls."""
        self.addresses: list[str] = []
        """What new instances are given as the name under which they are reached, as long as there is any left."""
        self._tokens: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._made_with: dict[str, tuple[str, Reply]] = {}
        self._made_at: dict[str, float] = {}
        self._ended_at: dict[str, float] = {}
        self._reached_at: dict[str, str] = {}

    def connection(self) -> HTTPConnection:
        return HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)

    def action(self, request: Request) -> str:
        return parameters_of(request)["Action"]

    def throttled(self) -> Error:
        return Error("RequestLimitExceeded", "Request limit exceeded.", 503)

    def respond(self, request: Request) -> Reply:
        parameters, action = parameters_of(request), self.action(request)
        tags = any(name.startswith("TagSpecification.") for name in parameters)
        with self.guard:
            self.paths.add(request.path)
            self.keys |= set(re.findall(r"Credential=([^/]+)/", request.headers.get("Authorization", "")))
            self.permissions |= {action, "CreateTags"} if tags else {action}
        return getattr(self, f"_{action}", self._forward)(parameters, request.headers)

    def _RunInstances(self, parameters: dict[str, str], headers: Mapping[str, str]) -> Reply:  # noqa: N802
        check_launch(parameters)
        token = parameters["ClientToken"]
        asked = json.dumps(sorted(parameters.items()))
        with self.guard:
            being_used = self._tokens[token]
        with being_used:
            if token in self._made_with:
                before, reply = self._made_with[token]
                if before != asked:
                    raise Error("IdempotentParameterMismatch", "the token was used with other parameters")
                if not self._lives(instance_in(reply), headers):
                    raise Error("IdempotentInstanceTerminated", "what was made with the token is terminated")
                return reply
            reply = self._forward(parameters, headers)
            if reply.status == 200:
                made = instance_in(reply)
                self._made_with[token] = asked, reply
                self._made_at[made] = time.monotonic()
                if self.addresses:
                    self._reached_at[made] = self.addresses.pop(0)
            return reply

    def _lives(self, instance_id: str, headers: Mapping[str, str]) -> bool:
        asked = {"Action": "DescribeInstances", "Version": "2016-11-15", "InstanceId.1": instance_id}
        return b"<name>terminated</name>" not in self._forward(asked, headers).body

    def _DescribeInstances(self, parameters: dict[str, str], headers: Mapping[str, str]) -> Reply:  # noqa: N802
        self._refuse_unknown(parameters)
        values = [key for key in parameters if re.fullmatch(r"Filter\.\d+\.Value\.\d+", key)]
        if len(values) > MOST_FILTER_VALUES:
            raise Error("FilterLimitExceeded", f"{len(values)} values")
        if not LEAST_PAGE <= int(parameters.get("MaxResults", MOST_PAGE)) <= MOST_PAGE:
            raise Error("InvalidParameterValue", f"Expecting a value between {LEAST_PAGE} and {MOST_PAGE}")
        if self.page and "InstanceId.1" not in parameters:
            parameters = {**parameters, "MaxResults": str(min(self.page, int(parameters.get("MaxResults", self.page))))}
        if self.passes_over_filters:
            parameters = {key: value for key, value in parameters.items() if not key.startswith("Filter.")}
        reply = self._forward(parameters, headers)
        return Reply(reply.status, self._as_shown(reply.body), reply.headers) if reply.status == 200 else reply

    def _TerminateInstances(self, parameters: dict[str, str], headers: Mapping[str, str]) -> Reply:  # noqa: N802
        self._refuse_unknown(parameters)
        reply = self._forward(parameters, headers)
        if reply.status == 200:
            for instance_id in named(parameters):
                self._ended_at.setdefault(instance_id, time.monotonic())
        return reply

    def _refuse_unknown(self, parameters: dict[str, str]) -> None:
        for instance_id in named(parameters):
            if self._is_hidden(instance_id):
                raise Error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")

    def _is_hidden(self, instance_id: str) -> bool:
        return time.monotonic() - self._made_at.get(instance_id, float("-inf")) < self.hidden_for

    def _as_shown(self, body: bytes) -> bytes:
        """Without what is hidden, and with what is ending in the state that it has meanwhile."""
        root = ElementTree.fromstring(body)
        namespace = root.tag.partition("}")[0] + "}"
        ElementTree.register_namespace("", namespace[1:-1])
        for reservations in root.iter(f"{namespace}reservationSet"):
            for reservation in list(reservations):
                instance_id = reservation.findtext(f".//{namespace}instanceId") or ""
                if self._is_hidden(instance_id):
                    reservations.remove(reservation)
                    continue
                name = reservation.find(f".//{namespace}dnsName")
                if name is not None and name.text and instance_id in self._reached_at:
                    name.text = self._reached_at[instance_id]
                if time.monotonic() - self._ended_at.get(instance_id, float("-inf")) < self.ending_for:
                    state = reservation.find(f".//{namespace}instanceState")
                    for part, value in zip(("code", "name"), SHUTTING_DOWN, strict=True):
                        state.find(namespace + part).text = value
        return ElementTree.tostring(root)

    def _forward(self, parameters: dict[str, str], headers: Mapping[str, str]) -> Reply:
        kept = {name: value for name, value in headers.items() if name.lower() in ("authorization", "x-amz-date")}
        real = super().respond(Request("POST", "/", {**kept, "Content-Type": FORM}, urlencode(parameters).encode()))
        return Reply(real.status, real.body, {"Content-Type": "text/xml"})


def parameters_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def instance_in(reply: Reply) -> str:
    return re.search(rb"<instanceId>([^<]+)", reply.body)[1].decode()


def named(parameters: dict[str, str]) -> list[str]:
    return [value for key, value in parameters.items() if re.fullmatch(r"InstanceId\.\d+", key)]


def check_launch(parameters: dict[str, str]) -> None:
    """Refuse what EC2 refuses, so far as somebody who makes one instance with tags can be wrong."""
    user_data = base64.b64decode(parameters.get("UserData", ""), validate=True)
    if len(user_data) > MOST_USER_DATA:
        raise Error("InvalidParameterValue", f"User data is limited to {MOST_USER_DATA} bytes")
    token = parameters.get("ClientToken", "")
    if not token or len(token) > 64 or not token.isascii():
        raise Error("InvalidParameterValue", "a client token has 1 to 64 ASCII characters")
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", parameters["ImageId"]):
        raise Error("InvalidAMIID.Malformed", f'Invalid id: "{parameters["ImageId"]}" (expecting "ami-...")')
    tags = defaultdict(list)
    for key, value in parameters.items():
        if match := re.fullmatch(r"TagSpecification\.(\d+)\.Tag\.\d+\.Key", key):
            tags[match[1]].append(value)
    for keys in tags.values():
        if len(keys) > MOST_TAGS:
            raise Error("TagLimitExceeded", f"{len(keys)} tags")
        if len(set(keys)) < len(keys) or any(key.startswith("aws:") for key in keys):
            raise Error("InvalidParameterValue", "tag keys must be unique and not begin with aws:")

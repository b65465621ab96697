"""An HTTP proxy in front of moto that is as strict as EC2, and as unreliable as a test wants it.

Strict: client tokens are honoured, what EC2 refuses is refused, page sizes are kept to. Unreliable: replies get lost after the effect,
calls are throttled or fail, new instances are hidden for a while, terminated ones take a while to end.
"""

from __future__ import annotations

import base64
import json
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

MOST_USER_DATA = 16_384
MOST_FILTER_VALUES = 200
MOST_TAGS = 50
LEAST_PAGE, MOST_PAGE = 5, 1000
FORM = "application/x-www-form-urlencoded; charset=utf-8"
SHUTTING_DOWN = ("32", "shutting-down")


class Lost(Exception):
    """The reply does not reach whoever called."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Error(Exception):
    """What EC2 answers instead of doing what it is asked."""

    code: str
    message: str = "refused by the proxy"
    status: int = 400
    retry_after: int | None = None

    @property
    def reply(self) -> Reply:
        error = f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors><RequestID>11112222-3333-4444-5555-666677778888</RequestID></Response>"
        headers = {"Content-Type": "text/xml"} | ({"Retry-After": str(self.retry_after)} if self.retry_after else {})
        return Reply(self.status, body.encode(), headers)


THROTTLED = Error("RequestLimitExceeded", "Request limit exceeded.", 503)


@dataclass
class StrictEc2:
    """What may be set at any time. Times are in seconds; shares are from 0 to 1, and chance comes from `seed`."""

    upstream: str
    port: int = 0
    page: int | None = None
    """Reservations on a page at most."""
    hidden_for: float = 0.0
    """For how long an instance that was just made is unknown."""
    ending_for: float = 0.0
    """For how long an instance that is terminated is shown as `shutting-down`."""
    ahead: float = 0.0
    """By how much EC2's clock, which every reply tells, is ahead of when instances were made."""
    passes_over_filters: bool = False
    lost_share: float = 0.0
    throttled_share: float = 0.0
    lose: Counter[str] = field(default_factory=Counter)
    """By action: how many of the next replies get lost after the effect."""
    fail: dict[str, list[Error]] = field(default_factory=lambda: defaultdict(list))
    """By action: what the next calls are answered with, without any effect."""
    actions: Counter[str] = field(default_factory=Counter)
    """How many calls of each action have come."""
    permissions: set[str] = field(default_factory=set)
    """What whoever calls must be allowed to do; EC2 wants CreateTags of those who tag what they make."""
    refused: list[str] = field(default_factory=list)
    """The codes of what was refused for being wrong."""

    keys: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    """The access keys and the paths that came with calls."""
    addresses: list[str] = field(default_factory=list)
    """What new instances are given as the name under which they are reached, as long as there is any left."""

    def __post_init__(self) -> None:
        self.calm()
        self._lock = threading.Lock()
        self._tokens: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._made_with: dict[str, tuple[str, Reply]] = {}
        self._made_at: dict[str, float] = {}
        self._ended_at: dict[str, float] = {}
        self._reached_at: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> int:
        return self.actions.total()

    def calm(self, seed: int = 0) -> None:
        """No faults any more; chance begins anew."""
        self.page, self.hidden_for, self.ending_for, self.ahead = None, 0.0, 0.0, 0.0
        self.passes_over_filters = False
        self.lost_share = self.throttled_share = 0.0
        self.lose.clear()
        self.fail.clear()
        self.addresses.clear()
        self.chance = random.Random(seed)

    def answer(self, body: bytes, headers: dict[str, str]) -> Reply:
        """Raises:
        Lost: there is an answer, but it gets lost.
        """
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        action = parameters["Action"]
        self.keys |= set(re.findall(r"Credential=([^/]+)/", headers.get("Authorization", "")))
        with self._lock:
            self.actions[action] += 1
            if any(name.startswith("TagSpecification.") for name in parameters):
                self.permissions.add("CreateTags")
            self.permissions.add(action)
            loses, throttles = self.chance.random() < self.lost_share, self.chance.random() < self.throttled_share
            if self.lose[action] > 0:
                self.lose[action] -= 1
                loses = True
            error = self.fail[action].pop(0) if self.fail[action] else THROTTLED if throttles else None
        if error:
            return error.reply
        try:
            reply = getattr(self, f"_{action}", self._forward)(parameters, headers)
        except Error as refusal:
            self.refused.append(refusal.code)
            reply = refusal.reply
        if loses:
            raise Lost
        return reply

    def _RunInstances(self, parameters: dict[str, str], headers: dict[str, str]) -> Reply:  # noqa: N802
        check_launch(parameters)
        token = parameters["ClientToken"]
        asked = json.dumps(sorted(parameters.items()))
        with self._lock:
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

    def _lives(self, instance_id: str, headers: dict[str, str]) -> bool:
        asked = {"Action": "DescribeInstances", "Version": "2016-11-15", "InstanceId.1": instance_id}
        return b"<name>terminated</name>" not in self._forward(asked, headers).body

    def _DescribeInstances(self, parameters: dict[str, str], headers: dict[str, str]) -> Reply:  # noqa: N802
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

    def _TerminateInstances(self, parameters: dict[str, str], headers: dict[str, str]) -> Reply:  # noqa: N802
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

    def _forward(self, parameters: dict[str, str], headers: dict[str, str]) -> Reply:
        kept = {name: value for name, value in headers.items() if name.lower() in ("authorization", "x-amz-date")}
        request = urllib.request.Request(self.upstream, urlencode(parameters).encode(), {**kept, "Content-Type": FORM})
        try:
            with DIRECT.open(request, timeout=60) as reply:
                return Reply(reply.status, reply.read(), {"Content-Type": "text/xml"})
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.read(), {"Content-Type": "text/xml"})


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


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


@contextmanager
def strict_ec2(upstream: str) -> Iterator[StrictEc2]:
    """Run the proxy in threads of this process."""
    proxy = StrictEc2(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            proxy.paths.add(self.path)
            try:
                reply = proxy.answer(body, dict(self.headers))
            except Lost:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + proxy.ahead)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # whoever called was killed meanwhile
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()

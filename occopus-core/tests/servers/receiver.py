"""A receiver of webhooks that believes only what is signed, and the courier that sends them from a store of its own."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from occopus.engine.courier import Courier
from occopus.engine.persistence import Persistence
from occopus.engine.targets import set_targets
from occopus.manager import InfrastructureManager
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.settings import Settings
from occopus.store.base import Store
from occopus.store.records import append_event, delete_infra, load_events, put_infra
from occopus.store.sqlite import SqliteStore
from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Refusal, Reply, Request

SECRET = "the-word-that-both-sides-know"
KEYS = {"id", "infra_id", "kind", "time", "node", "node_id", "message"}
QUICKLY = Persistence(limit=600.0, first=0.02, longest=0.1, attempt=20.0)
"""For tests that are to see repetitions."""


def refusal(status: int, **headers: str) -> Refusal:
    return Refusal(Reply(status, b"no", {name.replace("_", "-"): value for name, value in headers.items()}))


class Receiver(FaultyServer):
    """Keeps what it gets, by path. The paths in `hanging` get no answer until the end."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.got: dict[str, list[dict[str, Any]]] = {}
        self.moments: dict[str, list[float]] = {}
        self.hanging: set[str] = set()
        self.over = threading.Event()

    def action(self, request: Request) -> str:
        self.moments.setdefault(request.path, []).append(time.monotonic())
        if request.path in self.hanging:
            self.over.wait(300)
        return request.path

    def respond(self, request: Request) -> Reply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method != "POST" or headers.get("content-type") != "application/json":
            raise Refusal(Reply(400), "it is no POST of JSON")
        if not is_signed(headers.get("occopus-signature", ""), request.body):
            raise Refusal(Reply(401), "the signature is not right")
        body = json.loads(request.body)
        if body.keys() != KEYS or headers.get("occopus-event-id") != f"{body['infra_id']}:{body['id']}":
            raise Refusal(Reply(422), f"it is not an event: {body}")
        self.got.setdefault(request.path, []).append(body)
        return Reply(204)

    def kinds(self, path: str) -> list[str]:
        """What came, with repetitions."""
        return [body["kind"] for body in self.got.get(path, [])]

    def __exit__(self, *args: object) -> None:
        self.over.set()
        super().__exit__(*args)


def is_signed(header: str, body: bytes, secret: str = SECRET) -> bool:
    """Worked out by the definition, not by the library that signed."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    if parts.keys() != {"t", "v1"} or abs(int(parts["t"]) - time.time()) > 300:
        return False
    key = secret.encode().ljust(64, b"\0")  # RFC 2104, for keys that are not longer than a block
    inner, outer = (bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C))
    code = hashlib.sha256(outer + hashlib.sha256(inner + parts["t"].encode() + b"." + body).digest()).hexdigest()
    return code == parts["v1"]


AUTHENTICATION = {"notifier": [{"type": "webhook", "auth_data": {"secret": SECRET}}]}


@dataclass
class PostOffice:
    """Infrastructures with events, in an SQLite file of their own unless another store is given."""

    folder: Path
    authentication: Mapping[str, Any] = field(default_factory=lambda: AUTHENTICATION)
    store: Store | None = None

    def __post_init__(self) -> None:
        self.authentication_file = self.folder / "auth_data.yaml"
        self.authentication_file.write_text(json.dumps(self.authentication))
        self.authentication_file.chmod(0o600)
        self.settings = Settings(self.folder, f"sqlite://{self.folder / 'store.db'}", auth_data_path=self.authentication_file)
        self.store = self.store or SqliteStore(self.folder / "store.db")

    def infra(self, name: str = "i-1") -> InfraId:
        record = InfraRecord(InfraId(name), "test", "me", 0.0, desired={"infra_name": "test"})
        self._store.write([put_infra(record, 0), append_event(Event(InfraId(name), time.time(), "build-started"))])
        return record.infra_id

    def send_to(self, infra_id: InfraId, *sections: Mapping[str, Any]) -> None:
        set_targets(self._store, infra_id, sections, time.time())

    def happen(self, infra_id: InfraId, *kinds: str, message: str = "", age: float = 0.0) -> None:
        self._store.write([append_event(Event(infra_id, time.time() - age, kind, "web", "n-1", message)) for kind in kinds])

    def destroy(self, infra_id: InfraId) -> None:
        """As the engine does it: the record goes together with the last event."""
        record = InfraRecord(infra_id, "test", "me", 0.0, desired=None)
        self._store.write([delete_infra(record, None), append_event(Event(infra_id, time.time(), "destroyed"))])

    def events(self, infra_id: InfraId, kind: str) -> list[Event]:
        return [event for _, event in load_events(self._store, infra_id) if event.kind == kind]

    @property
    def left(self) -> list[tuple[str, str]]:
        """What the store knows of targets, by kind and infrastructure."""
        return [(kind, record.key.scope) for kind in ("targets", "cursor") for record in self._store.scan(kind)]

    @contextmanager
    def courier(self, persistence: Persistence = QUICKLY, **options: Any) -> Iterator[Courier]:
        manager = InfrastructureManager(self.settings)
        manager.store = self._store
        with manager.services() as services:
            courier = Courier(services, persistence=persistence, **options)
            with courier.working(20.0):
                yield courier

    @property
    def _store(self) -> Store:
        assert self.store
        return self.store


def webhook(receiver: Receiver, path: str, **more: Any) -> dict[str, Any]:
    return {"type": "webhook", "url": receiver.url + path, **more}

"""The service as its users meet it: the installed command as a process of its own, and, for clouds that hang or fail, in this process."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import psutil
import requests

from occopus.manager import InfrastructureManager
from occopus.plugins.loading import load_plugins
from occopus.rest.server import Server, address_of, listen, server_of
from occopus.rest.services import RestServices
from occopus.settings import Settings
from occopus.store.base import Store
from occopus.store.memory import MemoryStore
from occopus.testing.cloud import Cloud
from occopus.testing.user import User, until

NODES = """
'node_def:plain':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: |
        #cloud-config
        runcmd:
          - exec sleep 1000
'node_def:never':
  - resource: {type: local}
    health_check:
      ports: [9]
"""


class Client:
    """Asks a service."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, **options)

    def stream(self, infra_id: str, **headers: str) -> requests.Response:
        """The events of an infrastructure as they come."""
        accepting = {"Accept": "text/event-stream", **headers}
        return self.session.get(f"{self.url}/infrastructures/{infra_id}/events", headers=accepting, stream=True, timeout=60)

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        return self._json(self.ask("GET", path, **options), status)

    def post(self, path: str, status: int = 202, **options: Any) -> Any:
        return self._json(self.ask("POST", path, **options), status)

    def put(self, path: str, status: int = 202, **options: Any) -> Any:
        return self._json(self.ask("PUT", path, **options), status)

    def delete(self, path: str, status: int = 202, **options: Any) -> Any:
        return self._json(self.ask("DELETE", path, **options), status)

    @staticmethod
    def _json(answer: requests.Response, status: int) -> Any:
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        kind = answer.headers.get("Content-Type", "")
        assert kind == ("application/problem+json" if status >= 400 else "application/json") or not answer.content, kind
        return answer.json() if answer.content else None

    def build(self, description: str, definitions: str = "") -> str:
        """Ask for an infrastructure; its identifier."""
        sent = {"description": description} | ({"node_definitions": definitions} if definitions else {})
        infra_id: str = self.post("/infrastructures/", 201, json=sent)["infraid"]
        return infra_id

    def is_built(self, infra_id: str) -> bool:
        found: bool = self.get(f"/infrastructures/{infra_id}/status")["status"] == "built"
        return found

    def is_gone(self, infra_id: str) -> bool:
        return self.ask("GET", f"/infrastructures/{infra_id}").status_code == 404

    def instances(self, infra_id: str, node: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/infrastructures/{infra_id}").get(node, {}).get("instances", {})
        return found

    def kinds(self, infra_id: str) -> list[str]:
        return [event["kind"] for event in self.get(f"/infrastructures/{infra_id}/events")["events"]]


def describe(*nodes: str, name: str = "test", type: str = "plain", depends: str = "[]") -> str:
    """A description; nodes are "name" or "name: settings"."""
    entries = "\n".join(f"  - {{name: {node.partition(':')[0]}, {node.partition(':')[2] or f'type: {type}'}}}" for node in nodes)
    return f"infra_name: {name}\nuser_id: me\nnodes:\n{entries}\ndependencies: {depends}\n"


@dataclass
class Installed(User):
    """A user who runs the service. It keeps its port when it is started again."""

    port: str = "0"
    token: str = ""
    said: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def serve(self, *args: str, code: int | None = None) -> Client:
        """Start the service and wait until it listens."""
        self.process = self.start("occopus-rest-service", "--port", self.port, "--allow-local-commands", "--interval", "0.5", *args)
        self.said = []
        reader = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        reader.start()
        line = until(lambda: next((line for line in self.said if line.startswith("listening on")), None) or self._dead(), "listening")
        self.port = re.search(r":(\d+)$", line)[1]  # type: ignore[index]
        client = Client(f"http://127.0.0.1:{self.port}", self.token)
        until(lambda: client.ask("GET", "/readyz").status_code == 200, "readiness")
        return client

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr or ():
            self.said.append(line.rstrip("\n"))

    def _dead(self) -> None:
        assert self.process is None or self.process.poll() is None, "\n".join(self.said)

    def kill(self) -> None:
        """With a signal that nobody can catch."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """Ask the service to end; its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def nodes(self) -> dict[str, int]:
        """By instance: how many processes of nodes are alive."""
        found: dict[str, int] = {}
        for process in psutil.process_iter():
            try:
                environment = process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
            except psutil.Error:
                continue
            if environment.get("HOME", "").startswith(str(self.path / "data")) and "OCCOPUS_NODE_ID" in environment:
                found[environment["OCCOPUS_NODE_ID"]] = found.get(environment["OCCOPUS_NODE_ID"], 0) + 1
        return found

    def kill_node(self, node_id: str) -> None:
        """Kill all processes of an instance, as if its machine were switched off."""
        for process in psutil.process_iter():
            try:
                if process.environ().get("OCCOPUS_NODE_ID") == node_id:
                    process.kill()
            except psutil.Error:
                continue
        until(lambda: node_id not in self.nodes, "the end of the killed")

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        for process in psutil.process_iter():
            try:
                if process.environ().get("HOME", "").startswith(str(self.path / "data")):
                    process.kill()
            except psutil.Error:
                continue


CLOUD_NODES = """
'node_def:plain':
  - resource: {{type: cloud, endpoint: {endpoint}}}
    health_check: {{ping: false}}
"""


@dataclass
class House:
    """A service in this process, whose nodes are made in clouds of `occopus.testing.cloud`."""

    folder: Path
    store: Store = field(default_factory=MemoryStore)
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    services: RestServices | None = None
    _server: Server | None = None
    _thread: threading.Thread | None = None

    def manager(self) -> InfrastructureManager:
        settings = Settings(data_dir=self.folder, store_url="memory:", rest_interval=0.2, parallelize=True)
        plugins = load_plugins([*entry_points(group="occopus"), EntryPoint("cloud", "occopus.testing.cloud", "occopus")])
        manager = InfrastructureManager(replace(settings, **self.settings), plugins, user="me")
        manager.store = self.store
        return manager

    def open(self, token: str = "") -> Client:
        """Start; a client of the service."""
        self.services = RestServices(self.manager(), **self.options)
        bound = listen("127.0.0.1", 0)
        self._server = server_of(self.services)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, daemon=True)
        url = address_of(bound)
        self._thread.start()
        client = Client(url, token)
        until(lambda: self._server is not None and self._server.started, "the start")
        return client

    def close(self) -> float:
        """End as at SIGTERM; the seconds that it took."""
        assert self._server
        assert self._thread
        begun = time.monotonic()
        self._server.handle_exit(signal.SIGTERM, None)
        self._thread.join(60)
        assert not self._thread.is_alive()
        return time.monotonic() - begun

    def definitions(self, endpoint: str) -> str:
        return CLOUD_NODES.format(endpoint=endpoint)


@contextmanager
def hanging(cloud: Cloud, kind: str) -> Iterator[threading.Event]:
    """Let all calls of a kind hang until the end of the block; the event is set when one does."""
    reached, released = threading.Event(), threading.Event()

    def hook(called: str, moment: str, nodes: object) -> None:
        if called == kind and moment == "before":
            reached.set()
            released.wait(300)

    before, cloud.hook = cloud.hook, hook
    try:
        yield reached
    finally:
        cloud.hook = before
        released.set()

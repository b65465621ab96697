"""A real Docker engine, what images come from, and Occopus as its users run it."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from busybox import STAY, busybox_tarball
from docker_engine import DockerEngine, NoEngine, docker_engine
from engine_proxy import EngineProxy
from file_server import FileServer
from registry import Registry

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import ContainerContext, CreateRequest, HandlerConfig
from occopus.testing.user import User
from occopus_docker.handler import DockerHandler

IMAGE = "busybox"
"""What the engine has from the beginning."""


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerEngine]:
    """A real engine that has one image."""
    running = docker_engine()
    try:
        engine = running.__enter__()
    except NoEngine as why:
        pytest.skip(f"NO REAL DOCKER ENGINE: {why}; the tests need dockerd, busybox-static, iproute2, iptables and openssl")
    try:
        client = docker.APIClient(engine.url)
        client.import_image_from_data(busybox_tarball(), IMAGE, "latest")
        client.close()
        yield engine
    finally:
        running.__exit__(None, None, None)


@dataclass(frozen=True)
class Inside:
    """What is really in the engine, past everything of ours."""

    client: Any

    @property
    def containers(self) -> list[dict[str, Any]]:
        return list(self.client.containers(all=True))

    @property
    def node_ids(self) -> list[str]:
        return [container["Labels"].get("occopus:node_id", "") for container in self.containers]

    def of_node(self, name: str) -> list[dict[str, Any]]:
        return [container for container in self.containers if container["Labels"].get("occopus:node_name") == name]

    def inspect(self, container: dict[str, Any]) -> dict[str, Any]:
        return dict(self.client.inspect_container(container["Id"]))

    def logs(self, container: dict[str, Any]) -> str:
        return str(self.client.logs(container["Id"]).decode())

    def address(self, container: dict[str, Any]) -> str:
        return str(container["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])

    def image_id(self, reference: str) -> str | None:
        try:
            return str(self.client.inspect_image(reference)["Id"])
        except docker.errors.ImageNotFound:
            return None

    @property
    def tarballs(self) -> list[str]:
        """The digests of tarballs that were made into images."""
        tags = [tag for image in self.client.images("occopus-tarball") for tag in image["RepoTags"]]
        return sorted(tag.rpartition(":")[2] for tag in tags if "tarball" in tag)

    @property
    def volumes(self) -> list[str]:
        return [volume["Name"] for volume in self.client.volumes()["Volumes"] or ()]

    def empty(self) -> None:
        for container in self.containers:
            self.client.remove_container(container["Id"], force=True, v=True)
        for volume in self.volumes:
            self.client.remove_volume(volume)


@pytest.fixture(scope="session")
def _client(engine: DockerEngine) -> Iterator[Any]:
    client = docker.APIClient(engine.url)
    yield client
    client.close()


@pytest.fixture
def inside(_client: Any) -> Iterator[Inside]:
    """The engine without containers."""
    inside = Inside(_client)
    inside.empty()
    yield inside
    inside.empty()


@pytest.fixture
def proxy(engine: DockerEngine) -> Iterator[EngineProxy]:
    with EngineProxy(engine.socket) as proxy:
        yield proxy


@pytest.fixture
def files() -> Iterator[FileServer]:
    with FileServer() as files:
        yield files


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        yield registry


@pytest.fixture
def plain_section(engine: DockerEngine) -> dict[str, Any]:
    return {"type": "docker", "endpoint": engine.url, "image": IMAGE, "origin": "local"}


@pytest.fixture
def handler_for(tmp_path: Path) -> Callable[..., DockerHandler]:
    """Fresh handlers at an endpoint."""

    def make(endpoint: str, credentials: dict[str, str] | None = None) -> DockerHandler:
        config = HandlerConfig({"type": "docker", "endpoint": endpoint}, credentials or {}, tmp_path, logging.getLogger("occopus.docker"))
        return DockerHandler(config)

    return make


@pytest.fixture
def request_for(plain_section: dict[str, Any]) -> Callable[..., CreateRequest]:
    """Requests for new nodes, whose container stays until it is asked to stop."""

    def make(command: Any = STAY, env: tuple[str, ...] = (), **changes: Any) -> CreateRequest:
        handle = Handle(InfraId(str(uuid.uuid4())), NodeId(str(uuid.uuid4())), "web")
        return CreateRequest(handle, f"occopus-test-{handle.node_id}", {**plain_section, **changes}, ContainerContext(env, command))

    return make


@pytest.fixture
def home(occopus_user: User) -> User:
    return occopus_user

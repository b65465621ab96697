"""The calls that are made of a Docker engine, with errors translated."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO

from docker.errors import APIError, ImageNotFound, NotFound

from occopus.plugins import HandlerConfig
from occopus_docker.connection import connect
from occopus_docker.container import Container
from occopus_docker.failures import refused, translated
from occopus_docker.limits import LAST_LINES, LONGEST_WORDS


class Engine:
    """One engine. The SDK's client may be used by many threads; it is made once, when it is first needed."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        self._config = config
        self._client = client
        self._making = threading.Lock()

    def with_mark(self, mark: str, value: str) -> list[Container]:
        """All containers, in whatever state, that bear a mark."""
        with self._asked("looking at containers"):
            return [Container.of(each) for each in self.client.containers(all=True, filters={"label": f"{mark}={value}"})]

    def with_name(self, name: str) -> Container | None:
        with self._asked(f"looking at the container {name}"):
            found = [Container.of(each) for each in self.client.containers(all=True, filters={"name": f"^/{name}$"})]
        return next((container for container in found if name in container.names), None)

    def create(self, name: str, parameters: Mapping[str, Any]) -> str | None:
        """The id of a new container; None where the name is taken."""
        with self._asked(f"making the container {name}"):
            host_config = self.client.create_host_config(**parameters["host_config"])
            try:
                created = self.client.create_container(name=name, **{**parameters, "host_config": host_config})
            except APIError as error:
                if error.status_code != 409:
                    raise
                return None
            return str(created["Id"])

    def start(self, container_id: str) -> None:
        """Succeeds on one that runs already."""
        with self._asked("starting the container"):
            self.client.start(container_id)

    def ask_to_stop(self, container_id: str) -> None:
        """Send the signal that the container's image wants for this, SIGTERM as a rule; succeeds on what has ended."""
        with self._asked(f"stopping the container {container_id[:12]}"), _gone_or_busy_is_fine():
            signal = self.client.inspect_container(container_id)["Config"].get("StopSignal")
            self.client.kill(container_id, signal or "SIGTERM")

    def remove(self, container_id: str) -> None:
        """With the volumes that have no name, killed where it runs; succeeds on what is gone."""
        with self._asked(f"removing the container {container_id[:12]}"), _gone_or_busy_is_fine():
            self.client.remove_container(container_id, v=True, force=True)

    def last_words(self, container_id: str) -> str:
        """Why a container has ended: its exit code and the last lines that it wrote."""
        with self._asked(f"looking at the container {container_id[:12]}"), _gone_or_busy_is_fine():
            state = self.client.inspect_container(container_id)["State"]
            lines = self._last_lines(container_id)
            reason = f"exit code {state['ExitCode']}"
            if state.get("OOMKilled"):
                reason += " (out of memory)"
            more = " ".join(filter(None, [state.get("Error"), lines]))
            return f"{reason}: {more}" if more else reason
        return "gone"

    def image_id(self, reference: str) -> str | None:
        """The id of the image that has this name; None where there is none."""
        with self._asked(f"looking for the image {reference}"):
            try:
                return str(self.client.inspect_image(reference)["Id"])
            except ImageNotFound:
                return None

    def pull(self, reference: str, auth: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
        """Let the engine fetch an image, and give what it says meanwhile. Without `auth`, what `docker login` has stored is used."""
        doing = f"pulling the image {reference}"
        with self._asked(doing):
            yield from self._told(self.client.pull(reference, stream=True, decode=True, auth_config=auth), doing)

    def import_image(self, tarball: BinaryIO, repository: str, tag: str) -> None:
        """Make an image from the root file system in a tarball."""
        doing = "importing the tarball"
        with self._asked(doing):
            said = self.client.import_image(src=tarball, repository=repository, tag=tag)
            if '"error"' in said:
                raise refused(doing, said)

    def load_image(self, tarball: BinaryIO) -> str:
        """Load a saved image; the name or the id that it has."""
        doing, mark = "loading the tarball", "Loaded image"
        with self._asked(doing):
            said = "".join(str(line.get("stream") or "") for line in self._told(self.client.load_image(tarball), doing))
            loaded = [line.partition(": ")[2].strip() for line in said.splitlines() if line.startswith(mark)]
            if len(loaded) != 1:
                raise refused(doing, f"there must be one image in it, and there are {len(loaded)}", 400)
            return loaded[0]

    def tag(self, image: str, repository: str, tag: str) -> None:
        with self._asked(f"naming the image {repository}:{tag}"):
            self.client.tag(image, repository, tag)

    @property
    def client(self) -> Any:
        with self._making:
            if self._client is None:
                with translated(f"calling the Docker engine at {self._config.section['endpoint']}"):
                    self._client = connect(self._config)
            return self._client

    def _asked(self, doing: str) -> AbstractContextManager[None]:
        return translated(f"{doing} at {self._config.section['endpoint']}")

    def _told(self, lines: Iterator[dict[str, Any]], doing: str) -> Iterator[dict[str, Any]]:
        """What the engine says while it is at it; that it failed is one of the lines."""
        for line in lines:
            if "error" in line:
                raise refused(doing, str(line["error"]))
            yield line

    def _last_lines(self, container_id: str) -> str:
        try:
            wrote = self.client.logs(container_id, tail=LAST_LINES)
        except APIError:
            return ""  # some log drivers can't be read
        return str(wrote.decode(errors="replace")).rstrip()[-LONGEST_WORDS:]


@contextmanager
def _gone_or_busy_is_fine() -> Iterator[None]:
    """What is to end has ended, or is about to."""
    try:
        yield
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:
            raise

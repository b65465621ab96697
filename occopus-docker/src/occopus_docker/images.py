"""Sees to it that an engine has the images of its nodes, once for all nodes of a pass."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from docker.auth import resolve_repository_name
from docker.utils import parse_repository_tag

from occopus.model.node import Section
from occopus.plugins import HandlerConfig, ResourceError
from occopus_docker.checks import LOCAL, REGISTRY
from occopus_docker.delivery import PASSING, Delivery, Report
from occopus_docker.engine import Engine
from occopus_docker.failures import invalid, translated
from occopus_docker.launch import reference
from occopus_docker.progress import Layers
from occopus_docker.tarball import Tarballs

DOCKER_HUB = "docker.io"


class Images:
    def __init__(self, engine: Engine, config: HandlerConfig) -> None:
        self._engine = engine
        self._credentials = config.credentials
        self._logger = config.logger
        self._tarballs = Tarballs(engine, config.data_dir / "docker", config.logger)
        self._deliveries: dict[tuple[str, str], Delivery] = {}
        self._lock = threading.Lock()

    def delivery(self, section: Section) -> Delivery | None:
        """None where the engine has the image; else how it gets there, which begins now if nobody has asked before.

        Raises:
            ResourceError: it can't be had.
        """
        name, origin = reference(section), section.get("origin", REGISTRY)
        if origin == LOCAL:
            self._must_be_there(name)
            return None
        with self._lock:
            delivery = self._deliveries.get((name, origin))
            if delivery is None or delivery.should_be_repeated:
                number = delivery.number + 1 if delivery else 1
                delivery = self._deliveries[name, origin] = Delivery(name, lambda report: self._fetch(name, origin, report), number)
        if not delivery.is_over:
            return delivery
        delivery.check()
        return None

    def _must_be_there(self, name: str) -> None:
        if not self._engine.image_id(name):
            raise invalid(f"the engine has no image {name}, and its origin is 'local'")

    def _fetch(self, name: str, origin: str, report: Report) -> None:
        """What can't be fetched now is used as the engine has it: a node is not to die with the registry that it came from."""
        try:
            if origin == REGISTRY:
                self._pull(name, report)
            else:
                self._tarballs.fetch(origin, name, report)
        except ResourceError as error:
            if error.kind not in PASSING or not self._engine.image_id(name):
                raise
            self._logger.warning("%s; the image that the engine has is used", error.message)

    def _pull(self, name: str, report: Report) -> None:
        layers = Layers(name)
        for line in self._engine.pull(name, self._login(name)):
            report(layers.progress(line))

    def _login(self, name: str) -> Mapping[str, Any] | None:
        """The user's name and password, for the registry that they are meant for and no other."""
        secrets = self._credentials
        if not secrets.get("username"):
            return None
        with translated(f"reading the name of the image {name}"):
            registry, _ = resolve_repository_name(parse_repository_tag(name)[0])
        if registry != secrets.get("registry", DOCKER_HUB):
            return None
        return {"username": secrets["username"], "password": secrets.get("password", "")}

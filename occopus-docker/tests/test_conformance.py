"""The Docker handler keeps the contract of a resource handler, in a real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from busybox import STAY

from occopus.plugins import ContainerContext, Context, ErrorKind, ResourceHandler, ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus.testing.http import Refusal, Reply
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory

LOGIN = {"username": "me", "password": "secret-of-the-registry", "registry": "registry.example.org"}


class TestDocker(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("docker")

    @pytest.fixture
    def make_handler(self, handler_for: Callable[..., ResourceHandler], proxy: Any) -> Callable[[], ResourceHandler]:
        return lambda: handler_for(proxy.url, LOGIN)

    @pytest.fixture
    def section(self, plain_section: dict[str, Any], proxy: Any, inside: Any) -> dict[str, Any]:
        return {**plain_section, "endpoint": proxy.url}

    @pytest.fixture
    def context(self) -> Context:
        return ContainerContext(("message=ü",), STAY)

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "an endpoint that is no URL": {**section, "endpoint": "/var/run/docker.sock"},
            "an endpoint without a port": {**section, "endpoint": "tcp://127.0.0.1"},
            "an origin that is not known": {**section, "origin": "ftp://127.0.0.1/image.tar"},
            "two tags": {**section, "image": "busybox:1", "tag": "2"},
            "a port that is none": {**section, "ports": ["http"]},
            "a volume without a place": {**section, "volumes": ["data:srv"]},
            "memory without a number": {**section, "memory": "much"},
            "no processor at all": {**section, "cpus": 0},
        }

    @pytest.fixture
    def inventory(self, inside: Any) -> Inventory:
        return lambda: list(inside.node_ids)

    @pytest.fixture
    def lose_reply(self, proxy: Any) -> LoseReply:
        return proxy.losing_reply

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (LOGIN["password"],)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("docker", "requests", "urllib3")

    @pytest.fixture
    def count_calls(self, proxy: Any) -> Callable[[], int]:
        return lambda: len(proxy.actions)

    @pytest.fixture
    def provoke(self, bench: Bench, handler_for: Any, proxy: Any) -> Mapping[ErrorKind, Callable[[], object]]:
        def no_such_image() -> object:
            request = bench.request()
            return bench.make_handler().create(replace(request, resource={**request.resource, "image": "nothing"}), Journal())

        def nobody_there() -> object:
            return handler_for("tcp://127.0.0.1:9").describe([bench.request().handle])

        def refused(status: int, message: str) -> Callable[[], object]:
            def create() -> object:
                proxy.fail["POST /containers/create"] = [Refusal(Reply.of_json(status, {"message": message}), message)]
                return bench.created()

            return create

        return {
            ErrorKind.INVALID: no_such_image,
            ErrorKind.TRANSIENT: nobody_there,
            ErrorKind.THROTTLED: refused(429, "too many requests"),
            ErrorKind.NO_CAPACITY: refused(500, "no space left on device"),
            ErrorKind.CREDENTIALS: refused(401, "unauthorized"),
        }

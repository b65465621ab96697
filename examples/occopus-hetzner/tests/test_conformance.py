"""The handler keeps the contract of a resource handler, and asks for nothing that Hetzner refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from occopus.plugins import Context, ErrorKind, ResourceHandler, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.http import Refusal
from occopus.testing.resource_suite import Bench, LoseReply, ResourceHandlerSuite

from conftest import HandlerFor, section_at
from hetzner import READ_ONLY, SECRETS, UNKNOWN_TOKEN, Hetzner, refusal


class TestHetzner(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("hetzner")

    @pytest.fixture
    def make_handler(self, handler_for: HandlerFor) -> Callable[[], ResourceHandler]:
        return handler_for

    @pytest.fixture
    def section(self, cloud: Hetzner) -> dict[str, Any]:
        return section_at(cloud)

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nruncmd: [echo ü]\n")

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        hidden = {**section, "public_ipv4": False, "public_ipv6": False}
        return {
            "an endpoint that is no URL": {**section, "endpoint": "api.hetzner.cloud"},
            "no image": {**section, "image": ""},
            "a network's name": {**section, "networks": ["mine"]},
            "a label's key of Hetzner's own": {**section, "labels": {"hetzner.cloud/x": "y"}},
            "a label's key of Occopus's own": {**section, "labels": {"occopus.node_id": "y"}},
            "a label that is no word": {**section, "labels": {"x": "two words"}},
            "no address": {**hidden, "networks": [], "firewalls": []},
            "firewalls before nothing": hidden,
        }

    @pytest.fixture
    def inventory(self, cloud: Hetzner) -> Callable[[], Sequence[str]]:
        return cloud.node_ids

    @pytest.fixture
    def provoke(self, bench: Bench, cloud: Hetzner, handler_for: HandlerFor) -> Mapping[ErrorKind, Callable[[], object]]:
        def refused(planned: Refusal) -> object:
            cloud.fail["POST servers"] = [planned]
            return bench.created()

        def over_the_limit() -> object:
            cloud.limit = 0
            try:
                return bench.created()
            finally:
                cloud.limit = 1000

        return {
            ErrorKind.TRANSIENT: partial(refused, refusal(503, "service_error", "an error within a service")),
            ErrorKind.THROTTLED: lambda: refused(cloud.throttled()),
            ErrorKind.NO_CAPACITY: lambda: bench.created(server_type="sold-out"),
            ErrorKind.QUOTA: over_the_limit,
            ErrorKind.CREDENTIALS: lambda: list(handler_for(UNKNOWN_TOKEN).find(bench.infra_id)),
            ErrorKind.INVALID: lambda: bench.created(image="no-such-image"),
        }

    @pytest.fixture
    def lose_reply(self, cloud: Hetzner) -> LoseReply:
        return cloud.losing_reply

    @pytest.fixture
    def page_size(self, cloud: Hetzner) -> int:
        cloud.largest_page = 2
        return 2

    @pytest.fixture
    def count_calls(self, cloud: Hetzner) -> Callable[[], int]:
        return lambda: len(cloud.actions)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (*SECRETS, READ_ONLY)

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("occopus_hetzner.api", "requests")

"""The handler keeps the contract of a resource handler against a small OpenStack of ours; `real` has the same for a real one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_openstack import SHAPES, FakeOpenStack, trouble

from occopus.plugins import ErrorKind, HandlerConfig, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.resource_suite import Bench, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory
from occopus_nova.handler import NovaHandler


class TestPlain(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("nova")

    @pytest.fixture
    def section(self, cloud: FakeOpenStack) -> dict[str, Any]:
        return cloud.section()

    @pytest.fixture
    def make_handler(self, cloud: FakeOpenStack, section: dict[str, Any], tmp_path: Path) -> Callable[[], NovaHandler]:
        config = HandlerConfig(section, cloud.login, tmp_path, logging.getLogger("occopus.nova"))
        return lambda: NovaHandler(config)

    @pytest.fixture
    def context(self) -> UserData:
        return UserData("#cloud-config\nruncmd: [echo hello]\n")

    @pytest.fixture
    def inventory(self, cloud: FakeOpenStack) -> Inventory:
        return cloud.node_ids

    @pytest.fixture
    def count_calls(self, cloud: FakeOpenStack) -> Callable[[], int]:
        return lambda: len(cloud.actions)

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "no project": {key: value for key, value in section.items() if key != "project_id"},
            "a negative size": section | {"volume_size": -1},
            "a size that is no whole number": section | {"volume_size": 1.5},
            "a security group that is no list": section | {"security_groups": "default"},
            "an empty image": section | {"image_id": ""},
        }

    @pytest.fixture
    def provoke(
        self, bench: Bench, cloud: FakeOpenStack, section: dict[str, Any], tmp_path: Path
    ) -> Mapping[ErrorKind, Callable[[], object]]:
        def create(status: int | None = None, credentials: Mapping[str, Any] = cloud.login, **more: Any) -> object:
            request = replace(bench.request(), resource=section | more)
            config = HandlerConfig(section | more, credentials, tmp_path, logging.getLogger("occopus.nova"))
            cloud.fail["POST /servers"] = [trouble(status)] if status else []
            return NovaHandler(config).create(request, lambda _: None)

        def no_room() -> object:
            """A server is made at once, and turns out to have no place."""
            cloud.flavors["huge"] = SHAPES["flavor"] | {"id": "huge", "name": "huge"}
            return bench.until_ready(bench.make_handler(), replace(bench.request(), resource=cloud.section(flavor_name="huge")))

        def over_quota() -> object:
            cloud.quota = 0
            return create()

        return {
            ErrorKind.TRANSIENT: lambda: create(503),
            ErrorKind.THROTTLED: lambda: create(429),
            ErrorKind.CREDENTIALS: lambda: create(credentials={"username": "demo", "password": "wrong"}),
            ErrorKind.INVALID: lambda: create(image_id="no-such-image"),
            ErrorKind.NO_CAPACITY: no_room,
            ErrorKind.QUOTA: over_quota,
        }

    @pytest.fixture
    def lose_reply(self, cloud: FakeOpenStack) -> LoseReply:
        return cloud.losing_reply

    @pytest.fixture
    def page_size(self, cloud: FakeOpenStack) -> int:
        cloud.page = 1
        return 1

    @pytest.fixture
    def secrets(self, cloud: FakeOpenStack) -> Sequence[str]:
        return (cloud.login["password"],)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("openstack", "keystoneauth1", "requests")


@pytest.mark.endurance  # the same once more
class TestWithVolumeAndFloatingIp(TestPlain):
    """What needs several steps."""

    @pytest.fixture
    def section(self, cloud: FakeOpenStack) -> dict[str, Any]:
        return cloud.section(floating_ip="yes", volume_size=0, volume_persist=True)

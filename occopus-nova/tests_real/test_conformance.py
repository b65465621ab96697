"""The handler keeps the contract of a resource handler against a real OpenStack."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tenant import Tenant

from occopus.plugins import ErrorKind, HandlerConfig, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.resource_suite import Bench, ResourceFixtures, ResourceHandlerSuite
from occopus.testing.resource_suite.tools import Inventory
from occopus_nova.handler import NovaHandler


class Nova(ResourceFixtures):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("nova")

    @pytest.fixture
    def section(self, tenant: Tenant) -> dict[str, Any]:
        return tenant.section(floating_ip_pool=tenant.pool, security_groups=["default"])

    @pytest.fixture
    def make_handler(self, tenant: Tenant, section: dict[str, Any], tmp_path: Path) -> Callable[[], NovaHandler]:
        config = HandlerConfig(section, tenant.auth_data, tmp_path, logging.getLogger("occopus.nova"))
        return lambda: NovaHandler(config)

    @pytest.fixture
    def context(self) -> UserData:
        return UserData("#cloud-config\nruncmd: [echo hello]\n")

    @pytest.fixture
    def inventory(self, tenant: Tenant) -> Inventory:
        return tenant.node_ids

    @pytest.fixture
    def provoke(self, bench: Bench, tenant: Tenant, section: dict[str, Any], tmp_path: Path) -> Mapping[ErrorKind, Callable[[], object]]:
        def create(credentials: Mapping[str, Any] = tenant.auth_data, **more: Any) -> object:
            request = replace(bench.request(), resource=section | more)
            config = HandlerConfig(section | more, credentials, tmp_path, logging.getLogger("occopus.nova"))
            return NovaHandler(config).create(request, lambda _: None)

        return {
            ErrorKind.CREDENTIALS: lambda: create({"username": tenant.username, "password": "wrong"}),
            ErrorKind.INVALID: lambda: create(image_id="no-such-image"),
            ErrorKind.TRANSIENT: lambda: create(endpoint="http://127.0.0.1:9"),
        }

    @pytest.fixture
    def secrets(self, tenant: Tenant) -> Sequence[str]:
        return (tenant.password,)

    @pytest.fixture
    def ready_within(self) -> float:
        return 300.0

    @pytest.fixture
    def poll_every(self) -> float:
        return 0.5

    @pytest.fixture
    def returns_within(self) -> float:
        return 60.0


class TestQuickly(Nova):
    """Those checks that a real cloud is most likely to fail; the rest of the suite takes a quarter of an hour."""

    _assert_one = ResourceHandlerSuite._assert_one

    test_create_after_a_crash_makes_one = ResourceHandlerSuite.test_create_after_a_crash_makes_one
    test_two_threads_make_one_node = ResourceHandlerSuite.test_two_threads_make_one_node
    test_found_handle_carries_the_marks = ResourceHandlerSuite.test_found_handle_carries_the_marks
    test_drop_without_ids = ResourceHandlerSuite.test_drop_without_ids
    test_errors_have_their_kind = ResourceHandlerSuite.test_errors_have_their_kind


@pytest.mark.endurance
class TestNova(Nova, ResourceHandlerSuite):
    """All of them."""

"""The CloudBroker handler keeps the contract of a resource handler, on a quick platform and on a slow one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from strict_cloudbroker import PASSWORD, THROTTLED, StrictCloudBroker, refusal

from occopus.plugins import Context, ErrorKind, ResourceHandler, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.http import Refusal
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory


class TestCloudBroker(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("cloudbroker")

    @pytest.fixture
    def make_handler(self, handler_for: Callable[..., ResourceHandler]) -> Callable[[], ResourceHandler]:
        return handler_for

    @pytest.fixture(params=["at once", "slowly"])
    def section(self, plain_section: dict[str, Any], site: StrictCloudBroker, request: pytest.FixtureRequest) -> dict[str, Any]:
        site.start_seconds = site.stop_seconds = 0.1 if request.param == "slowly" else 0.0
        return plain_section

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nruncmd:\n- echo ü\n")

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        def described(**more: Any) -> dict[str, Any]:
            return {**section, "description": {**section["description"], **more}}

        return {
            "an endpoint that is no URL": {**section, "endpoint": "platform.example.org"},
            "no deployment": {**section, "description": {"instance_type_id": "a-type"}},
            "user data": described(**{"cloud-init": "x"}),
            "a key that is no name of an element": described(**{"a key": "x"}),
            "a control character": described(note="\x07"),
        }

    @pytest.fixture
    def inventory(self, site: StrictCloudBroker) -> Inventory:
        return site.node_ids

    @pytest.fixture
    def lose_reply(self, site: StrictCloudBroker) -> LoseReply:
        return site.losing_reply

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (PASSWORD,)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("requests", "urllib3", "defusedxml")

    @pytest.fixture
    def count_calls(self, site: StrictCloudBroker) -> Callable[[], int]:
        return lambda: len(site.actions)

    @pytest.fixture
    def provoke(self, bench: Bench, handler_for: Any, site: StrictCloudBroker) -> Mapping[ErrorKind, Callable[[], object]]:
        def create(*refusals: Refusal) -> object:
            site.fail["make"] = list(refusals)
            return bench.created()

        return {
            ErrorKind.INVALID: lambda: bench.created(description={"deployment_id": "nonsense", "instance_type_id": "a-type"}),
            ErrorKind.TRANSIENT: lambda: create(refusal(500, "Oops")),
            ErrorKind.THROTTLED: lambda: create(THROTTLED),
            ErrorKind.NO_CAPACITY: lambda: create(refusal(422, "Insufficient capacity in the region")),
            ErrorKind.QUOTA: lambda: create(refusal(422, "Quota exceeded for instances")),
            ErrorKind.CREDENTIALS: lambda: handler_for("wrong").create(bench.request(), Journal()),
        }

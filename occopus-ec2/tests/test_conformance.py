"""The EC2 handler keeps the contract of a resource handler; moto alone would make two instances of one client token, the proxy does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from strict_ec2 import Error

from occopus.plugins import Context, ErrorKind, ResourceHandler, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory


class TestEc2(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("ec2")

    @pytest.fixture
    def make_handler(self, handler_for: Callable[..., ResourceHandler]) -> Callable[[], ResourceHandler]:
        return handler_for

    @pytest.fixture(params=["at once", "slowly"])
    def section(self, plain_section: dict[str, Any], ec2: Any, request: pytest.FixtureRequest) -> dict[str, Any]:
        """A cloud that does everything at once, and one whose instances take a while to end, with small pages."""
        if request.param == "slowly":
            ec2.ending_for, ec2.page = 0.2, 2
        return {**plain_section, "tags": {"project": "suite"}}

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nruncmd:\n- echo ü\n")

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "an endpoint that is no URL": {**section, "endpoint": "ec2.eu-west-1.amazonaws.com"},
            "a region that is none": {**section, "regionname": "eu_west"},
            "groups that are no list": {**section, "security_group_ids": "sg-1"},
            "a tag that belongs to Occopus": {**section, "tags": {"occopus:node_id": "x"}},
        }

    @pytest.fixture
    def inventory(self, account: Any) -> Inventory:
        return lambda: list(account.node_ids)

    @pytest.fixture
    def lose_reply(self, ec2: Any) -> LoseReply:
        return ec2.losing_reply

    @pytest.fixture
    def page_size(self, ec2: Any) -> int:
        ec2.page = 1
        return 1

    @pytest.fixture
    def secrets(self, keys: dict[str, str]) -> Sequence[str]:
        return (keys["secretkey"],)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("boto3", "botocore", "urllib3")

    @pytest.fixture
    def count_calls(self, ec2: Any) -> Callable[[], int]:
        return lambda: len(ec2.actions)

    @pytest.fixture
    def provoke(self, bench: Bench, handler_for: Any, ec2: Any) -> Mapping[ErrorKind, Callable[[], object]]:
        def wrong_image() -> object:
            request = bench.request()
            return handler_for().create(replace(request, resource={**request.resource, "image_id": "debian"}), Journal())

        def nobody_there() -> object:
            return handler_for(endpoint="http://127.0.0.1:9").describe([bench.request().handle])

        def refused(code: str, status: int = 400) -> Callable[[], object]:
            def create() -> object:
                ec2.fail["RunInstances"] = [Error(code, status=status, retry_after=7)]
                return bench.created()

            return create

        return {
            ErrorKind.INVALID: wrong_image,
            ErrorKind.TRANSIENT: nobody_there,
            ErrorKind.THROTTLED: refused("RequestLimitExceeded", 503),
            ErrorKind.NO_CAPACITY: refused("InsufficientInstanceCapacity", 500),
            ErrorKind.QUOTA: refused("InstanceLimitExceeded"),
            ErrorKind.CREDENTIALS: refused("AuthFailure", 401),
        }

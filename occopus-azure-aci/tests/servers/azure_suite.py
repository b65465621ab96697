"""What holds for both backends on Azure in the same way: each derives classes from these."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from arm_rules import Refusal
from azure_fixtures import KEYS, create, remove
from fake_arm import SECRET, FakeArm

from occopus.plugins import Context, ErrorKind, ResourceError, ResourceHandler, ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus.testing.killed_build_suite import KilledBuildSuite
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory
from occopus.testing.user import User


class FaultyArm:
    """Fixtures of the suite for those nodes that take the most requests: what else there is takes some of the same."""

    @pytest.fixture
    def lose_reply(self, arm: FakeArm) -> LoseReply:
        return arm.losing_reply

    @pytest.fixture
    def page_size(self, arm: FakeArm) -> int:
        arm.page = 1
        return 1


class AzureConformance(ResourceHandlerSuite):
    """The handler keeps the contract of a resource handler."""

    kind: str
    """Of the object that a node is."""
    refusals: ClassVar[Mapping[ErrorKind, Refusal]]
    """Answers to what makes that object, with what kind of error they are."""

    @pytest.fixture
    def spec(self, occopus_registry: Registry, plain_section: dict[str, Any]) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler(plain_section["type"])

    @pytest.fixture
    def make_handler(self, handler_for: Callable[..., ResourceHandler]) -> Callable[[], ResourceHandler]:
        return handler_for

    @pytest.fixture
    def inventory(self, arm: FakeArm) -> Inventory:
        return arm.holding

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (SECRET, "token-")

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("azure", "azure.core", "azure.identity", "msal", "requests")

    @pytest.fixture
    def count_calls(self, arm: FakeArm) -> Callable[[], int]:
        return lambda: len(arm.actions)

    @pytest.fixture
    def provoke(self, bench: Bench, handler_for: Any, arm: FakeArm) -> Mapping[ErrorKind, Callable[[], object]]:
        def refused(refusal: Refusal) -> Callable[[], object]:
            def create() -> object:
                arm.make_for = 0.0
                arm.fail[f"PUT {self.kind}"] = [refusal]
                return handler_for().create(bench.request(), Journal())

            return create

        return {
            **{kind: refused(refusal) for kind, refusal in self.refusals.items()},
            ErrorKind.THROTTLED: refused(Refusal(429, "TooManyRequests", "Slow down", retry_after="7")),
            ErrorKind.TRANSIENT: lambda: handler_for(endpoint="https://127.0.0.1:9").describe([bench.request().handle]),
            ErrorKind.CREDENTIALS: lambda: handler_for({**KEYS, "client_secret": "wrong"}).describe([bench.request().handle]),
        }


class AzureKilledBuild(KilledBuildSuite):
    """A build survives kill -9."""

    @pytest.fixture
    def user(self, home: User) -> User:
        return home

    @pytest.fixture
    def server(self, arm: FakeArm) -> FakeArm:
        arm.make_for = arm.delete_for = 0.1
        return arm

    @pytest.fixture
    def inventory(self, arm: FakeArm) -> Inventory:
        return arm.holding


class AzureHandler:
    """What a handler does in a Resource Manager like this one."""

    kind: str
    context: Context
    """Tells the node `of-the-node`."""
    secrets: tuple[str, ...]
    """What no log may say."""

    def test_what_is_somebody_elses_is_left_alone(self, handler_for: Any, request_for: Any, arm: FakeArm) -> None:
        request = request_for()
        create(handler_for(), request)
        other = replace(request_for(), machine_name=request.machine_name)
        with pytest.raises(ResourceError, match="was not made for this node") as raised:
            create(handler_for(), other)
        assert raised.value.kind is ErrorKind.INVALID
        remove(handler_for(), other.handle)
        assert arm.node_ids(self.kind) == [request.node_id]

    def test_nothing_is_repeated_by_the_sdk(self, handler_for: Any, request_for: Any, arm: FakeArm) -> None:
        arm.fail[f"PUT {self.kind}"] = [Refusal(429, "TooManyRequests", "Slow down", retry_after="7")] * 2
        with pytest.raises(ResourceError) as raised:
            create(handler_for(), request_for())
        assert (raised.value.kind, raised.value.retry_after, arm.count("PUT", self.kind)) == (ErrorKind.THROTTLED, 7.0, 1)

    def test_the_most_talkative_log_tells_no_secret(
        self, handler_for: Any, request_for: Any, arm: FakeArm, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        handler = handler_for()
        remove(handler, create(handler, request_for(self.context)))
        assert "/resourceGroups/mine" in caplog.text
        assert [secret for secret in (SECRET, "token-", "of-the-node", *self.secrets) if secret in caplog.text] == []

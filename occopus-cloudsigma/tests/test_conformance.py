"""The CloudSigma handler keeps the contract of a resource handler, on a quick site and on a slow one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from strict_cloudsigma import CONCURRENT, FULL, PASSWORD, THROTTLED, StrictCloudSigma, refusal

from occopus.plugins import Context, ErrorKind, ResourceHandler, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.http import Refusal
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite
from occopus.testing.resource_suite.replies import LoseReply
from occopus.testing.resource_suite.tools import Inventory


class TestCloudSigma(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("cloudsigma")

    @pytest.fixture
    def make_handler(self, handler_for: Callable[..., ResourceHandler]) -> Callable[[], ResourceHandler]:
        return handler_for

    @pytest.fixture(params=["at once", "slowly"])
    def section(self, plain_section: dict[str, Any], site: StrictCloudSigma, request: pytest.FixtureRequest) -> dict[str, Any]:
        """A site that does everything at once, and one that takes its time, with small pages."""
        site.clone_seconds = site.start_seconds = site.stop_seconds = site.delete_seconds = 0.0
        if request.param == "slowly":
            site.clone_seconds, site.start_seconds, site.stop_seconds, site.delete_seconds, site.page = 0.1, 0.05, 0.05, 0.1, 3
        return plain_section

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nruncmd:\n- echo ü\n")

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        def described(**more: Any) -> dict[str, Any]:
            return {**section, "description": {**section["description"], **more}}

        return {
            "an endpoint that is no URL": {**section, "endpoint": "zrh.cloudsigma.com"},
            "no cpu": {**section, "description": {"mem": 1}},
            "memory with a unit": described(mem="2 GB"),
            "keys that are no list": described(pubkeys="d7c0f1ee"),
            "drives": described(drives=[{"drive": "x"}]),
            "a long key in meta": described(meta={"x" * 33: "y"}),
            "our key in meta": described(meta={"occopus:node_id": "y"}),
            "a number in meta": described(meta={"x": 1}),
        }

    @pytest.fixture
    def inventory(self, site: StrictCloudSigma) -> Inventory:
        return site.node_ids

    @pytest.fixture
    def lose_reply(self, site: StrictCloudSigma) -> LoseReply:
        return site.losing_reply

    @pytest.fixture
    def page_size(self, site: StrictCloudSigma) -> int:
        site.page = 1
        return 1

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (PASSWORD,)

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("requests", "urllib3")

    @pytest.fixture
    def count_calls(self, site: StrictCloudSigma) -> Callable[[], int]:
        return lambda: len(site.actions)

    @pytest.fixture
    def provoke(self, bench: Bench, handler_for: Any, site: StrictCloudSigma) -> Mapping[ErrorKind, Callable[[], object]]:
        def create(*refusals: Refusal) -> object:
            site.fail["clone"] = list(refusals)
            return bench.created()

        return {
            ErrorKind.INVALID: lambda: bench.created(libdrive_id="no-such-drive"),
            ErrorKind.TRANSIENT: lambda: create(CONCURRENT),
            ErrorKind.THROTTLED: lambda: create(THROTTLED),
            ErrorKind.NO_CAPACITY: lambda: create(FULL),
            ErrorKind.QUOTA: lambda: create(refusal(402, "billing", "Not enough funds")),
            ErrorKind.CREDENTIALS: lambda: handler_for("wrong").create(bench.request(), Journal()),
        }

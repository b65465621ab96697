"""A build at CloudSigma survives kill -9."""

from __future__ import annotations

from typing import Any

import pytest
from strict_cloudsigma import StrictCloudSigma

from occopus.testing.killed_build_suite import KilledBuildSuite
from occopus.testing.resource_suite.tools import Inventory
from occopus.testing.user import User


@pytest.mark.endurance
class TestCloudSigma(KilledBuildSuite):
    requests = 24
    every = 12

    @pytest.fixture
    def user(self, home: User) -> User:
        return home

    @pytest.fixture
    def server(self, site: StrictCloudSigma) -> StrictCloudSigma:
        return site

    @pytest.fixture
    def section(self, plain_section: dict[str, Any]) -> dict[str, Any]:
        return plain_section

    @pytest.fixture
    def inventory(self, site: StrictCloudSigma) -> Inventory:
        return site.node_ids

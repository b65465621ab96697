"""A build survives `kill -9`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from occopus.testing.killed_build_suite import KilledBuildSuite

from conftest import section_at
from hetzner import Hetzner


class TestHetzner(KilledBuildSuite):
    requests = 7
    actions = ("POST servers",)

    @pytest.fixture
    def server(self, cloud: Hetzner) -> Hetzner:
        cloud.seconds = 0.0  # so that the number of requests does not depend on time
        return cloud

    @pytest.fixture
    def section(self, cloud: Hetzner) -> dict[str, Any]:
        return section_at(cloud)

    @pytest.fixture
    def inventory(self, cloud: Hetzner) -> Callable[[], Sequence[str]]:
        return cloud.node_ids

"""The service as its users meet it: the installed command as a process of its own, and, for clouds that hang or fail, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rest_world import House, Installed

from occopus.testing.cloud import Cloud


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    user = Installed(tmp_path)
    yield user
    user.end()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    if made._thread and made._thread.is_alive():
        made.close()


@pytest.fixture
def new_cloud(request: pytest.FixtureRequest) -> Callable[[str], Cloud]:
    """Clouds of this test's own, by a short name."""
    return lambda name: Cloud.at(f"{request.node.name.strip(']').replace('[', '/')}/{name}")

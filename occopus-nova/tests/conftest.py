"""What all everyday tests share: a small OpenStack of ours, and a user's directory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from fake_openstack import FakeOpenStack
from user import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.end()


@pytest.fixture
def cloud() -> Iterator[FakeOpenStack]:
    with FakeOpenStack() as cloud:
        yield cloud
        assert cloud.complaints == []

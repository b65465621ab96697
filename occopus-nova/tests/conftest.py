"""What all everyday tests share: a small OpenStack of ours, and a user."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from fake_openstack import FakeOpenStack
from nova_user import NovaUser

from occopus.testing.user import User


@pytest.fixture
def home(occopus_user: User) -> NovaUser:
    return NovaUser(**vars(occopus_user))


@pytest.fixture
def cloud() -> Iterator[FakeOpenStack]:
    with FakeOpenStack() as cloud:
        yield cloud
        assert cloud.complaints == []

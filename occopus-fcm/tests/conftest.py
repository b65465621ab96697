"""A strict FCM, and notifiers that send to it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from strict_fcm import StrictFcm

from occopus.plugins import NotifierConfig
from occopus_fcm.notifier import Fcm


@pytest.fixture(scope="session")
def _fcm() -> Iterator[StrictFcm]:
    with StrictFcm() as fcm:
        yield fcm


@pytest.fixture
def fcm(_fcm: StrictFcm) -> StrictFcm:
    """Without faults, and with nothing in it."""
    _fcm.calm()
    return _fcm


@pytest.fixture
def notifier_for(fcm: StrictFcm) -> Callable[..., Fcm]:
    """Fresh notifiers; changes of the service account by name."""

    def make(section: dict[str, Any], *, may_reach: Any = None, **changes: str) -> Fcm:
        credentials = {"service_account": json.dumps({**fcm.service_account, **changes}), "endpoint": fcm.url}
        return Fcm(NotifierConfig(section, credentials, logging.getLogger("occopus.fcm")))

    return make

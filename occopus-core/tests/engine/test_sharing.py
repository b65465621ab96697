"""Handlers that many passes share."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from occopus.credentials import Credentials
from occopus.engine.sharing import DeferredBackends, SharedBackends
from occopus.errors import MissingPlugin
from occopus.plugins.registry import Package as Offering
from occopus.plugins.registry import Plugin, Registry
from occopus.plugins.resource import ErrorKind, HandlerConfig, ResourceError, ResourceHandlerSpec

SECTION = {"type": "slow", "endpoint": "here"}
MADE: list[HandlerConfig] = []


class Slow:
    """Made slowly, once for each endpoint."""

    def __init__(self, config: HandlerConfig) -> None:
        MADE.append(config)
        if config.section["endpoint"] == "hangs":
            HANG.wait(60)

    def describe(self, handles: Any) -> str:
        return f"asked for {handles}"

    def drop(self, handle: Any) -> None:
        raise ResourceError(ErrorKind.THROTTLED, "slowly")


HANG = threading.Event()
DOUBLES = "occopus_sharing_doubles"
"""What the handler is loaded from: this very module, whose own name is no identifier."""
sys.modules[DOUBLES] = sys.modules[__name__]


def backends(calls: list[Any], handler: str = f"{DOUBLES}:Slow") -> DeferredBackends:
    spec = ResourceHandlerSpec("slow", handler, {})
    registry = Registry({("resource handler", "slow"): Plugin("resource handler", "slow", spec, Offering("slow", "1"))})
    return DeferredBackends(registry, Credentials(), Path(), called=lambda *call: calls.append(call))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    MADE.clear()
    HANG.clear()


def test_a_handler_is_made_at_its_first_call_and_once() -> None:
    calls: list[Any] = []
    shared = backends(calls)
    handler = shared.handler(SECTION)
    assert handler is shared.handler({**SECTION, "other": 1}), "one for each endpoint"
    assert MADE == []
    assert handler.describe(["a"]) == "asked for ['a']"
    assert handler.describe([]) == "asked for []"
    assert len(MADE) == 1
    assert [(type, method, error) for type, method, _, error in calls] == [("slow", "describe", None)] * 2


def test_errors_are_told_and_raised() -> None:
    calls: list[Any] = []
    with pytest.raises(ResourceError, match="slowly"):
        backends(calls).handler(SECTION).drop(None)
    assert calls[0][3].kind is ErrorKind.THROTTLED
    broken = backends(calls, "no_such_module:Handler").handler(SECTION)
    with pytest.raises(MissingPlugin, match="can't be loaded"):
        broken.describe([])


def test_one_that_hangs_in_the_making_holds_up_only_its_own_endpoint() -> None:
    shared = backends([])
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(shared.handler({**SECTION, "endpoint": "hangs"}).describe, ["x"])
        try:
            assert shared.handler(SECTION).describe([]) == "asked for []"
            assert not stuck.done()
        finally:
            HANG.set()
        assert stuck.result(60) == "asked for ['x']"


def test_backends_are_made_anew_after_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedBackends(lambda: backends([]))
    first = shared()
    assert shared() is first
    monkeypatch.setattr("occopus.engine.sharing.LIFETIME", -1.0)
    assert shared() is not first

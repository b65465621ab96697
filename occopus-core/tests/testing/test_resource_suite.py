"""The conformance suite of resource handlers does its work: a good backend passes, and each check has a bad one that it catches."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "resource_backends"))  # pytest puts no folder there by itself

from bad_ones import BAD, Bad
from yard import PASSWORD, README, SPEC, STATUSES, Refused, Yard, YardHandler

from occopus.plugins import ErrorKind, HandlerConfig, ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus.testing.contract import checks_of, unwritten
from occopus.testing.resource_suite import Bench, Journal, ResourceHandlerSuite

SECTION = {"type": "yard", "endpoint": "here", "size": 5}


def made(kind: type[YardHandler], yard: Yard, folder: Path, password: str = PASSWORD) -> YardHandler:
    return kind(HandlerConfig(SECTION, {"password": password}, folder, logging.getLogger("yard")), yard)


def causes(kind: type[YardHandler], yard: Yard, bench: Bench, folder: Path) -> Mapping[ErrorKind, Callable[[], object]]:
    def refused(status: int) -> object:
        yard.refuses = Refused(status, retry_after=7.0)
        try:
            return bench.created()
        finally:
            yard.refuses = None

    wrong = lambda: made(kind, yard, folder, "a-wrong-word-for-the-yard").create(bench.request(), Journal())  # noqa: E731
    return {each: lambda status=status: refused(status) for each, status in STATUSES.items()} | {ErrorKind.CREDENTIALS: wrong}


class TestYard(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self) -> ResourceHandlerSpec:
        return SPEC

    @pytest.fixture
    def yard(self) -> Yard:
        return Yard()

    @pytest.fixture
    def make_handler(self, yard: Yard, tmp_path: Path) -> Callable[[], YardHandler]:
        return lambda: made(YardHandler, yard, tmp_path)

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return dict(SECTION)

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        return {"a text for a size": {**SECTION, "size": "big"}, "more than there is": {**SECTION, "size": 1000}}

    @pytest.fixture
    def inventory(self, yard: Yard) -> Callable[[], Sequence[str]]:
        return yard.held

    @pytest.fixture
    def provoke(self, yard: Yard, bench: Bench, tmp_path: Path) -> Mapping[ErrorKind, Callable[[], object]]:
        return causes(YardHandler, yard, bench, tmp_path)

    @pytest.fixture
    def lose_reply(self, yard: Yard) -> object:
        return yard.losing_reply

    @pytest.fixture
    def page_size(self, yard: Yard) -> int:
        yard.page = 2
        return 2

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (PASSWORD, "a-wrong-word-for-the-yard")

    @pytest.fixture
    def count_calls(self, yard: Yard) -> Callable[[], int]:
        return lambda: yard.answered

    @pytest.fixture
    def readme(self) -> str:
        return README


def test_every_check_says_where_it_is_written() -> None:
    assert list(unwritten(ResourceHandlerSuite)) == []


def test_every_check_has_a_bad_backend() -> None:
    checks = checks_of(ResourceHandlerSuite)
    assert sorted(checks) == sorted({f"test_{bad.check}" for bad in BAD})
    assert len(checks) >= 60


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_backend_is_caught(
    bad: Bad, tmp_path: Path, caplog: pytest.LogCaptureFixture, occopus_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "resource_backends"))  # for the processes that the suite starts
    yard = Yard()
    handler = bad.handler()
    bench = Bench(lambda: made(handler, yard, tmp_path), dict(SECTION), None, within=0.2, poll_every=0.005)
    given: dict[str, Any] = {
        "spec": replace(SPEC, **bad.spec),
        "section": dict(SECTION),
        "invalid_sections": {"more than there is": {**SECTION, "size": 1000}},
        "readme": README,
        "heavy_modules": (),
        "bench": bench,
        "make_handler": bench.make_handler,
        "inventory": yard.held,
        "provoke": causes(handler, yard, bench, tmp_path),
        "lose_reply": yard.losing_reply,
        "page_size": 2,
        "secrets": (PASSWORD, "a-wrong-word-for-the-yard"),
        "count_calls": lambda: yard.answered,
        "returns_within": 0.1,
        "stores_first": False,
        "occopus_registry": occopus_registry,
        "caplog": caplog,
    }
    yard.page = 2 if "page" in bad.check else 1000
    check = getattr(ResourceHandlerSuite(), f"test_{bad.check}")
    asked = inspect.signature(check).parameters
    with pytest.raises((AssertionError, pytest.fail.Exception), match=bad.words):
        check(**{name: {**given, **bad.given}[name] for name in asked})
    with suppress(Exception):
        yard.things.clear()

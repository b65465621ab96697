"""What programs catch and are told: exceptions with all that they follow from, warnings, news, reports and plans."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from plantation import found_in

from occopus.engine.services import Watcher
from occopus.errors import Interrupted, OccopusError
from occopus.manager import InfrastructureManager


class Program:
    """Uses Occopus, and writes down all it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.watcher = Watcher(event=self.hear, waiting=lambda id, reason: self.hear(reason))
        self.manager = InfrastructureManager.open(warn=self.hear)

    def hear(self, what: object) -> None:
        self.heard += [str(what), repr(what)]

    def described(self) -> Any:
        description = self.manager.read(["infra.yaml", "nodes.yaml"])
        for warning in description.warnings:
            self.hear(warning)
        return description.infrastructure


def everything_in(error: BaseException) -> Iterator[str]:
    yield from traceback.format_exception(error)  # with its causes
    seen = set()
    while error and id(error) not in seen:
        seen.add(id(error))
        yield from (str(error), repr(error), *map(repr, error.args))
        yield str(getattr(error, "hint", ""))
        yield from map(str, getattr(error, "faults", ()))
        error = error.__cause__ or error.__context__  # type: ignore[assignment]  # None ends it


@pytest.mark.parametrize("fault", ["create", "create-bug", "create-credentials", "describe", "describe-bug"])
def test_exceptions_of_building(here: Any, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    program = Program()
    infrastructure = program.described()
    monkeypatch.setenv("LEAKY", fault)
    with pytest.raises(OccopusError) as caught:
        program.manager.build(infrastructure, watcher=program.watcher)
    shown = "".join(everything_in(caught.value))
    assert "refused" in shown
    assert found_in(shown) == []
    assert found_in("".join(program.heard)) == []
    monkeypatch.setenv("LEAKY", "")
    for record in program.manager.list():
        program.manager.destroy(record.infra_id)
    here.assert_clean()


@pytest.mark.parametrize("fault", ["describe-bug", "describe", "detail", "drop", "drop-bug"])
def test_looking_and_removing(here: Any, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    program = Program()
    infra_id = program.manager.build(program.described(), watcher=program.watcher).instances[0].infra_id
    monkeypatch.setenv("LEAKY", fault)
    later = Program()  # another process, that has read no file
    for door in (later.manager.report, lambda id: later.manager.plan(None, id), later.manager.maintain, later.manager.destroy):
        if door == later.manager.destroy and not fault.startswith("drop"):
            continue
        try:
            found = door(infra_id)
            later.hear([each.reason for each in found[1]] if isinstance(found, tuple) else getattr(found, "steps", ""))
        except Exception as error:  # whatever comes out
            later.heard += everything_in(error)
    assert found_in("".join([*program.heard, *later.heard])) == []
    monkeypatch.setenv("LEAKY", "")
    later.manager.destroy(infra_id)
    here.assert_clean()


def test_news_of_waiting(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program()
    infrastructure = program.described()
    monkeypatch.setenv("LEAKY", "create-transient")

    def stop_when_it_tries_again(id: object, reason: str) -> None:
        if "trying again" in reason and not any("trying again" in heard for heard in program.heard):
            os.kill(os.getpid(), signal.SIGINT)
        program.hear(reason)

    program.heard.clear()
    with pytest.raises(Interrupted):
        program.manager.build(infrastructure, watcher=Watcher(waiting=stop_when_it_tries_again))
    told = "".join(program.heard)
    assert "trying again" in told
    assert found_in(told) == []
    here.assert_clean()


def test_a_description_with_faults(here: Any) -> None:
    here.write("infra.yaml", (here.path / "infra.yaml").read_text().replace("type: container}", "tpe: container}"))
    program = Program()
    with pytest.raises(OccopusError) as caught:
        program.described()
    assert "tpe" in str(caught.value)
    assert found_in("".join(everything_in(caught.value))) == []

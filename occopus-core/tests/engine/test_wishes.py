"""What users ask of a service is in the store before they get an answer; `carry_on` carries it out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from occopus.engine.wishes import BeingDestroyed, attach, detach, wish_change, wish_new, wish_removal
from occopus.errors import InfrastructureNotFound, Interrupted, StepsFailed, VersionConflict
from occopus.model.attachment import Attachment
from occopus.model.infrastructure import InfraId
from occopus.store.base import Change, Lease
from occopus.store.memory import MemoryStore
from occopus.store.records import is_attached, load_attachments, load_infra, load_owner, put_infra

INFRA = InfraId("infra-1")
ANN = Attachment(INFRA, "ann")


def test_a_wish_for_a_new_one_is_carried_out_by_the_next_pass(bench: Any) -> None:
    wish_new(bench.store, ANN, bench.infra("db", "web", depends=["web>db"]), 7.0)
    record = load_infra(bench.store, INFRA).value
    assert (record.changing, record.former, record.created_at) == (True, None, 7.0)
    assert load_attachments(bench.store) == [ANN]
    bench.carry_on()
    assert [thing.handle.node_name for thing in bench.cloud.made] == ["db", "web"]
    assert not load_infra(bench.store, INFRA).value.changing
    assert [kind for kind, _ in bench.story] == ["build-started", "creating", "ready", "creating", "ready", "built"]


def test_a_wish_takes_no_place_that_is_taken(bench: Any) -> None:
    wish_new(bench.store, ANN, bench.infra("db"), 0.0)
    with pytest.raises(VersionConflict):
        wish_new(bench.store, Attachment(INFRA, "bob"), bench.infra("web"), 0.0)
    assert load_owner(bench.store, INFRA) == "ann"


def test_a_build_that_fails_is_undone_and_kept_no_longer(bench: Any) -> None:
    bench.cloud.dead.add("web")
    wish_new(bench.store, ANN, bench.infra("db", "web", depends=["web>db"]), 0.0)
    with pytest.raises(StepsFailed):
        bench.carry_on()
    assert bench.cloud.things == []
    with pytest.raises(InfrastructureNotFound):
        load_infra(bench.store, INFRA)
    assert not is_attached(bench.store, INFRA)
    assert load_owner(bench.store, INFRA) == "ann", "whose events may read them"


def test_a_build_that_is_stopped_goes_on_later(bench: Any) -> None:
    wish_new(bench.store, ANN, bench.infra("db"), 0.0)
    with pytest.raises(Interrupted):
        bench.carry_on(stop_when=lambda: True)
    assert load_infra(bench.store, INFRA).value.changing
    bench.carry_on()
    assert len(bench.cloud.things) == 1


def test_a_change_goes_back_to_what_was_before_the_first_of_several(bench: Any) -> None:
    first = bench.infra("db")
    wish_new(bench.store, ANN, first, 0.0)
    bench.carry_on()
    for nodes in (["db", "a"], ["db", "b"]):
        wish_change(bench.store, ANN, bench.infra(*nodes), 0.0)
    assert load_infra(bench.store, INFRA).value.former == first.source
    bench.cloud.dead.add("b")
    with pytest.raises(StepsFailed):
        bench.carry_on()
    assert load_infra(bench.store, INFRA).value.desired == first.source
    assert [thing.handle.node_name for thing in bench.cloud.things] == ["db"]


def test_a_removal_is_wished_for_once_and_ends_everything_else(bench: Any) -> None:
    wish_new(bench.store, ANN, bench.infra("db"), 0.0)
    bench.carry_on()
    detach(bench.store, INFRA, 0.0)
    wish_removal(bench.store, ANN, 0.0)
    wish_removal(bench.store, ANN, 0.0)
    assert is_attached(bench.store, INFRA), "else nobody would carry it out"
    for wish in (
        lambda: wish_change(bench.store, ANN, bench.infra("web"), 0.0),
        lambda: detach(bench.store, INFRA, 0.0),
    ):
        with pytest.raises(BeingDestroyed):
            wish()
    outcome = bench.carry_on()
    assert not outcome.exists
    assert [kind for kind, _ in bench.story].count("destroy-started") == 1
    assert load_attachments(bench.store) == []


@pytest.mark.parametrize("ask", [wish_removal, attach])
def test_what_is_not_there_takes_no_wishes(bench: Any, ask: Any) -> None:
    with pytest.raises(InfrastructureNotFound):
        ask(bench.store, ANN, 0.0)
    assert load_attachments(bench.store) == []


def test_who_attaches_what_somebody_else_has_does_not_take_it_over(bench: Any) -> None:
    wish_new(bench.store, ANN, bench.infra("db"), 0.0)
    attach(bench.store, Attachment(INFRA, "root"), 0.0)
    assert load_attachments(bench.store) == [ANN]


class Contended(MemoryStore):
    """Somebody else writes the infrastructure's record before each of the next writes."""

    busy = 0

    def write(self, changes: Any, lease: Lease | None = None) -> None:
        if self.busy:
            self.busy -= 1
            known = load_infra(self, INFRA)
            other: list[Change] = [put_infra(replace(known.value, targets={"db": known.version}), known.version)]
            super().write(other)
        super().write(changes, lease)


def test_a_wish_waits_for_a_moment_between_the_writes_of_a_pass(bench: Any) -> None:
    store = Contended()
    wish_new(store, ANN, bench.infra("db"), 0.0)
    store.busy = 5
    wish_removal(store, ANN, 0.0)
    record = load_infra(store, INFRA).value
    assert record.desired is None
    assert record.targets, "what was written in between is kept"
    wish_new(other := Contended(), ANN, bench.infra("db"), 0.0)
    other.busy = 1000
    with pytest.raises(VersionConflict):
        wish_removal(other, ANN, 0.0)

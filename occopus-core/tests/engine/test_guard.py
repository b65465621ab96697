"""The guard: an orchestrator that is cut off does not destroy a healthy cluster."""

from __future__ import annotations

from typing import Any

import pytest

from occopus.model.instance import NodeState
from occopus.model.plan import Action

LIMIT = 60


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def built(bench: Any, number: int) -> list[str]:
    """The ids of so many instances, all of them checked."""
    bench.build(bench.infra({"name": "db", "scaling": {"min": number, "max": number + 3}}, db=[bench.checked(timeout=LIMIT)]))
    ids: list[str] = bench.ids("db")
    return ids


def fall_ill(bench: Any, *node_ids: str, wait: float = LIMIT + 1) -> None:
    """Their checks fail, and have failed for so long when it returns."""
    bench.sick.update(dict.fromkeys(node_ids, "no answer"))
    bench.maintain()
    bench.clock.now += wait


def replaced(bench: Any, node_ids: list[str]) -> set[int]:
    """The places of those that are no longer there."""
    return {place for place, node_id in enumerate(node_ids) if node_id not in bench.ids("db")}


@pytest.mark.parametrize(
    ("number", "ill", "expected"),
    [
        (2, 2, {0, 1}),  # fewer than three may well fail at once
        (3, 2, {0, 1}),
        (6, 3, {0, 1, 2}),  # just half of them
        (5, 3, set()),
        (3, 3, set()),
        (7, 4, set()),
        (8, 4, {0, 1, 2, 3}),
    ],
)
def test_at_least_three_and_more_than_half_at_once_are_not_replaced(bench: Any, number: int, ill: int, expected: set[int]) -> None:
    ids = built(bench, number)
    fall_ill(bench, *ids[:ill])
    bench.maintain()
    assert replaced(bench, ids) == expected


@pytest.mark.parametrize("state", [NodeState.FAILED, NodeState.SHUTDOWN])
def test_what_the_backend_reports_is_replaced_however_many_they_are(bench: Any, state: NodeState) -> None:
    ids = built(bench, 4)
    for node_id in ids:
        bench.report_as(node_id, state)
    bench.maintain()
    assert replaced(bench, ids) == {0, 1, 2, 3}
    assert bench.machines == ["db"] * 4


def test_all_that_are_gone_are_replaced(bench: Any) -> None:
    ids = built(bench, 5)
    bench.cloud.things.clear()
    bench.maintain()
    assert replaced(bench, ids) == set(range(5))


class TestSpared:
    @pytest.fixture
    def ids(self, bench: Any) -> list[str]:
        """Five, of which the first three have been unhealthy for too long."""
        ids = built(bench, 5)
        fall_ill(bench, *ids[:3])
        return ids

    WHY = "the health checks of 3 of 5 instances fail at once while their backends report them as running"

    def test_warnings_and_reasons_say_why(self, bench: Any, ids: list[str]) -> None:
        warning = f"3 instances have failed and are not replaced: {self.WHY}; --force-replace replaces them"
        assert bench.plan().warnings == (warning,)
        outcome = bench.maintain()
        assert outcome.warnings == (warning,)
        failed = [each for each in outcome.instances if each.state is NodeState.FAILED]
        assert [each.node_id for each in failed] == ids[:3]
        words = f"unhealthy for more than 60 s: fit: no answer; not replaced: {self.WHY}"
        assert {each.reason for each in failed} == {words}
        assert {each.reason for each in bench.report()[1] if each.node_id in ids[:3]} == {words}
        assert [(event.node_id, event.message) for event in bench.events("failed")] == [(node_id, words) for node_id in ids[:3]]

    def test_later_passes_write_nothing_and_go_on_checking(self, bench: Any, ids: list[str]) -> None:
        bench.maintain()
        bench.store.batches.clear()
        for _ in range(3):
            bench.clock.now += 100
            assert bench.maintain().done == []
        assert bench.store.batches == []
        bench.sick.clear()
        bench.maintain()
        assert {each.state for each in bench.of("db")} == {NodeState.READY}
        assert {each.failing_since for each in bench.of("db")} == {None}
        assert bench.ids("db") == ids

    def test_those_that_are_left_are_replaced_when_enough_of_them_have_recovered(self, bench: Any, ids: list[str]) -> None:
        bench.maintain()
        del bench.sick[ids[0]]
        bench.maintain()
        assert replaced(bench, ids) == {1, 2}

    def test_force_replace_replaces_them(self, bench: Any, ids: list[str]) -> None:
        assert bench.plan(force_replace=True).counts == {Action.DROP: 3, Action.CREATE: 3}
        outcome = bench.maintain(force_replace=True)
        assert outcome.warnings == ()
        assert replaced(bench, ids) == {0, 1, 2}
        assert "not replaced" not in "".join(each.origin + each.reason for each in bench.instances)

    def test_force_replace_replaces_them_also_when_a_pass_has_spared_them_before(self, bench: Any, ids: list[str]) -> None:
        bench.maintain()
        bench.maintain(force_replace=True)
        assert replaced(bench, ids) == {0, 1, 2}
        assert "not replaced" not in "".join(each.origin for each in bench.instances)

    def test_one_more_that_is_really_gone_is_replaced_in_the_same_pass(self, bench: Any, ids: list[str]) -> None:
        bench.vanish(ids[4])
        outcome = bench.maintain()
        assert replaced(bench, ids) == {4}
        assert bench.machines == ["db"] * 5
        assert len(outcome.warnings) == 1

    def test_those_whose_backend_reports_them_as_dead_do_not_count_as_unhealthy(self, bench: Any, ids: list[str]) -> None:
        """Two of five are unhealthy then, and all three go."""
        bench.vanish(ids[0])
        bench.maintain()
        assert replaced(bench, ids) == {0, 1, 2}

    def test_more_can_be_made_meanwhile(self, bench: Any, ids: list[str]) -> None:
        bench.scale("db", change=3)
        bench.sick[ids[3]] = "no answer"
        bench.maintain()
        assert len(bench.of("db")) == 8

    def test_they_can_be_destroyed(self, bench: Any, ids: list[str]) -> None:
        bench.destroy()
        assert bench.is_clean


def test_those_that_fail_only_for_a_short_time_count_too(bench: Any) -> None:
    """One has failed for too long, and two more begin to: something has happened to all of them."""
    ids = built(bench, 5)
    fall_ill(bench, ids[0], wait=LIMIT - 10)
    fall_ill(bench, ids[1], ids[2], wait=20)
    bench.maintain()
    assert replaced(bench, ids) == set()
    assert bench.of("db")[0].state is NodeState.FAILED


def test_nodes_are_counted_together(bench: Any) -> None:
    check = bench.checked(timeout=LIMIT)
    bench.build(bench.infra(*(f"n{number}" for number in range(5)), **{f"n{number}": [check] for number in range(5)}))
    bench.sick.update({f"n{number}": "no answer" for number in range(3)})
    bench.maintain()
    bench.clock.now += LIMIT + 1
    assert bench.maintain().done == []
    assert bench.maintain(force_replace=False).warnings != ()

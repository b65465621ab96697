"""A plan's token: with it just that plan is carried out, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from occopus.errors import StalePlan, UsageError
from occopus.model.plan import Action
from occopus.schema.infrastructure import compile_source


@pytest.fixture
def bench(virtual_bench: Any) -> Any:
    return virtual_bench


def described(bench: Any, number: int, *more: str) -> Any:
    flavours = [bench.implementation(flavour) for flavour in ("a", "b", "c", "d")]
    return bench.infra({"name": "db", "scaling": {"min": number, "max": 20}}, *more, db=flavours)


def cloud(bench: Any) -> list[tuple[str, str]]:
    return [(thing.id, thing.flavour) for thing in bench.cloud.things]


def test_just_what_was_shown_is_done(bench: Any) -> None:
    bench.build(described(bench, 2))
    wanted = described(bench, 10, "app")
    planned = bench.plan(wanted)
    before = set(bench.ids("db"))
    bench.build(wanted, exactly=planned.token)
    created = {step.node_id: step.implementation for step in planned.visible if step.action is Action.CREATE}
    assert {each.node_id: each.implementation for each in bench.instances if each.node_id not in before} == created
    assert len(set(created.values())) > 1


def test_it_holds_with_requests_that_were_there_when_it_was_made(bench: Any) -> None:
    bench.build(described(bench, 2))
    bench.scale("db", change=3)
    (named, _) = bench.ids("db")
    bench.scale("db", leaving=named)
    wanted = described(bench, 2)
    planned = bench.plan(wanted)
    bench.build(wanted, exactly=planned.token)
    assert {step.node_id for step in planned.visible if step.action is Action.CREATE} <= set(bench.ids("db"))
    assert (len(bench.of("db")), named in bench.ids("db")) == (4, False)


def test_each_plan_has_a_token_of_its_own(bench: Any) -> None:
    bench.build(described(bench, 2))
    wanted = described(bench, 3)
    tokens = {bench.plan(wanted).token for _ in range(5)}
    assert len(tokens) == 5
    bench.build(wanted, exactly=tokens.pop())
    for token in tokens:
        with pytest.raises(StalePlan):
            bench.build(wanted, exactly=token)


def test_a_plan_that_is_not_for_a_build_has_none(bench: Any) -> None:
    bench.build(described(bench, 2))
    assert bench.plan().token == ""


def a_request(bench: Any) -> None:
    bench.scale("db", change=1)


def a_named_instance(bench: Any) -> None:
    bench.scale("db", target=3)
    bench.maintain()
    bench.scale("db", leaving=bench.ids("db")[0])


def another_build(bench: Any) -> None:
    bench.build(described(bench, 2, "other"))


def a_build_that_changes_nothing(bench: Any) -> None:
    bench.build(described(bench, 2))


def a_dead_instance(bench: Any) -> None:
    bench.vanish(bench.ids("db")[0])


@pytest.mark.parametrize("event", [a_request, a_named_instance, another_build, a_build_that_changes_nothing, a_dead_instance])
def test_it_is_refused_when_something_happened_and_nothing_is_changed(bench: Any, event: Callable[[Any], None]) -> None:
    bench.build(described(bench, 2))
    wanted = described(bench, 4)
    planned = bench.plan(wanted)
    event(bench)
    before = bench.dump, cloud(bench)
    with pytest.raises(StalePlan, match="has changed since this plan was made"):
        bench.build(wanted, exactly=planned.token)
    assert cloud(bench) == before[1]
    assert bench.dump == before[0]


def test_it_is_refused_when_the_description_was_edited(bench: Any) -> None:
    bench.build(described(bench, 2))
    planned = bench.plan(described(bench, 4))
    before = bench.dump, cloud(bench)
    same_steps = described(bench, 4).source | {"user_id": "somebody else"}
    for edited in (described(bench, 5), described(bench, 4, "app"), compile_source(same_steps, bench.composition)):
        with pytest.raises(StalePlan):
            bench.build(edited, exactly=planned.token)
    assert (bench.dump, cloud(bench)) == before


def test_it_is_good_once(bench: Any) -> None:
    bench.build(described(bench, 2))
    wanted = described(bench, 2)
    planned = bench.plan(wanted)
    assert planned.is_empty
    bench.build(wanted, exactly=planned.token)
    before = bench.dump
    with pytest.raises(StalePlan):
        bench.build(wanted, exactly=planned.token)
    assert bench.dump == before


def test_a_request_that_comes_to_nothing_does_not_make_it_stale(bench: Any) -> None:
    bench.build(described(bench, 2))
    wanted = described(bench, 4)
    planned = bench.plan(wanted)
    bench.scale("db", change=-1)
    bench.build(wanted, exactly=planned.token)
    assert len(bench.of("db")) == 4


@pytest.mark.parametrize("text", ["", "nonsense", "0123456789abcdef", "0123456789abcdef-", "x-y", "0123456789abcdef-0123456789abcdef0"])
def test_what_is_none_is_bad_usage(bench: Any, text: str) -> None:
    bench.build(described(bench, 2))
    before = bench.dump, cloud(bench)
    with pytest.raises(UsageError, match="is not the token of a plan"):
        bench.build(described(bench, 4), exactly=text)
    assert (bench.dump, cloud(bench)) == before

"""kill -9 at each request that a build of two nodes, and its removal, make of the Chef server: nothing is made twice, nothing is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from occopus.testing.killing import run_until_killed
from occopus.testing.sampling import sampled
from occopus.testing.user import User

pytestmark = pytest.mark.endurance

INFRA = """
infra_name: killed
user_id: me
nodes:
- {name: db, type: base}
- {name: web, type: base}
dependencies:
- connection: [web, db]
  mappings: [[fqdn, site.database]]
"""
BUILDING = 16
"""As many requests as a build makes, and some that only look."""
REMOVING = 9


def moments(requests: int) -> list[Any]:
    """Before and after the effect of one in four requests; with `OCCOPUS_STRIDE=1` of each."""
    numbers = sampled(range(requests), every=8)
    return [pytest.param(n, before, id=f"{n}-{'before' if before else 'after'}") for n in numbers for before in (True, False)]


@pytest.fixture
def build(user: User, nodes: tuple[str, Path]) -> tuple[str | Path, ...]:
    return "occopus-build", user.write("infra.yaml", INFRA), *nodes


@pytest.mark.parametrize(("number", "before"), moments(BUILDING))
def test_a_build_is_killed(user: User, build: Any, line: Any, admin: Any, left: Any, number: int, before: bool) -> None:
    run_until_killed(user, line, number, before=before, command=build)
    infras = user.infras
    if infras and number % 2:
        user.run("occopus-maintain", "-i", *infras)
        (db,), (web,) = user.report(infras[0], "db"), user.report(infras[0], "web")
        assert left() == {
            "environments": infras,
            "roles": [f"{infras[0]}_db", f"{infras[0]}_web"],
            "nodes": sorted([db, web]),
            "clients": sorted([db, web]),
        }
        assert admin.get("nodes", web)["normal"]["site"]["database"] == admin.get("nodes", db)["automatic"]["fqdn"]
    for infra_id in infras:
        user.run("occopus-destroy", "-i", infra_id)
    assert (left(), user.infras) == ({}, [])


@pytest.mark.parametrize(("number", "before"), moments(REMOVING))
def test_a_removal_is_killed(user: User, build: Any, line: Any, left: Any, number: int, before: bool) -> None:
    infra_id = user.run(*map(str, build)).stdout.strip()
    line.calm()
    run_until_killed(user, line, number, before=before, command=("occopus-destroy", "-i", infra_id))
    for each in user.infras:
        user.run("occopus-destroy", "-i", each)
    assert (left(), user.infras) == ({}, [])

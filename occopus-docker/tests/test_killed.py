"""kill -9 at random moments of building twelve containers, through a proxy that loses replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from occopus.testing.killing import assert_the_next_pass_mends, kill_at_some_moment
from occopus.testing.sampling import sampled
from occopus.testing.user import User

from .test_commands import PLAIN

MACHINES = 12
ROUNDS = 20
"""With `OCCOPUS_STRIDE=1`; else one in three."""

INFRA = f"""
infra_name: killed
user_id: me
nodes:
- {{name: base, type: plain}}
- {{name: worker, type: plain, scaling: {{min: {MACHINES - 1}}}}}
"""


@pytest.fixture
def build(home: User, proxy: Any, inside: Any) -> list[str | Path]:
    proxy.lose["POST /containers/create"] = 1
    proxy.lose["POST /containers/*/start"] = 1
    return ["occopus-build", home.write("infra.yaml", INFRA), "--nodes", home.write("nodes.yaml", PLAIN.format(url=proxy.url))]


@pytest.mark.endurance
@pytest.mark.parametrize("round", sampled(range(1, ROUNDS + 1), every=7))
def test_after_the_next_pass_there_is_exactly_what_is_wanted(home: User, proxy: Any, inside: Any, build: Any, round: int) -> None:
    process = home.start(*build, "--parallelism", "4")
    kill_at_some_moment(process, lambda: proxy.actions.count("POST /containers/create"), MACHINES, seed=round)
    assert_the_next_pass_mends(home, build, lambda: inside.node_ids, {"base": 1, "worker": MACHINES - 1}, seed=round)

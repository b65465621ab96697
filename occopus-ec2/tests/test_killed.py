"""kill -9 at random moments of building twenty machines, on a cloud that loses replies, throttles and is slow to show what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from occopus.testing.killing import assert_the_next_pass_mends, kill_at_some_moment
from occopus.testing.sampling import sampled
from occopus.testing.user import User

from .conftest import PLAIN

MACHINES = 20
ROUNDS = 20
"""With `OCCOPUS_STRIDE=1`; else one in four."""

INFRA = f"""
infra_name: killed
user_id: me
nodes:
- {{name: base, type: plain}}
- {{name: worker, type: plain, scaling: {{min: {MACHINES - 1}}}}}
"""


@pytest.fixture
def build(home: User, ec2: Any, request: pytest.FixtureRequest) -> list[str | Path]:
    """The command, in the weather of this round."""
    ec2.calm(seed=request.node.callspec.params["round"])
    ec2.lost_share, ec2.throttled_share, ec2.hidden_for, ec2.ending_for, ec2.page = 0.05, 0.05, 1.0, 0.3, 8
    return ["occopus-build", home.write("infra.yaml", INFRA), "--nodes", home.write("nodes.yaml", PLAIN.format(url=ec2.url))]


@pytest.mark.endurance
@pytest.mark.parametrize("round", sampled(range(1, ROUNDS + 1), every=7))
def test_after_the_next_pass_there_is_exactly_what_is_wanted(home: User, ec2: Any, account: Any, build: Any, round: int) -> None:
    process = home.start(*build, "--parallelism", "4")
    kill_at_some_moment(process, lambda: ec2.actions.count("RunInstances"), MACHINES, seed=round)
    assert_the_next_pass_mends(home, build, lambda: account.node_ids, {"base": 1, "worker": MACHINES - 1}, seed=round)

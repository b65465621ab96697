"""kill -9 at random moments of building twenty machines, on a cloud that loses replies, throttles and is slow to show what it made."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import PLAIN, until

MACHINES = 20
ROUNDS = 20
DESTROYS = 1
"""The round in which everything is removed. It takes a minute: so long EC2 may not show what a call made that nobody heard the end of."""

INFRA = f"""
infra_name: killed
user_id: me
nodes:
- {{name: base, type: plain}}
- {{name: worker, type: plain, scaling: {{min: {MACHINES - 1}}}}}
"""


@pytest.fixture
def build(home: Any, ec2: Any, request: pytest.FixtureRequest) -> list[str | Path]:
    """The command, in the weather of this round."""
    ec2.calm(seed=request.node.callspec.params["round"])
    ec2.lost_share, ec2.throttled_share, ec2.hidden_for, ec2.ending_for, ec2.page = 0.05, 0.05, 1.0, 0.3, 8
    return ["occopus-build", home.write("infra.yaml", INFRA), "--nodes", home.write("nodes.yaml", PLAIN.format(url=ec2.url))]


def kill_at_some_moment(process: Any, ec2: Any, round: int) -> None:
    """After so many calls and a moment more, which may be when the build is done already."""
    chance = random.Random(round)
    calls = chance.randint(0, MACHINES)
    until(lambda: process.poll() is not None or ec2.actions["RunInstances"] >= calls, "the call")
    time.sleep(chance.random() ** 3)  # not to wait for anything: the moment is what varies
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.endurance
@pytest.mark.parametrize("round", range(ROUNDS))
def test_after_the_next_pass_there_is_exactly_what_is_wanted(home: Any, ec2: Any, account: Any, build: Any, round: int) -> None:
    kill_at_some_moment(home.start(*build, "--parallelism", "4"), ec2, round)
    infras = home.infras
    if not infras:
        assert account.instances == []
        return
    if round == DESTROYS:
        home.run("occopus-destroy", "--parallelize", "-i", *infras)
        assert (account.instances, home.infras) == ([], [])
        return
    home.run(*(["occopus-maintain"] if round % 2 else build), "--parallelize", "-i", *infras)
    # All that the store knows is ready now, or the pass would have failed: so many machines, and no other, are what it knows.
    assert (len(account.of_node("base")), len(account.of_node("worker"))) == (1, MACHINES - 1)
    assert len({*account.node_ids}) == len(account.instances) == MACHINES

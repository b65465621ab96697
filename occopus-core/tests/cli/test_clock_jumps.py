"""The machine's clock is set by an hour while a command runs, or between two: no time has passed by that."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from .conftest import Home, until

pytestmark = pytest.mark.endurance

CLOCK = """
import time
from pathlib import Path
_true = time.time
_ahead = Path(__file__).with_name("ahead")
time.time = lambda: _true() + float(_ahead.read_text())
"""

HOUR = 3600


class JumpingHome(Home):
    """Its commands go by a clock that can be set."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"PYTHONPATH": os.pathsep.join([str(self.path), os.environ.get("PYTHONPATH", "")])}

    def set_clock(self, ahead: int) -> None:
        """By so many seconds ahead of the true time, for whatever runs too."""
        new = self.path / "new"
        new.write_text(str(ahead))
        new.replace(self.path / "ahead")


@pytest.fixture
def home(tmp_path: Path) -> JumpingHome:
    made = JumpingHome(tmp_path)
    made.write("sitecustomize.py", CLOCK)
    made.set_clock(0)
    yield made
    made.end()


def failing_since(home: Home, node: str) -> float | None:
    """Of the one instance that the node has."""
    return home.named(node)[0].failing_since


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_health_fails_no_longer_and_no_shorter_by_a_jump(home: JumpingHome, jump: int) -> None:
    infra_id = home.build(home.describe("sick: type: server", "well: type: server"))
    (sick,), well = home.named("sick"), home.alive("well")
    maintainer = home.start("occopus-maintain", "-i", infra_id, "-c", "-t", "0.2")
    home.sicken(sick)
    until(lambda: failing_since(home, "sick"), "the failure")
    noticed = time.monotonic()
    home.set_clock(jump)
    until(lambda: sick.node_id not in {instance.node_id for instance in home.instances}, "the replacement")
    assert time.monotonic() - noticed > 2.5, "its definition tolerates 3 s"
    until(lambda: [i.state for i in home.named("sick")] == ["ready"], "the new one")
    maintainer.send_signal(signal.SIGINT)
    _, said = maintainer.communicate(timeout=60)
    assert maintainer.returncode == 0
    assert "error" not in said
    assert home.alive("well") == well
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_what_failed_in_an_hour_to_come_is_replaced_in_time(home: JumpingHome) -> None:
    infra_id = home.build(home.describe("sick: type: server", "well: type: server"))
    (sick,), well = home.named("sick"), home.alive("well")
    home.sicken(sick)
    home.set_clock(HOUR)
    home.maintain(infra_id)
    assert (failing_since(home, "sick") or 0.0) > time.time() + HOUR / 2
    home.set_clock(0)
    home.maintain(infra_id)
    assert (failing_since(home, "sick") or HOUR + time.time()) < time.time() + 1
    until(lambda: "1 dropped, 1 created" in home.maintain(infra_id), "the replacement")
    assert home.alive("well") == well


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_build_and_what_follows_one_that_was_killed(home: JumpingHome, jump: int) -> None:
    home.describe("a", "b: type: server", "c", depends="[[b, a], [c, b]]")
    build = home.start("occopus", "build", "test.yaml", "--nodes", "nodes.yaml")
    infra_id = until(lambda: home.infras and home.infras[0].infra_id, "the first write")
    until(lambda: "ready" in home.kinds(infra_id), "the first node")
    home.set_clock(jump)
    assert build.wait(60) == 0, build.stderr.read()
    home.assert_exactly("a", "b", "c")
    running = home.alive_all()
    assert home.plan(infra_id) == "plan: nothing to do\n"
    assert home.maintain(infra_id).endswith("nothing to do\n")
    assert home.alive_all() == running
    destroy = home.start("occopus", "destroy", "-i", infra_id)
    until(lambda: "dropping" in home.kinds(infra_id), "the first drop")
    destroy.kill()
    destroy.wait()
    home.set_clock(0)
    begun = time.monotonic()
    home.destroy_what_is_left(infra_id)
    assert time.monotonic() - begun < 30, "the lease of the dead is not waited for, however long its clock says"

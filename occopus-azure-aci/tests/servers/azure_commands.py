"""What commands do in the same way with both backends on Azure: each derives a class from this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_fixtures import definitions
from fake_arm import FakeArm, Refusal

from occopus.testing.user import User, until

ONE = """
infra_name: one
user_id: me
nodes:
- {name: web, type: plain}
"""

SECRETIVE = f"{ONE}variables: {{password: !secret {{env: PASSWORD}}}}\n"

MANY = """
infra_name: many
user_id: me
nodes:
- {name: base, type: plain}
- {name: worker, type: plain, scaling: {min: 3}}
dependencies: [[worker, base]]
"""

PASSWORD = "the-password-of-the-service"


class AzureCommands:
    """Needs the fixtures `infra`, the package's example, imported; and `sections`, two implementations of a node."""

    parts: tuple[str, ...]
    """The kinds of the objects of a node, the last one that of the node itself."""
    no_room: tuple[str, str]
    """Code and message of a refusal for want of room."""
    context: dict[str, Any]
    """A contextualisation that tells the node `variables.password`."""
    secrets: tuple[str, ...] = ()
    """What the sections say that no log may."""

    def told(self, body: dict[str, Any]) -> str:
        """What a node is told by the request that makes it."""
        raise NotImplementedError

    def test_what_runs_is_taken_over_after_the_store_is_gone(self, home: User, infra: Path, arm: FakeArm) -> None:
        before = arm.everything
        infra_id = home.build(infra)
        built = arm.everything
        home.adopt(infra_id, infra, infra.parent / "nodes" / "node_definitions.yaml")
        assert arm.everything == built
        home.run("occopus", "destroy", "-i", infra_id)
        assert arm.everything == before

    def test_where_there_is_no_room_the_next_implementation_is_taken(self, home: User, arm: FakeArm, sections: Any) -> None:
        arm.fail[f"PUT {self.parts[-1]}"] = [Refusal(409, *self.no_room)]
        self.assert_the_next_is_taken(home, arm, sections)

    def assert_the_next_is_taken(self, home: User, arm: FakeArm, sections: Any) -> None:
        infra_id = home.build(home.write("infra.yaml", ONE), "--nodes", definitions(home, *sections))
        assert len(arm.everything) == len(self.parts)
        (refusal,) = [line for line in home.run("occopus", "events", "-i", infra_id).stdout.splitlines() if "no-capacity" in line]
        assert ": ".join(self.no_room) in refusal

    def test_neither_log_nor_store_tells_a_secret(self, home: User, arm: FakeArm, sections: Any) -> None:
        home.variables["PASSWORD"] = PASSWORD
        home.secrets += [PASSWORD, *self.secrets]
        log = home.log_everything()
        infra_id = home.build(home.write("infra.yaml", SECRETIVE), "--nodes", definitions(home, *sections, context=self.context))
        (node,) = arm.of_kind(self.parts[-1])
        assert PASSWORD in self.told(arm.bodies[node["id"]])
        home.run("occopus-maintain", "-i", infra_id)
        assert {*home.secrets_in(home.data)} <= {*self.secrets}  # the store keeps what a description says in the open
        home.run("occopus-destroy", "-i", infra_id)
        assert infra_id in log.read_text()
        assert home.secrets_in(log) == []

    @pytest.fixture
    def many(self, home: User, sections: Any) -> tuple[Path, str, Path]:
        """Four nodes, to be built side by side."""
        return home.write("infra.yaml", MANY), "--nodes", definitions(home, *sections)

    def test_replies_are_lost_calls_throttled_and_nothing_is_quick(self, home: User, many: Any, arm: FakeArm) -> None:
        arm.calm(seed=4)
        arm.lost_share, arm.throttled_share, arm.page = 0.03, 0.03, 2
        arm.make_for, arm.delete_for, arm.link_for = 0.3, 0.3, 0.5
        infra_id = home.build("--parallelize", *many)
        assert sorted(arm.node_ids(self.parts[-1])) == sorted([*home.report(infra_id, "base"), *home.report(infra_id, "worker")])
        assert (len(arm.everything), arm.makes) == (4 * len(self.parts), 4 * len(self.parts))
        home.run("occopus-destroy", "--parallelize", "-i", infra_id)
        assert (arm.everything, home.infras) == ([], [])

    def test_a_build_is_interrupted(self, home: User, many: Any, arm: FakeArm) -> None:
        arm.make_for = arm.delete_for = 0.5
        process = home.start("occopus-build", "--parallelize", *many)
        until(lambda: arm.makes > len(self.parts), "an object of a second node")
        home.interrupt(process)
        assert (arm.everything, home.infras) == ([], [])

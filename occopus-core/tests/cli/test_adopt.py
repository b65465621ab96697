"""occopus adopt, with real processes and a store that is really gone."""

from __future__ import annotations

from typing import Any


def test_what_runs_is_taken_over_after_the_store_is_gone(home: Any) -> None:
    description = home.describe("db", "web: type: plain, scaling: {min: 2, max: 3}", depends="[[web, db]]")
    infra_id = home.build(description)
    before, running = {i.node_id: i.ids for i in home.instances}, set(home.processes)
    for file in home.data.glob("occopus.db*"):
        file.unlink()
    assert home.infras == []
    adopted = home.run("occopus", "adopt", "--infra", infra_id, description, "--nodes", "nodes.yaml")
    assert adopted.stdout.strip() == infra_id
    assert {i.node_id: i.ids for i in home.instances} == before
    assert set(home.processes) == running
    assert "nothing to do" in home.run("occopus", "maintain", "-i", infra_id).stderr
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_what_is_known_or_nowhere_is_refused(home: Any) -> None:
    description = home.describe("db")
    infra_id = home.build(description)
    known = home.run("occopus", "adopt", "-i", infra_id, description, "--nodes", "nodes.yaml", code=2)
    assert f"error: the store knows {infra_id}" in known.stderr
    nowhere = home.run("occopus", "adopt", "-i", "no-such-id", description, "--nodes", "nodes.yaml", code=2)
    assert "error: nothing bears the mark of no-such-id" in nowhere.stderr
    home.assert_exactly("db")

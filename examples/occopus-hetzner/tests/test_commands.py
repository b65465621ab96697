"""The examples work with the commands as users type them."""

from __future__ import annotations

from pathlib import Path

from occopus.testing.user import User

from hetzner import Hetzner

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_examples(user: User, cloud: Hetzner) -> None:
    folder = user.copy(EXAMPLES, instead={"type: hetzner\n": f"type: hetzner\n      endpoint: {cloud.endpoint}\n"})
    infra, nodes = folder / "infra.yaml", folder / "nodes.yaml"
    log = user.log_everything()
    user.run("occopus", "validate", infra, nodes)
    assert not cloud.actions

    infra_id = user.build(infra, "--nodes", nodes)
    web, client = cloud.alive()
    assert (web.labels["occopus.node_name"], client.labels["occopus.node_name"]) == ("web", "client")
    assert web.shown()["public_net"]["ipv4"]["ip"] in client.wanted["user_data"]
    assert {one.labels["project"] for one in cloud.alive()} == {"example"}

    user.run("occopus", "scale", "-i", infra_id, "-n", "client", "-c", "+1")
    user.run("occopus", "maintain", "-i", infra_id)
    assert len(cloud.alive()) == 3

    user.adopt(infra_id, infra, nodes)
    user.run("occopus", "destroy", "-i", infra_id)
    assert not cloud.alive()
    assert not cloud.refused
    assert not user.secrets_in(log)


def test_what_is_wrong_is_told(user: User, cloud: Hetzner) -> None:
    here = {"type: hetzner\n": f"type: hetzner\n      endpoint: {cloud.endpoint}\n"}
    folder = user.copy(EXAMPLES, instead=here | {"debian-13": "debian-1"})
    failed = user.run("occopus", "build", folder / "infra.yaml", "--nodes", folder / "nodes.yaml", code=1)
    assert "image not found" in failed.stderr
    assert not cloud.alive()

"""Through the commands, as a user would; `tests_real` does the same against a real OpenStack."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import yaml
from fake_openstack import SHAPES, FakeOpenStack
from nova_user import NovaUser
from tutorials import TUTORIALS, needs_tutorials

from occopus.testing.http import HttpServer, Reply, Request
from occopus.testing.user import until


def test_everything_goes_again(cloud: FakeOpenStack, home: NovaUser) -> None:
    home.describe(cloud.login, cloud.section(floating_ip_pool="public", volume_size=3), nodes={"web": 3, "db": 1})
    infra_id = home.build()
    assert (len(cloud.servers), len(cloud.ips), len(cloud.volumes)) == (4, 4, 4)
    assert {len(addresses) for addresses in home.addresses(infra_id)} == {2}
    home.destroy(infra_id)
    assert (cloud.servers, cloud.ips, cloud.volumes) == ({}, {}, {})


def test_without_room_the_next_implementation_is_tried(cloud: FakeOpenStack, home: NovaUser) -> None:
    cloud.flavors["huge"] = SHAPES["flavor"] | {"id": "huge", "name": "huge"}
    home.describe(cloud.login, cloud.section(flavor_name="huge"), cloud.section(), nodes={"web": 4})
    home.build()
    assert len(cloud.servers) == 4
    assert all(server["status"] == "ACTIVE" for server in cloud.servers.values())


@pytest.mark.parametrize(
    ("limit", "said"),
    [("quota", "Quota exceeded for instances"), ("ip_quota", "Quota exceeded for resources"), ("free_addresses", "No more IP addresses")],
)
def test_what_is_refused_is_told_and_leaves_nothing(limit: str, said: str, cloud: FakeOpenStack, home: NovaUser) -> None:
    setattr(cloud, limit, 0)
    home.describe(cloud.login, cloud.section(floating_ip_pool="public", volume_size=1, volume_persist=True))
    assert said in home.fail_to_build()
    assert (cloud.servers, cloud.ips, cloud.volumes, home.infras) == ({}, {}, {}, [])


def test_no_room_is_told_and_leaves_nothing(cloud: FakeOpenStack, home: NovaUser) -> None:
    cloud.flavors["huge"] = SHAPES["flavor"] | {"id": "huge", "name": "huge"}
    home.describe(cloud.login, cloud.section(flavor_name="huge", volume_size=1))
    assert "could not be made: ERROR: No valid host was found." in home.fail_to_build()
    assert (cloud.servers, cloud.volumes, home.infras) == ({}, {}, [])


def test_a_wrong_password_is_told_and_leaves_nothing(cloud: FakeOpenStack, home: NovaUser) -> None:
    home.describe(cloud.login | {"password": "a-wrong-password"}, cloud.section())
    said = home.fail_to_build()
    assert "logging in failed" in said
    assert "a-wrong-password" not in said
    assert (cloud.servers, home.infras) == ({}, [])


@needs_tutorials
@pytest.mark.parametrize(
    ("name", "nodes"), [("nova-helloworld", ["helloworld"]), ("spark-cluster-with-r", ["spark-master", "spark-worker", "spark-worker"])]
)
def test_published_tutorials_are_built_unchanged(name: str, nodes: list[str], cloud: FakeOpenStack, home: NovaUser) -> None:
    described = tutorial(name, cloud, home)
    home.log_in(cloud.login)
    home.run("occopus", "validate", *described)
    with open_port("127.203.0.2", 8080):  # the health check of Spark's master
        infra_id = home.build(*described)
    assert sorted(server["metadata"]["occopus:node_name"] for server in cloud.servers.values()) == nodes
    assert home.addresses(infra_id, nodes[0])[0][0] == "127.203.0.2"
    home.destroy(infra_id)
    assert (cloud.servers, cloud.ips) == ({}, {})


def tutorial(name: str, cloud: FakeOpenStack, home: NovaUser) -> tuple[Path, str, Path]:
    """A tutorial filled in for a cloud, as commands take it."""
    values = {
        "endpoint": f"{cloud.url}/identity",
        "projectid": cloud.project_id,
        "image": SHAPES["image"]["id"],
        "network": cloud.network_id,
        "flavor": SHAPES["flavor"]["id"],
        "keypair": "a-key",
        "security_group": "default",
        "need_floating_ip": "yes",
        "floating_ip_pool": "public",
    }
    folder = home.copy(TUTORIALS / name, values)
    return next(folder.glob("infra*.yaml")), "--nodes", folder / "nodes" / "node_definitions.yaml"


class Open(HttpServer):
    def answer(self, request: Request) -> Reply:
        return Reply(200)


def open_port(address: str, port: int) -> Open:
    """Waits where another test has it open just now."""
    return until(lambda: _server_at(address, port), f"port {port} of {address} being free")


def _server_at(address: str, port: int) -> Open | None:
    try:
        return Open(at=(address, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None


def test_example_of_the_readme(cloud: FakeOpenStack, home: NovaUser) -> None:
    """Its files are built as they stand there, with the values of this cloud in place of the example's."""
    text = (Path(__file__).parents[1] / "README.md").read_text()
    values = {
        "https://cloud.example.org:5000/v3": f"{cloud.url}/identity/v3",
        "6386ecd3037e46499b325fc4ee54aa61": cloud.project_id,
        "a833697e-5160-415e-b959-248d1fed7fe7": cloud.network_id,
        "m1.small": SHAPES["flavor"]["name"],
        "my-key": "a-key",
        "your-name": cloud.login["username"],
        "your-password": cloud.login["password"],
    }
    for value, ours in values.items():
        assert value in text
        text = text.replace(value, ours)
    for name in ("infra.yaml", "nodes.yaml", "auth.yaml"):
        start = text.index("```yaml\n", text.index(f"`{name}`")) + len("```yaml\n")
        home.write(name, text[start : text.index("```", start)]).chmod(0o600)
    home.variables["OCCOPUS_AUTH_DATA_PATH"] = str(home.path / "auth.yaml")
    assert yaml.safe_load((home.path / "infra.yaml").read_text())["infra_name"] == "hello"
    infra_id = home.build()
    assert [server["metadata"]["occopus:node_name"] for server in cloud.servers.values()] == ["web"]
    home.destroy(infra_id)
    assert (cloud.servers, cloud.ips) == ({}, {})

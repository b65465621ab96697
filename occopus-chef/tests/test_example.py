"""The example of the README: its files, its cookbook, and all of it on machines of the local backend."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from occopus.testing.user import User

from .conftest import for_this_machine, on_this_machine

EXAMPLE = Path(__file__).parents[1] / "examples" / "site"
README = (Path(__file__).parents[1] / "README.md").read_text()
CONNECT = EXAMPLE / "cookbooks" / "connect" / "recipes" / "default.rb"
HARNESS = Path(__file__).parent / "servers" / "recipe.rb"
SERVER = "https://chef.example.org/organizations/acme"


@pytest.fixture
def example(user: User, chef: Any, line: Any) -> Path:
    """A copy, in which the Chef server is ours."""
    folder = user.path / "site"
    shutil.copytree(EXAMPLE, folder)
    user.write("site/validation.pem", chef.validator_key)
    user.secrets.extend(text for text in chef.validator_key.splitlines() if "-----" not in text)
    for path, url in (("cloud_init_chef.yaml", chef.url), ("node_definitions.yaml", line.url)):
        file = folder / "nodes" / path
        file.write_text(file.read_text().replace(SERVER, url).replace("acme-validator", "chef-validator"))
    infra = folder / "infra-chef-site.yaml"
    infra.write_text(infra.read_text().replace("/etc/chef/acme-validator.pem", str(folder / "validation.pem")))
    return folder


@pytest.mark.parametrize("node", ["database", "web"])
def test_cloud_init_accepts_it(user: User, example: Path, node: str) -> None:
    if shutil.which("cloud-init") is None:
        pytest.skip("NO CLOUD-INIT: install it (Debian: cloud-init)")
    definitions = example / "nodes" / "node_definitions.yaml"
    on_this_machine(definitions.parent)
    rows = json.loads(user.run("occopus", "render", "--json", example / "infra-chef-site.yaml", "--nodes", definitions).stdout)
    file = user.write("user-data", next(row["user_data"] for row in rows if row["node"] == node))
    done = subprocess.run(["cloud-init", "schema", "--config-file", file], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_building_to_destroying(user: User, example: Path, admin: Any, left: Any) -> None:
    for_this_machine(example / "nodes")
    user.run("occopus-import", example / "nodes" / "node_definitions.yaml")
    infra_id = user.build(example / "infra-chef-site.yaml")
    (database_id,), (web_id,) = user.report(infra_id, "database"), user.report(infra_id, "web")
    database, web = admin.get("nodes", database_id), admin.get("nodes", web_id)
    assert database["normal"]["site"] == {"database": {"name": "blog", "ready": True}}
    assert web["normal"]["site"] == {
        "title": "The site of chef-site",
        "database": {"host": database["automatic"]["fqdn"], "ready": True},
    }
    user.run("occopus-destroy", "-i", infra_id)
    assert (left(), user.infras) == ({}, [])


def connected(connections: Any, server: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    if shutil.which("ruby") is None:
        pytest.skip("NO RUBY: install it (Debian: ruby)")
    given = json.dumps({"attributes": {"connections": connections}, "server": server})
    return subprocess.run(["ruby", HARNESS, CONNECT], input=given, capture_output=True, text=True, timeout=120, check=False)


def connection(source: str, destination: str) -> dict[str, str]:
    return {"source_role": "infra_db", "source_attribute": source, "destination_attribute": destination}


def database(after: int = 0, **attributes: Any) -> dict[str, Any]:
    return {"role": "infra_db", "after": after, "attributes": attributes}


STRANGER = {"role": "infra_other", "after": 0, "attributes": {"fqdn": "another"}}


def test_connect_copies_attributes_and_waits_for_them() -> None:
    done = connected(
        [connection("fqdn", "site.database.host"), connection("site.database.ready", "site.database.ready"), connection("fqdn", "source")],
        [STRANGER, database(), database(20, fqdn="db.example.org"), database(50, site={"database": {"ready": False}})],
    )
    assert done.returncode == 0, done.stderr
    site = {"database": {"host": "db.example.org", "ready": False}}
    assert json.loads(done.stdout) == {"normal": {"site": site, "source": "db.example.org"}, "waited": 50}


@pytest.mark.parametrize("connections", [None, []])
def test_connect_without_connections(connections: Any) -> None:
    done = connected(connections, [STRANGER])
    assert json.loads(done.stdout) == {"normal": {}, "waited": 0}


def test_connect_gives_up() -> None:
    done = connected([connection("fqdn", "site.database.host")], [STRANGER, database()])
    assert done.returncode != 0
    assert "infra_db has no attribute fqdn" in done.stderr


@pytest.mark.parametrize("file", sorted(path.relative_to(EXAMPLE) for path in EXAMPLE.rglob("*.yaml")), ids=str)
def test_the_readme_shows_the_files_of_the_example(file: Path) -> None:
    assert f"`{file}`:\n\n```yaml\n{(EXAMPLE / file).read_text()}```\n" in README


def test_the_readme_shows_the_recipe_that_connects() -> None:
    assert f"`{CONNECT.relative_to(EXAMPLE)}`:\n\n```ruby\n{CONNECT.read_text()}```\n" in README

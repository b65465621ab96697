"""A real Chef server, machines that chef-client would run on, and Occopus as its users run it."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from goiardi import ABSENT, PROGRAM, Goiardi, goiardi
from line import Line

from occopus.plugins import ConfigManagerConfig
from occopus.testing.user import User
from occopus_chef.manager import ChefManager
from occopus_chef.server import ChefServer
from occopus_chef.signing import Signer

NAME = "admin"
TUTORIAL = Path(__file__).parents[3] / "shared" / "tutorials" / "chef-wordpress"
CLIENT = Path(__file__).parent / "servers" / "chef_client.py"

PASSWORDS = {"database_root_password": "the-password-of-root", "database_user_password": "the-password-of-the-user"}
VALUES = {**PASSWORDS, "database_name": "blog", "database_username": "writer"}

CLOUD_INIT = """#cloud-config
chef:
  install_type: omnibus
  server_url: replace_with_your_chef_server_url
  environment: "{{infra_id}}"
  node_name: "{{node_id}}"
  validation_name: replace_with_chef_validation_client_name
  validation_key: |
        replace_with_chef_validation_client_key
runcmd:
- [sh, -xc, /usr/bin/chef-client]
"""
"""As the manual has it."""

NODES = """
'node_def:base':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: !yaml_import {url: "file://cloud_init_chef.yaml"}
      attributes: {apache.port: 8080}
    config_management:
      type: chef
      endpoint: replace_with_url_of_chef_server
      run_list: ["recipe[apache2]"]
"""


@pytest.fixture(scope="session")
def chef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Goiardi]:
    """A Chef server that wants signatures."""
    if PROGRAM is None:
        pytest.skip(ABSENT)
    with goiardi(tmp_path_factory.mktemp("goiardi")) as server:
        yield server


@pytest.fixture(scope="session")
def admin(chef: Goiardi) -> ChefServer:
    """Looks at the server, past the line."""
    return ChefServer(chef.url, Signer.of(NAME, chef.admin_key))


@pytest.fixture(scope="session")
def _line(chef: Goiardi) -> Iterator[Line]:
    with Line(chef) as line:
        yield line


@pytest.fixture
def line(_line: Line) -> Line:
    """Without faults."""
    _line.calm()
    return _line


@pytest.fixture
def left(admin: ChefServer) -> Iterator[Callable[[], dict[str, list[str]]]]:
    """What is on the server that was not there before; and that is nothing when the test ends."""
    kinds = ("environments", "roles", "nodes", "clients")
    before = {kind: set(admin.names(kind)) for kind in kinds}

    def now() -> dict[str, list[str]]:
        return {kind: found for kind in kinds if (found := sorted(set(admin.names(kind)) - before[kind]))}

    yield now
    for kind, names in now().items():
        for name in names:
            admin.remove(kind, name)


@pytest.fixture
def plain_section(line: Line) -> dict[str, Any]:
    return {"type": "chef", "endpoint": line.url, "run_list": ["recipe[apache2]", "recipe[database-setup::db]"]}


@pytest.fixture
def manager_for(plain_section: dict[str, Any], chef: Goiardi) -> Callable[..., ChefManager]:
    """Fresh managers."""

    def make(name: str = NAME, key: str = chef.admin_key, **changes: str) -> ChefManager:
        credentials = {"client_name": name, "client_key": key}
        return ChefManager(ConfigManagerConfig({**plain_section, **changes}, credentials, logging.getLogger("occopus.chef")))

    return make


def for_this_machine(folder: Path) -> None:
    """Let local nodes stand in for the cloud's, and the tests' chef-client for the real one."""
    on_this_machine(folder)
    template = folder / "cloud_init_chef.yaml"
    config = yaml.safe_load(template.read_text())
    config["write_files"] = [{"path": "/etc/chef/client.json", "content": json.dumps(config.pop("chef"), indent=1)}]
    config["runcmd"] = [[sys.executable, str(CLIENT), "etc/chef/client.json"]]
    template.write_text(f"#cloud-config\n{yaml.safe_dump(config)}")


def on_this_machine(folder: Path) -> None:
    """Let local nodes stand in for the cloud's; their health is not looked at."""
    definitions = folder / "node_definitions.yaml"
    text = re.sub(r"(?m)^(  - |    )resource:.*\n(?: {6,}.*\n)*", r"\1resource: {type: local}\n", definitions.read_text())
    definitions.write_text(re.sub(r"(?m)^    health_check: *\n(?: {6,}.*\n?)+", "", text))


@pytest.fixture
def user(occopus_user: User, chef: Goiardi) -> User:
    """One who may use the Chef server."""
    lines = tuple(text for text in chef.admin_key.splitlines() if "-----" not in text)
    occopus_user.authenticate(
        "chef", {"client_name": NAME, "client_key": chef.admin_key}, section="config_management", secrets=(chef.admin_key, *lines)
    )
    return occopus_user


@pytest.fixture
def values(line: Any, chef: Any) -> Mapping[str, str]:
    """What a user of the tutorials fills in. Machines use the server itself."""
    own = {
        "chef_server_url": chef.url,
        "url_of_chef_server": line.url,
        "validation_client_name": "chef-validator",
        "validation_client_key": chef.validator_key.strip().replace("\n", "\n        "),
    }
    cloud = dict.fromkeys(("endpoint", "regionname", "image", "instance_type", "key_name", "security_group", "subnet"), "unused")
    return {**own, **VALUES, **cloud}


@pytest.fixture
def files(user: User, values: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the description of a node that chef-client runs on."""
    source = tmp_path_factory.mktemp("written") / "nodes"
    source.mkdir()
    (source / "cloud_init_chef.yaml").write_text(CLOUD_INIT)
    (source / "node_definitions.yaml").write_text(NODES)
    folder = user.copy(source, values)
    for_this_machine(folder)
    return folder


@pytest.fixture
def nodes(files: Path) -> tuple[str, Path]:
    return "--nodes", files / "node_definitions.yaml"

"""The example, and what else may be written, on machines that really boot with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from occopus.testing.user import User

EXAMPLE = Path(__file__).parents[1] / "examples" / "message"
README = (Path(__file__).parents[1] / "README.md").read_text()
ELSEWHERE = "https://example.org/manifests"

MODULAR = """
'node_def:base':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: !yaml_import {url: "file://cloud_init_puppet.yaml"}
    config_management:
      type: puppet_solo
      manifests: [WEB/site.pp, WEB/more.pp]
      modules: [me-greeting]
      attributes:
      - greeting::to: it's "you"
      - owners: [one, two]
"""
ONE = "infra_name: one\nuser_id: me\nnodes:\n- {name: web, type: base}\n"


@pytest.fixture
def user(occopus_user: User) -> User:
    return occopus_user


@pytest.fixture
def example(user: User, web: Any) -> Path:
    """A copy for this machine: its nodes are local, its manifests those that are served."""
    folder = user.path / "message"
    shutil.copytree(EXAMPLE, folder)
    definitions = folder / "nodes" / "node_definitions.yaml"
    text = definitions.read_text().replace(ELSEWHERE, f"{web.url}/manifests")
    cloud = text[text.index("      type: ec2") : text.index("    contextualisation")]
    definitions.write_text(text.replace(cloud, "      type: local\n"))
    for manifest in (EXAMPLE / "manifests").iterdir():
        web.files[f"/manifests/{manifest.name}"] = manifest.read_bytes()
    return folder


def user_data(user: User, infra: Path, definitions: Path) -> dict[str, str]:
    """By node: what it is given."""
    rows = json.loads(user.run("occopus", "render", "--json", infra, "--nodes", definitions).stdout)
    return {row["node"]: row["user_data"] for row in rows}


@pytest.fixture
def rendered(user: User, example: Path) -> dict[str, str]:
    return user_data(user, example / "infra-puppet-message.yaml", example / "nodes" / "node_definitions.yaml")


@pytest.mark.parametrize("node", ["host", "guest"])
def test_cloud_init_accepts_the_example(rendered: dict[str, str], node: str, tmp_path: Path) -> None:
    if shutil.which("cloud-init") is None:
        pytest.skip("NO CLOUD-INIT: install it (Debian: cloud-init)")
    file = tmp_path / "user-data"
    file.write_text(rendered[node])
    done = subprocess.run(["cloud-init", "schema", "--config-file", file], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid cloud-config" in done.stdout


def test_the_example_on_a_machine(rendered: dict[str, str], machine: Any) -> None:
    machine.boot(rendered["guest"])
    message = machine.path("/etc/message.txt")
    assert message.exists(), machine.log
    told = yaml.safe_load(rendered["guest"])["write_files"][0]["content"]
    assert message.read_text() == f"{json.loads(told)['message']}\n"
    assert message.read_text().startswith("The host is at ")
    assert machine.path("/opt/puppet-solo/data.json").stat().st_mode & 0o777 == 0o600
    assert not Path("/etc/message.txt").exists(), "a machine has a root of its own"


def test_modules_and_several_manifests_on_a_machine(user: User, example: Path, web: Any, machine: Any) -> None:
    web.add_module("me-greeting", 'class greeting(String $to) { file { "/etc/greeting.txt": content => "Hello, ${to}!" } }')
    web.files["/site.pp"] = b"include greeting\n"
    web.files["/more.pp"] = b'file { "/etc/owners.txt": content => join(lookup("owners"), ",") }\n'
    definitions = user.write("message/nodes/modular.yaml", MODULAR.replace("WEB", web.url))
    machine.boot(user_data(user, user.write("infra.yaml", ONE), definitions)["web"])
    assert machine.path("/etc/greeting.txt").exists(), machine.log
    assert machine.path("/etc/greeting.txt").read_text() == 'Hello, it\'s "you"!'
    assert machine.path("/etc/owners.txt").read_text() == "one,two"


def test_a_manifest_that_is_not_there_is_told(rendered: dict[str, str], web: Any, machine: Any) -> None:
    web.files.clear()
    machine.boot(rendered["host"])
    assert not machine.path("/etc/message.txt").exists()
    assert "404" in machine.log


def test_the_example_is_built_and_removed(user: User, example: Path) -> None:
    """Machines of the local backend run no Puppet: what counts is that nobody waits for a server that is not there."""
    init = example / "nodes" / "cloud_init_puppet.yaml"
    init.write_text(init.read_text().replace("  - /opt/puppet-solo/init", "  - sh -n opt/puppet-solo/init"))
    infra_id = user.build(example / "infra-puppet-message.yaml", "--nodes", example / "nodes" / "node_definitions.yaml")
    (host,), (guest,) = user.report(infra_id, "host").values(), user.report(infra_id, "guest").values()
    assert (host["state"], guest["state"]) == ("ready", "ready")
    (data,) = [path for path in user.path.glob("data/local/*/*/opt/puppet-solo/data.json") if "host is at" in path.read_text()]
    assert json.loads(data.read_text()) == {"message": f"The host is at {host['addresses'][0]}."}
    user.run("occopus-destroy", "-i", infra_id)
    assert user.infras == []


def test_a_password_in_the_attributes_is_not_told(user: User, example: Path, web: Any) -> None:
    password = user.variables["PASSWORD"] = "the-password-of-the-machine"
    user.secrets.append(password)
    text = MODULAR.replace("WEB", web.url).replace('it\'s "you"', "!secret {env: PASSWORD}")
    definitions, infra = user.write("message/nodes/secretive.yaml", text), user.write("infra.yaml", ONE)
    log = user.path / "occopus.log"
    user.variables["OCCOPUS_CONFIG_PATH"] = str(user.write("config.yaml", f"logging: {{file: '{log}', level: DEBUG}}\n"))
    infra_id = user.build(infra, "--nodes", definitions)
    (data,) = user.path.glob("data/local/*/*/opt/puppet-solo/data.json")
    assert json.loads(data.read_text())["greeting::to"] == password
    user.run("occopus-destroy", "-i", infra_id)
    assert password not in log.read_text()


@pytest.mark.parametrize("file", sorted(path.relative_to(EXAMPLE) for path in EXAMPLE.rglob("*.*")), ids=str)
def test_the_readme_shows_the_files_of_the_example(file: Path) -> None:
    kind = {".yaml": "yaml", ".pp": "puppet"}[file.suffix]
    assert f"`{file}`:\n\n```{kind}\n{(EXAMPLE / file).read_text()}```\n" in README

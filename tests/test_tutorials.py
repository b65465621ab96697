"""The tutorials that the original published, as its manual has its users type them: with all backends, and with the configuration and
authentication files of the original. Each instance gets what release 1.10 gave it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from occopus.plugins.contextualiser import ContainerContext, UserData
from occopus.rendering.rehearsal import Rehearsed
from occopus.testing.user import User
from occopus.workspace import Workspace

sys.path.append(str(Path(__file__).parents[1] / "occopus-core" / "tests" / "servers"))

from redis_server import RedisServer

SHARED = Path(__file__).parents[2] / "shared" / "tutorials"
NAMES = sorted(folder.name for folder in SHARED.iterdir() if folder.is_dir()) if SHARED.is_dir() else []

pytestmark = pytest.mark.skipif(not NAMES, reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository")

CONFIGURATION = """\
plugins: !python_import
  - occo.resourcehandler
  - occo.plugins.resourcehandler.ec2
components:
  rest:
    host: 127.0.0.1
    port: 5000
  resourcehandler: !ResourceHandler &handlers
    protocol: null
  configmanager: !ConfigManager &managers
    protocol: null
  uds: !UDS &uds
    protocol: redis
    host: 127.0.0.1
    port: {port}
    db: {db}
    altdbs:
      node_def: 1
      infra: 10
  infobroker: !InfoRouter
    sub_providers:
      - !DynamicStateProvider
        resource_handler: *handlers
        config_manager: *managers
      - !SynchronizationProvider
      - *uds
  eventlog: !EventLog
    protocol: logging
  dry_run: False
logging:
  version: 1
  root:
    level: DEBUG
    handlers: [file]
  handlers:
    file:
      class: logging.FileHandler
      filename: occopus.log
      mode: w
  loggers:
    occo:
      propagate: false
      level: DEBUG
"""

AUTHENTICATION = """\
resource:
    -
        type: ec2
        auth_data:
            accesskey: an-access-key
            secretkey: a-secret-key-of-ec2
    -
        type: nova
        auth_data:
            type: application_credential
            id: an-id
            secret: a-secret-of-nova
    -
        type: azure_vm
        auth_data: &principal
            tenant_id: a-tenant
            client_id: a-client
            client_secret: a-secret-of-azure
            subscription_id: a-subscription
    -
        type: azure_aci
        auth_data: *principal
    -
        type: cloudsigma
        auth_data:
            email: me@example.org
            password: a-password-of-cloudsigma
    -
        type: cloudbroker
        auth_data:
            email: me@example.org
            password: a-password-of-cloudbroker
    -
        type: docker
        auth_data: notneeded
config_management:
    -
        type: chef
        auth_data:
            client_name: me
            client_key: !text_import
                url: file://chef.pem
"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def home(occopus_user: User, redis: RedisServer, request: pytest.FixtureRequest) -> User:
    """A user of the original, with its files in their places; each tutorial has a database of its own."""
    db = NAMES.index(request.node.callspec.params["name"]) % 16
    occopus_user.write(".occopus/occopus_config.yaml", CONFIGURATION.format(port=redis.port, db=db))
    occopus_user.write(".occopus/auth_data.yaml", AUTHENTICATION).chmod(0o600)
    occopus_user.write(
        ".occopus/chef.pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAthefirstline\n-----END RSA PRIVATE KEY-----\n"
    )
    occopus_user.secrets += re.findall(r"a-(?:secret|password)-of-\w+", AUTHENTICATION)
    return occopus_user


def filled(name: str, folder: Path) -> Path:
    """A copy of a tutorial with its values filled in."""
    shutil.copytree(SHARED / name, folder / name, copy_function=shutil.copyfile)
    subprocess.run([sys.executable, SHARED / "fill.py", folder / name], check=True)
    return folder / name


def infra(folder: Path) -> Path:
    return next(folder.glob("infra*.yaml"))


def definitions(folder: Path) -> Path:
    return folder / "nodes" / "node_definitions.yaml"


class Marks:
    """Puts the marks of expected.json in place of made-up ids and addresses."""

    def __init__(self, infra_id: str, instances: list[tuple[str, int, str, str]]) -> None:
        self.marks = {infra_id: "<infra_id>", infra_id[:8]: "<infra_id 8>", infra_id[:7]: "<infra_id 7>"}
        for node, index, node_id, address in instances:
            self.marks |= {node_id: f"<node_id {node} {index}>", address: f"<address {node} {index}>"}

    def on(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.on(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.on(item) for item in value]
        if isinstance(value, str):
            for made_up in sorted(self.marks, key=len, reverse=True):
                value = value.replace(made_up, self.marks[made_up])
        return value


_ADDRESSES = re.compile(r"(?<=\[)'<address [^]]+>'(?=\])")


def _in_order(addresses: re.Match[str]) -> str:
    """The original gave the instances of a node as its store happened to; they are wanted in the order of their creation."""
    return ", ".join(sorted(addresses.group().split(", ")))


def expected(folder: Path) -> list[dict[str, Any]]:
    """What release 1.10 made, in the form in which we can compare it."""
    rows = json.loads(_ADDRESSES.sub(_in_order, (folder / "expected.json").read_text()))
    for row in rows:
        attributes = row.pop("attributes") or {}
        row["container"] = {key: attributes.pop(key) for key in ("env", "command") if key in attributes}
        row["attributes"] = {"connections": [], **attributes}
        row["resource"] = {key: value for key, value in row["resource"].items() if value is not None}
        del row["user_data_kind"]
    return rows


def in_the_same_form(row: dict[str, Any]) -> dict[str, Any]:
    text = row["user_data"]
    parsed = yaml.safe_load(text) if text and text.startswith("#cloud-config\n") else text
    return {
        "node": row["node"],
        "index": row["index"],
        "resource": {key: value for key, value in row["resource"].items() if value is not None},
        "user_data": parsed,
        "container": {key: value for key, value in (row["container"] or {}).items() if value is not None},
        "attributes": row["attributes"],
        "config_management": row["config_management"],
    }


def as_row(rehearsed: Rehearsed) -> dict[str, Any]:
    context = rehearsed.inputs.context
    return {
        "node": rehearsed.node_name,
        "index": rehearsed.index,
        "resource": rehearsed.inputs.resource,
        "user_data": context.text if isinstance(context, UserData) else None,
        "container": {"env": context.env, "command": context.command} if isinstance(context, ContainerContext) else None,
        "attributes": rehearsed.inputs.attributes,
        "config_management": rehearsed.inputs.config_management,
    }


@pytest.mark.parametrize("name", NAMES)
def test_it_raises_no_doubts_and_each_instance_gets_what_the_original_gave_it(name: str, tmp_path: Path, occopus_home: Path) -> None:
    folder = filled(name, tmp_path)
    workspace = Workspace.open()
    description = workspace.read([infra(folder), definitions(folder)])
    assert [str(fault) for fault in description.warnings] == []
    assert description.infrastructure
    rehearsed = workspace.render(description.infrastructure)
    marks = Marks(rehearsed[0].infra_id, [(r.node_name, r.index, r.node_id, r.address) for r in rehearsed])
    assert [marks.on(in_the_same_form(as_row(row))) for row in rehearsed] == expected(folder)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_imported_validated_planned_and_rendered_with_the_files_of_the_original(name: str, home: User) -> None:
    folder = filled(name, home.path)
    said = home.run("occopus-import", definitions(folder)).stderr
    imported = [line for line in said.splitlines() if line.startswith("imported: ")]
    assert len(imported) == definitions(folder).read_text().count("'node_def:")
    said += home.run("occopus", "validate", infra(folder)).stderr
    assert "valid: " in said

    planned = home.run("occopus", "plan", "--json", infra(folder))
    assert [(step["node"], step["action"]) for step in json.loads(planned.stdout)["steps"]] == [
        (row["node"], "create") for row in expected(folder)
    ]

    rendered = home.run("occopus", "render", "--json", infra(folder))
    rows = [{**row, "config_management": None} for row in json.loads(rendered.stdout)]
    marks = Marks(rows[0]["infra_id"], [(row["node"], row["index"], row["node_id"], row["address"]) for row in rows])
    assert [marks.on(in_the_same_form(row)) for row in rows] == [{**row, "config_management": None} for row in expected(folder)]

    doubts = {line for line in (said + planned.stderr + rendered.stderr).splitlines() if "warning: " in line or "error: " in line}
    (about_the_configuration,) = doubts
    assert (
        "this is a configuration of Occopus 1; these entries are not needed any more: components.configmanager" in about_the_configuration
    )


@pytest.mark.parametrize("name", NAMES[:1])
def test_the_files_of_the_original_are_explained(name: str, home: User) -> None:
    folder = filled(name, home.path)
    said = home.run("occopus", "doctor", infra(folder), definitions(folder)).stdout
    entries = re.findall(r"warning: '([\w.]+)' means nothing any more", said)
    assert {"plugins", "components.infobroker", "components.uds.altdbs", "components.dry_run", "logging.loggers"} <= set(entries)
    assert "docker needs no entry, and this one says nothing" in said
    assert "0 to be changed before it works" in said

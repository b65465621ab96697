"""The tutorials that the original published, unchanged: they are read, and each instance gets what release 1.10 gave it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from occopus.plugins.contextualiser import ContainerContext, UserData
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Registry
from occopus.rendering.rehearsal import Rehearsed
from occopus.workspace import Description, Workspace

SHARED = Path(__file__).parents[3] / "shared" / "tutorials"
NAMES = sorted(folder.name for folder in SHARED.iterdir() if folder.is_dir()) if SHARED.is_dir() else []
STANDINS = Path(__file__).parent / "standins" / "occopus_standins.py"

PACKAGES = {
    "azure-aci-helloworld": {"occopus-azure-aci"},
    "azure-ping": {"occopus-azure"},
    "chef-wordpress": {"occopus-ec2", "occopus-chef"},
    "cloudbroker-helloworld": {"occopus-cloudbroker"},
    "cloudsigma-ping": {"occopus-cloudsigma"},
    "docker-ping": {"occopus-docker"},
    "docker-swarm": {"occopus-cloudsigma"},
    "ec2-ping": {"occopus-ec2"},
    "flowbster-autodock-vina": {"occopus-ec2"},
    "nova-helloworld": {"occopus-nova"},
    "spark-cluster-with-r": {"occopus-nova"},
}
"""By tutorial: the packages that it needs."""

pytestmark = pytest.mark.skipif(not NAMES, reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository")


@pytest.fixture(params=NAMES or ["none"])
def tutorial(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a tutorial's folder with its values filled in."""
    folder = tmp_path / request.param
    shutil.copytree(SHARED / request.param, folder)
    subprocess.run([sys.executable, SHARED / "fill.py", folder], check=True)
    return folder


@pytest.fixture
def standins(site: Any) -> Registry:
    """What is installed, and the stand-ins."""
    site.install("occopus-standins", STANDINS.read_text())
    return load_plugins()


def infra(folder: Path) -> Path:
    return next(folder.glob("infra*.yaml"))


def definitions(folder: Path) -> Path:
    return folder / "nodes" / "node_definitions.yaml"


def read(folder: Path, registry: Registry) -> tuple[Workspace, Description]:
    workspace = Workspace.open(registry=registry)
    return workspace, workspace.read([infra(folder), definitions(folder)])


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
    container = {"env": context.env, "command": context.command} if isinstance(context, ContainerContext) else None
    return {
        "node": rehearsed.node_name,
        "index": rehearsed.index,
        "resource": rehearsed.inputs.resource,
        "user_data": context.text if isinstance(context, UserData) else None,
        "container": container,
        "attributes": rehearsed.inputs.attributes,
        "config_management": rehearsed.inputs.config_management,
    }


def test_each_instance_gets_what_the_original_gave_it_in_the_same_order(tutorial: Path, standins: Registry) -> None:
    workspace, description = read(tutorial, standins)
    assert description.infrastructure
    rehearsed = workspace.render(description.infrastructure)
    marks = Marks(rehearsed[0].infra_id, [(r.node_name, r.index, r.node_id, r.address) for r in rehearsed])
    assert [marks.on(in_the_same_form(as_row(row))) for row in rehearsed] == expected(tutorial)


def test_reading_a_tutorial_raises_no_doubts(tutorial: Path, standins: Registry) -> None:
    _, description = read(tutorial, standins)
    assert [str(fault) for fault in description.warnings] == []


def test_the_command_renders_the_same(tutorial: Path, standins: Registry, site: Any) -> None:
    done = site.run("occopus", "render", "--json", infra(tutorial), "--nodes", definitions(tutorial))
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    marks = Marks(rows[0]["infra_id"], [(row["node"], row["index"], row["node_id"], row["address"]) for row in rows])
    wanted = expected(tutorial)
    for row in wanted:
        del row["config_management"]
    assert [marks.on(in_the_same_form({**row, "config_management": None})) for row in rows] == [
        {**row, "config_management": None} for row in wanted
    ]


def test_import_and_plan(tutorial: Path, standins: Registry, site: Any) -> None:
    imported = site.run("occopus-import", definitions(tutorial))
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout == ""
    assert "imported: " in imported.stderr
    planned = site.run("occopus", "plan", "--json", infra(tutorial))
    assert planned.returncode == 0, planned.stderr
    steps = json.loads(planned.stdout)["steps"]
    assert [step["node"] for step in steps] == [row["node"] for row in expected(tutorial)]
    assert {step["action"] for step in steps} == {"create"}


def test_without_its_backend_a_tutorial_says_which_package_to_install(tutorial: Path, site: Any) -> None:
    done = site.run("occopus", "validate", infra(tutorial), definitions(tutorial))
    assert (done.returncode, done.stdout) == (2, "")
    hints = {line.strip() for line in done.stderr.splitlines() if "pip install" in line}
    assert hints == {f"= pip install {package}" for package in PACKAGES[tutorial.name]}
    assert "warning" not in done.stderr


def test_importing_without_the_backend_warns_and_goes_on(tutorial: Path, site: Any) -> None:
    done = site.run("occopus-import", definitions(tutorial))
    assert done.returncode == 0
    assert {f"= pip install {package}" for package in PACKAGES[tutorial.name]} <= {line.strip() for line in done.stderr.splitlines()}

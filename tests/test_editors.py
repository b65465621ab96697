"""Editors complete and check what users write: by the schemas that Occopus prints, in the language server that editors really use."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from occopus.plugins.loading import load_plugins

from .language_server import PACKAGE, LanguageServer

ROOT = Path(__file__).parent.parent
TUTORIALS = ROOT.parent / "shared" / "tutorials"
OCCOPUS = Path(sys.executable).parent / "occopus"
REGISTRY = load_plugins()
BACKENDS = REGISTRY.names("resource handler")
MISSING = "NO YAML LANGUAGE SERVER: install node and npm, which fetches it"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The language server, from npm."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("npm")
    install = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", PACKAGE]
    done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{MISSING}: {done.stderr[-500:]}")
    return [node, str(folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"), "--stdio"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `occopus init` writes."""
    folder = tmp_path_factory.mktemp("project")
    subprocess.run([OCCOPUS, "init", folder, "--backend", "ec2"], capture_output=True, timeout=60, check=True)
    return folder


@pytest.fixture(scope="session")
def editor(program: list[str], project: Path) -> Iterator[LanguageServer]:
    """An editor with that folder open, and the settings that are in it."""
    settings = json.loads((project / ".vscode" / "settings.json").read_text())
    schemas = {(project / path).as_uri(): files for path, files in settings["yaml.schemas"].items()}
    yaml = {"customTags": settings["yaml.customTags"], "schemas": schemas, "validate": True, "hover": True, "completion": True}
    with LanguageServer(program, {"yaml": {**yaml, "schemaStore": {"enable": False}}, "http": {}}, project) as server:
        yield server


INFRASTRUCTURE = "# yaml-language-server: $schema=.schemas/infrastructure.json\n"
DEFINITIONS = "# yaml-language-server: $schema=../.schemas/node-definitions.json\n"


@pytest.mark.parametrize("name", ["infra.yaml", "nodes/node_definitions.yaml", "auth_data.yaml"])
def test_what_init_writes_has_no_faults(name: str, editor: LanguageServer, project: Path) -> None:
    assert editor.open(project / name).faults == []


DEFINITIONS_WITH_FAULTS = """\
'node_def:x':
  - resource:
      type: ec2
      endpoint: 5
      imge_id: ami-1
      regionname: eu-west-1
      instance_type: '{{ variables.size }}'
      key_name: !secret {env: KEY}
    health_check:
      ports: [80, x, '{{ variables.port }}', 70000]
  - resource: {type: ec3}
  - resource: !yaml_import {url: file://elsewhere.yaml}
    contextualisation:
      type: cloudinit
      context_template: !text_import {url: file://elsewhere.yaml}
      attributes: []
    health_chek:
"""


def test_faults_in_node_definitions(editor: LanguageServer, project: Path) -> None:
    assert editor.open(project / "nodes" / "faulty.yaml", DEFINITIONS + DEFINITIONS_WITH_FAULTS).faults == [
        (3, 5, 'Missing property "image_id".'),
        (5, 17, 'Incorrect type. Expected "string".'),
        (6, 7, "Property imge_id is not allowed."),
        (11, 19, 'Incorrect type. Expected "integer".'),
        (11, 46, "Value is above the maximum of 65535."),
        (12, 22, f"Value is not accepted. Valid values: {', '.join(json.dumps(type) for type in BACKENDS)}."),
        (17, 19, 'Incorrect type. Expected "object(cloudinit)".'),
        (18, 5, "Property health_chek is not allowed."),
    ]


INFRASTRUCTURE_WITH_FAULTS = """\
infra_name: a_b
nodes:
  - &A
    name: a
    tpe: b
    scaling: {min: 0}
  - {name: b, type: c, variables: {password: !secret {env: PASSWORD}}}
dependencies:
  - [*A, b]
  - [a]
  - {connection: [b, *A], mappings: [[one]]}
"""


def test_faults_in_infrastructures(editor: LanguageServer, project: Path) -> None:
    assert editor.open(project / "faulty.yaml", INFRASTRUCTURE + INFRASTRUCTURE_WITH_FAULTS).faults == [
        (2, 13, "It must be 1 to 63 letters, digits and hyphens."),
        (5, 5, 'Missing property "type".'),
        (6, 5, "Property tpe is not allowed."),
        (7, 20, "Value is below the minimum of 1."),
        (11, 5, "Array has too few items. Expected 2 or more."),
        (12, 38, "Array has too few items. Expected 2 or more."),
    ]


AUTH_DATA_WITH_FAULTS = """\
resource:
  - type: ec2
    auth_data: {accesskey: 1}
  - {type: of-another-machine, auth_data: {any: 1}}
  - {type: nova, endpoint: https://a.example.org, auth_data: {username: me, password: !secret {keyring: occopus/nova}}}
resources: []
"""


def test_faults_in_credentials(editor: LanguageServer, project: Path) -> None:
    assert editor.open(project / "faulty" / "auth_data.yaml", AUTH_DATA_WITH_FAULTS).faults == [
        (3, 5, 'Missing property "secretkey".'),
        (3, 28, 'Incorrect type. Expected "string".'),
        (6, 1, "Property resources is not allowed."),
    ]


def test_keys_are_offered_that_can_stand_there(editor: LanguageServer, project: Path) -> None:
    text = "'node_def:x':\n  - resource:\n      type: cloudsigma\n      description:\n        cpu: 2000\n        \n      \n    \n"
    opened = editor.open(project / "nodes" / "keys.yaml", DEFINITIONS + text)
    assert opened.offers("cpu: 2000\n        ")["mem"] == "The memory in bytes."
    keys = opened.offers("cpu: 2000\n        \n      ")
    assert keys["endpoint"] == "The URL of a site's API."
    assert {"libdrive_id", "name"} <= keys.keys()
    assert not {"type", "image_id", "cpu", "health_check"} & keys.keys(), "neither what is there, nor what other types and levels have"
    assert opened.offers("cpu: 2000\n        \n      \n    ")["health_check"] == "How to tell that it does its work."


def test_types_are_offered(editor: LanguageServer, project: Path) -> None:
    text = "'node_def:x':\n  - resource:\n      type: \n    contextualisation:\n      type: \n"
    opened = editor.open(project / "nodes" / "types.yaml", DEFINITIONS + text)
    offered = opened.offers("resource:\n      type: ")
    assert {type: offered[type] for type in BACKENDS} == {type: REGISTRY.resource_handler(type).summary for type in BACKENDS}
    contextualisers = opened.offers("contextualisation:\n      type: ")
    assert contextualisers["cloudinit"] == "User data for cloud-init"
    assert "ec2" not in contextualisers


def test_what_is_explained(editor: LanguageServer, project: Path) -> None:
    text = "'node_def:x':\n  - resource:\n      type: ec2\n      regionname: eu-west-1\n    health_check:\n      ports: [80]\n"
    opened = editor.open(project / "nodes" / "explained.yaml", DEFINITIONS + text)
    assert "The region; requests are signed for it." in opened.hover("regionname")
    assert "eu-west-1" in opened.hover("regionname"), "with an example"
    assert "Instances of Amazon EC2, and of clouds with the same interface" in opened.hover("ec2")
    assert "What the node runs on" in opened.hover("resource")
    assert "TCP ports that must accept a connection." in opened.hover("ports")
    infrastructure = editor.open(
        project / "explained.yaml", INFRASTRUCTURE + "infra_name: a\nnodes: [{name: a, type: b, scaling: {min: 2}}]\n"
    )
    assert "How many instances it may have." in infrastructure.hover("scaling")
    assert "Instances there are at least" in infrastructure.hover("min")


def published() -> Iterator[tuple[str, str]]:
    """All descriptions and node definitions that this repository, and the tutorials beside it, show to users."""
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("occopus-*/README.md"), *ROOT.glob("docs/*.md")]):
        for number, block in enumerate(re.findall(r"^```yaml[^\n]*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)):
            yield f"{page.relative_to(ROOT)} {number}", block
    for file in sorted((ROOT / "examples" / "message").rglob("*.yaml")):  # that of a stranger needs the stranger's package
        yield str(file.relative_to(ROOT)), file.read_text()
    with TemporaryDirectory() as folder:
        for tutorial in sorted(path for path in TUTORIALS.glob("*") if path.is_dir()):
            filled = shutil.copytree(tutorial, Path(folder) / tutorial.name)
            subprocess.run([sys.executable, TUTORIALS / "fill.py", filled], timeout=60, check=True)
        for file in sorted(Path(folder).rglob("*.yaml")):
            yield str(file.relative_to(folder)), file.read_text()


WHOLE = [
    (name, text, INFRASTRUCTURE if re.search(r"^infra_name:", text, re.MULTILINE) else DEFINITIONS)
    for name, text in published()
    if re.search(r"^(infra_name:|['\"]?node_def:)", text, re.MULTILINE)
]


@pytest.mark.parametrize(("name", "text", "schema"), WHOLE, ids=[name for name, *_ in WHOLE])
def test_what_is_published_has_no_faults(name: str, text: str, schema: str, editor: LanguageServer, project: Path) -> None:
    folder = project if schema == INFRASTRUCTURE else project / "nodes"
    faults = editor.open(folder / (re.sub(r"\W", "_", name) + ".yaml"), schema + text).faults
    assert [fault for fault in faults if not fault[2].startswith("Unused anchor")] == []  # what no schema can say

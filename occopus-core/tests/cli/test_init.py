"""occopus init, as a user runs it: what it writes is right, and for the local backend it builds at once."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from occopus.credentials import load_credentials
from occopus.diagnostics import Diagnostics
from occopus.schema.credentials import credentials_faults
from occopus.workspace import Workspace

MOON = """
from occopus.plugins import CredentialsSpec, Problem, ResourceHandlerSpec, SchemaRule, hookimpl, http_url, text

def has_a_side(section):
    if "near" not in section and "far" not in section and "api_token" not in section:
        yield Problem((), "one of api_token, near and far is needed")

@hookimpl
def occopus_resource_handlers():
    yield ResourceHandlerSpec(
        type="moon",
        handler="x:Moon",
        summary="Craters: on the moon",
        schema={
            "endpoint": text("Where it is.", required=True),
            "password": text("Who may land.", required=True),
            "crater": text("Its name: with a colon\\nand two lines.", example="Tycho: 1", required=True),
            "size": {"type": "integer", "min": 5, "max": 9, "required": True},
            "colour": text("How it looks.", allowed=["grey", "dark"], required=True),
            "code": {"type": "string", "regex": "[0-9]+", "required": True},
            "places": {"type": "list", "required": True, "minlength": 1, "schema": {"type": "dict", "schema": {
                "x": {"type": "float", "min": 0.5, "required": True}, "y": {"type": "float"}}}},
            "deep": {"type": "dict", "required": True, "schema": {"down": {"type": "dict", "required": True, "schema": {
                "there": {"type": "string", "required": True, "allowed": ["yes"]}, "and": {"type": "boolean"}}}}},
            "any": {},
            "api_token": text("A secret."),
            "near": {"type": "string", "meta": {"secret": True}},
            "far": {"type": "string"},
            "old": text("Deprecated: the same as `crater`."),
            "on": {"type": "boolean"},
        },
        checks=(http_url("endpoint", "https://moon.example.org"), has_a_side),
        credentials=CredentialsSpec({"user": {"type": "string", "required": True}, "api_key": text("The key.", required=True)}),
    )
    yield ResourceHandlerSpec(type="impossible", handler="x:Y", schema={"never": {"type": "string", "regex": "zz+y", "required": True}})
"""


@pytest.fixture
def moon(site: Any) -> Any:
    site.install("occopus-moon", MOON)
    return site


def test_what_it_writes_for_local_builds_at_once_and_serves(home: Any) -> None:
    done = home.run("occopus", "init", "first", "--backend", "local")
    assert done.stdout == ""
    assert [line.removeprefix("written: ") for line in done.stderr.splitlines()[:3]] == [
        "first/infra.yaml",
        "first/nodes/node_definitions.yaml",
        "first/nodes/cloud_init_web.yaml",
    ]
    said = [line.strip() for line in done.stderr.split("next:\n")[1].splitlines()]
    assert said[0] == "cd first"
    assert all(command.startswith("occopus ") for command in said[1:])
    folder = home.path / "first"
    for command in said[1:]:
        process = home.start(*command.split(), cwd=folder)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    infra_id = out.strip()
    (instance,) = home.instances
    address = instance.addresses[0].value
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}:8080/", timeout=30) as answer:
        assert answer.read() == b"Hello from web"
    home.run("occopus", "destroy", "-i", infra_id)
    home.assert_nothing_left()


def test_a_backend_that_nobody_knew_gets_files_that_are_right(moon: Any, tmp_path: Path) -> None:
    done = moon.run("occopus", "init", tmp_path / "base", "--backend", "moon")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"cd {tmp_path / 'base'}" in done.stderr
    assert "fill in what is yours, above all where it says 'change-me'" in done.stderr
    folder = tmp_path / "base"
    checked = moon.run("occopus", "validate", folder / "infra.yaml", folder / "nodes" / "node_definitions.yaml")
    assert (checked.returncode, checked.stderr) == (0, "valid: base: 1 node, 0 dependencies, 1 node definition\n")
    text = (folder / "nodes" / "node_definitions.yaml").read_text()
    read = yaml.safe_load(text.replace("!secret", ""))
    assert read["node_def:web"][0]["resource"] == {
        "type": "moon",
        "endpoint": "https://change-me.example.org",
        "password": {"env": "MOON_PASSWORD"},
        "crater": "Tycho: 1",
        "size": 5,
        "colour": "grey",
        "code": "1",
        "places": [{"x": 0.5}],
        "deep": {"down": {"there": "yes"}},
        "far": "change-me",
    }
    lines = [line.strip() for line in text.splitlines()]
    assert "# How nodes are made. Here: Craters: on the moon" in lines
    assert lines[lines.index("crater: 'Tycho: 1'") - 1] == "# Its name: with a colon and two lines."
    assert {"#and: false", "#'on': false", "#near: !secret {env: MOON_NEAR}", "#any: change-me"} <= set(lines)
    assert "old" not in text


def test_lines_with_a_mark_can_be_used(moon: Any, tmp_path: Path) -> None:
    moon.run("occopus", "init", tmp_path, "--backend", "moon")
    files = [tmp_path / "infra.yaml", tmp_path / "nodes" / "node_definitions.yaml"]
    for path in files:
        lines = path.read_text().splitlines()
        used = [
            line.replace("#", "", 1) if line.lstrip().startswith("#") and not line.lstrip().startswith("# ") else line for line in lines
        ]
        assert used != lines
        path.write_text("\n".join(used).replace("[web, database]", "[web, db]"))
    with files[0].open("a") as file:
        file.write("\nvariables: {}\n")
    text = files[0].read_text().replace("dependencies:\n", "  - {name: db, type: web}\ndependencies:\n")
    files[0].write_text(text)
    checked = moon.run("occopus", "validate", *files)
    assert checked.returncode == 0, checked.stderr
    assert "valid: " in checked.stderr


def test_credentials_go_into_a_file_that_only_the_user_reads(moon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moon.run("occopus", "init", tmp_path, "--backend", "moon")
    path = tmp_path / "auth_data.yaml"
    assert path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("MOON_API_KEY", "well hidden")
    diagnostics = Diagnostics()
    credentials = load_credentials(path, diagnostics)
    assert diagnostics.faults == ()
    auth_data = credentials.select("resource", {"type": "moon"})
    assert auth_data == {"user": "change-me", "api_key": "well hidden"}
    spec = Workspace.open().registry.resource_handler("moon").credentials
    assert spec
    assert credentials_faults(spec, auth_data) == []
    for place in ("--auth_data_path", "$OCCOPUS_AUTH_DATA_PATH", "~/.occopus/auth_data.yaml", "./auth_data.yaml"):
        assert place in path.read_text()


def test_rules_that_no_value_is_found_for_leave_their_key_out(moon: Any, tmp_path: Path) -> None:
    assert moon.run("occopus", "init", tmp_path, "--backend", "impossible").returncode == 0
    checked = moon.run("occopus", "validate", tmp_path / "infra.yaml", tmp_path / "nodes" / "node_definitions.yaml")
    assert "the key 'never' is missing" in checked.stderr
    assert "#never: ''" in (tmp_path / "nodes" / "node_definitions.yaml").read_text()


def test_editors_get_schemas_and_settings_and_lose_none(site: Any, tmp_path: Path) -> None:
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("mine")
    assert site.run("occopus", "init", tmp_path, "--backend", "local").returncode == 0
    assert settings.read_text() == "mine"
    for name, kind in (("infra.yaml", "infrastructure"), ("nodes/node_definitions.yaml", "node-definitions")):
        first = (tmp_path / name).read_text().splitlines()[0]
        schema = (tmp_path / name).parent / first.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text()) == json.loads(site.run("occopus", "schema", kind).stdout)
    assert json.loads((tmp_path / ".schemas" / "credentials.json").read_text())["title"] == "Occopus credentials"


@pytest.mark.parametrize("there", ["infra.yaml", "nodes/node_definitions.yaml", "nodes/cloud_init_web.yaml"])
def test_what_is_there_stays(there: str, site: Any, tmp_path: Path) -> None:
    mine = tmp_path / "mine" / there
    mine.parent.mkdir(parents=True)
    mine.symlink_to(tmp_path / "nowhere")
    done = site.run("occopus", "init", tmp_path / "mine", "--backend", "local")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: already there: {mine}\n  = nothing was written; give another folder\n"
    assert [path for path in (tmp_path / "mine").rglob("*") if not path.is_dir()] == [mine]


def test_where_writing_fails_nothing_stays(site: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "nodes").write_text("a file")
    done = site.run("occopus", "init", tmp_path / "mine", "--backend", "local")
    assert done.returncode == 2
    assert "nodes' can't be written: " in done.stderr
    assert os.listdir(tmp_path / "mine") == ["nodes"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "error: which backend?\n  = give --backend with one of: impossible, local, moon\n"),
        (["--backend", "mon"], "error: no resource handler 'mon' is installed\n  = did you mean 'moon'?\n"),
        (["--backend", "ec2"], "error: no resource handler 'ec2' is installed\n  = pip install occopus-ec2\n"),
    ],
)
def test_without_an_answer(arguments: list[str], words: str, moon: Any, tmp_path: Path) -> None:
    done = moon.run("occopus", "init", tmp_path / "new", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", words)
    assert not (tmp_path / "new").exists()

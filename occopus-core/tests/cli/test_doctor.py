"""occopus doctor: what it finds in files of the original and in others, what is well, and that it tells no secret."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from occopus.doctor.examination import examine
from occopus.doctor.report import Report
from occopus.workspace import Workspace

EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
CLOUD = """
from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl

@hookimpl
def occopus_resource_handlers():
    schema = {"endpoint": {"type": "string"}, "name": {"type": "string"}, "vnc_password": {"type": "string"}}
    needs = CredentialsSpec({"user": {"type": "string", "required": True}, "key": {"type": "string", "required": True}})
    yield ResourceHandlerSpec("cloud", "nowhere:Cloud", schema, credentials=needs)
"""
CONFIGURATION = """
plugins: !python_import [some.module]
components:
  rest: {host: 10.0.0.1, port: 5001}
  uds: !UDS &uds
    protocol: redis
    host: 127.0.0.1
    port: 1
    altdbs: {node_def: 1}
  infobroker: !InfoRouter
    sub_providers:
      - *uds
  dry_run: False
logging:
  version: 1
"""
INFRA = """
infra_name: shop
user_id: me
nodes:
- {name: web, type: web}
"""


@pytest.fixture
def home(site: Any, occopus_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that everything is run in; a backend that needs credentials is installed."""
    site.install("occopus-cloud", CLOUD)
    monkeypatch.chdir(os.environ["HOME"])
    return Path(os.environ["HOME"])


@pytest.fixture
def look(home: Path) -> Callable[..., Report]:
    """Writes files (the double underscore of a name becomes a dot) and examines those that are no configuration."""

    def run(**files: str) -> Report:
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(dedent(text).lstrip("\n"))
            Path(f"{name}.yaml").chmod(0o600)
        given = [f"{name}.yaml" for name in files if name not in ("occopus_config", "auth_data")]
        return examine(given, None, None, os.environ)

    return run


def told(report: Report) -> list[str]:
    """Each finding as `file:line:column message = hint`, errors with their label."""
    return [f"{f.position or ''} {'' if f.warning else 'error: '}{f.message}" + (f" = {f.hint}" if f.hint else "") for f in report.findings]


def test_nothing_to_be_found_and_nothing_made(site: Any, home: Path, occopus_home: Path) -> None:
    done = site.run("occopus", "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["well: configuration: none, so every setting has its default", "well: authentication: no file"]
    assert done.stdout.splitlines()[2].startswith("well: installed: occopus-cloud 1.0, occopus-core ")
    assert done.stdout.splitlines()[3:] == [
        f"well: store: {occopus_home}/occopus.db, which will be made when it is needed",
        "0 to be changed before it works, 0 deprecated, in vain or doubtful",
    ]
    assert (list(home.iterdir()), list(occopus_home.iterdir())) == ([], [])


def test_every_entry_of_an_original_configuration_is_explained_at_its_place(look: Callable[..., Report]) -> None:
    found = [each for each in told(look(occopus_config=CONFIGURATION)) if each.startswith("occopus_config.yaml")]
    assert found == [
        "occopus_config.yaml:1:1 this is a configuration of Occopus 1; it works"
        " = today it says: store: {url: 'redis://127.0.0.1:1/0'}; rest: {host: 10.0.0.1, port: 5001}",
        "occopus_config.yaml:1:1 'plugins' means nothing any more: plugins that are installed are found: 'occopus plugins' shows them"
        " = remove it",
        "occopus_config.yaml:8:5 'components.uds.altdbs' means nothing any more: everything is kept in one database = remove it",
        "occopus_config.yaml:9:3 'components.infobroker' means nothing any more: no object is made from a configuration any more"
        " = remove it",
        "occopus_config.yaml:12:3 'components.dry_run' means nothing any more: 'occopus plan' and 'occopus render' show what would be done"
        " = remove it",
        "occopus_config.yaml:14:3 'logging.version' means nothing any more: there is one log, with 'logging.file' and 'logging.level'"
        " = remove it",
    ]


def test_what_it_says_a_configuration_says_today_is_read_and_means_the_same(look: Callable[..., Report], home: Path) -> None:
    first, *_ = look(occopus_config=CONFIGURATION).findings
    before = Workspace.open().settings
    today = (first.hint or "").removeprefix("today it says: ").replace("; ", "\n")
    report = look(occopus_config=today)
    assert [each for each in told(report) if "config" in each] == []
    assert Workspace.open().settings == before


def test_a_store_that_can_not_be_reached_must_be_changed(look: Callable[..., Report]) -> None:
    report = look(occopus_config="store: {url: 'redis://:hunter2hunter@127.0.0.1:1/0'}")
    assert report.errors == 1
    assert "can't be reached" in report.as_text()
    assert "hunter2hunter" not in report.as_text()


def test_a_configuration_with_faults_does_not_end_the_examination(look: Callable[..., Report]) -> None:
    report = look(occopus_config="stor: {}", auth_data="resource: [{type: cloud, auth_data: {user: a, key: bbbb}}]")
    assert told(report) == ["occopus_config.yaml:1:1 error: the setting 'stor' is not known = did you mean 'store'?"]
    assert "has entries for: cloud" in report.as_text()


ENTRIES = [
    ("{type: cloud, auth_data: {user: a, key: hunter2}}", []),
    ("{type: cloud, auth_data: {user: a}}", ["the entry for 'cloud': the key 'key' is missing"]),
    (
        "{type: cloud, auth_data: {user: a, kay: hunter2}}",
        ["the entry for 'cloud': unknown key 'kay' (did you mean 'key'?)", "the entry for 'cloud': the key 'key' is missing"],
    ),
    ("{type: cloud, auth_data: {user: a, key: !secret {env: HOME}}}", []),
    (
        "{type: cloud, auth_data: {user: a, key: !secret {env: NOT_SET}}}",
        ["the entry for 'cloud': there is no value for '!secret env:NOT_SET' = set the environment variable NOT_SET"],
    ),
    ("{type: cloud, auth_data: {user: a, key: hunter2, proxy: x}}", ["the entry for 'cloud': 'proxy' is not used"]),
    (
        "{type: cloud, auth_data: {user: your_username, key: hunter2}}",
        ["the entry for 'cloud': 'user' has the value that the example file has = put your own there"],
    ),
    (
        "{type: cloud, nmae: x, auth_data: {user: a, key: hunter2}}",
        ["the entry for 'cloud': it fits nothing, as 'resource' of this type has no key 'nmae' = did you mean 'name'?"],
    ),
    (
        "{type: ec2, auth_data: {accesskey: hunter2}}",
        ["the entry for 'ec2': no resource handler 'ec2' is installed = pip install occopus-ec2"],
    ),
    ("{type: occi, auth_data: {proxy: hunter2}}", ["the entry for 'occi': no resource handler 'occi' is installed = OCCI was dropped"]),
    ("{type: local, auth_data: {a: hunter2}}", ["the entry for 'local': it is not used, as this type needs no credentials = remove it"]),
    ("{type: docker, auth_data: notneeded}", ["docker needs no entry, and this one says nothing = remove it"]),
    ("{type: cloud, auth_data: {type: voms, proxy: hunter2}}", ["'type: voms' is not supported any more: it was dropped in release 1.10"]),
    (
        "{type: cloud, auth_data: {user: a, key: hunter2}}, {type: cloud, auth_data: {user: b, key: hunter2}}",
        ["there is an entry for 'cloud' with the same keys already, so neither can be chosen = remove one, or give it a key more"],
    ),
]


@pytest.mark.parametrize(("entries", "expected"), ENTRIES)
def test_an_entry_of_the_authentication_file(entries: str, expected: list[str], look: Callable[..., Report]) -> None:
    report = look(auth_data=f"resource: [{entries}]")
    found = told(report)
    assert len(found) == len(expected)
    assert all(each.startswith("auth_data.yaml:1:") and words in each for each, words in zip(found, expected, strict=True))
    assert (report.errors, "hunter2" in report.as_text()) == (0, False)


def test_an_authentication_file_that_others_can_read(look: Callable[..., Report], home: Path) -> None:
    look(auth_data="resource: []")
    (home / "auth_data.yaml").chmod(0o644)
    assert told(look_again()) == [" the authentication file 'auth_data.yaml' can be read by others (0644) = chmod 600 auth_data.yaml"]


def look_again() -> Report:
    return examine([], None, None, os.environ)


def test_a_node_without_credentials_must_be_changed(look: Callable[..., Report]) -> None:
    nodes = "'node_def:web':\n- resource: {type: cloud, endpoint: http://one}\n"
    assert told(look(infra=INFRA, nodes=nodes)) == [
        "nodes.yaml:2:3 error: node_def:web: no credentials fit {type: cloud, endpoint: http://one} under 'resource':"
        " there is no authentication file = add an entry to the authentication file"
        " (--auth_data_path, $OCCOPUS_AUTH_DATA_PATH or ~/.occopus/auth_data.yaml)"
    ]
    wrong = look(infra=INFRA, nodes=nodes, auth_data="resource: [{type: cloud, auth_data: {user: a}}]")
    assert [each for each in told(wrong) if "error" in each] == [
        "nodes.yaml:2:3 error: node_def:web: the key 'key' is missing (the entry {type: cloud} (line 1) in 'auth_data.yaml')"
    ]
    assert told(look(infra=INFRA, nodes=nodes, auth_data="resource: [{type: cloud, auth_data: {user: a, key: b}}]")) == []


def test_secrets_in_the_open_are_named_and_not_told(look: Callable[..., Report]) -> None:
    """Not even where the secret is a word of the advice, as in published descriptions."""
    nodes = """
        'node_def:web':
        - resource: {type: cloud, vnc_password: secret}
          config_management: !yaml_import {url: file://chef.yaml}
          contextualisation: {type: basic, attributes: {db: [{token: "{{ variables.t }}", api_key: !secret {env: X}, pw: hunter2}]}}
    """
    report = look(nodes=nodes, auth_data="resource: [{type: cloud, auth_data: {user: a, key: b}}]", chef="type: none\n")
    open_ones = [each for each in told(report) if "in the open" in each]
    advice = " = say where it is: !secret {env: NAME}, !secret {file: PATH} or !secret {keyring: SERVICE/NAME}"
    assert open_ones == [
        f"nodes.yaml:2:41 'vnc_password' stands here in the open, and will be stored so{advice}",
        f"nodes.yaml:4:114 'pw' stands here in the open, and will be stored so{advice}",
    ]
    shown = report.as_text()
    assert "vnc_password: ********" in shown
    assert "hunter2" not in shown


def test_what_validation_warns_of_is_said_and_is_no_failure(site: Any, home: Path) -> None:
    (home / "infra.yaml").write_text("infra_name: x\nnodes:\n- {name: a, type: a}\n")
    (home / "nodes.yaml").write_text("'node_def:a':\n- resource: {type: local, name: }\n")
    done = site.run("occopus", "doctor", "--json", "infra.yaml", "nodes.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert [(each["severity"], each["file"], each["line"], each["message"]) for each in report["findings"]] == [
        ("warning", "infra.yaml", 1, "the key 'user_id' is missing"),
        ("warning", "nodes.yaml", 2, "'name' has no value: it is as if it were left out"),
    ]
    assert "read: infra.yaml, nodes.yaml" in report["well"]


def test_a_missing_package_must_be_installed(site: Any, home: Path) -> None:
    (home / "nodes.yaml").write_text("'node_def:a':\n- resource: {type: ec2}\n")
    done = site.run("occopus", "doctor", "nodes.yaml", "nowhere.yaml")
    assert (done.returncode, done.stderr) == (1, "")
    assert "= pip install occopus-ec2\n" in done.stdout
    assert "nowhere.yaml" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 to be changed before it works, 1 deprecated, in vain or doubtful"


def test_without_files_what_was_imported_is_looked_at(site: Any, home: Path) -> None:
    (home / "nodes.yaml").write_text("'node_def:a':\n- resource: {type: cloud}\n'node_def:b':\n- resource: {type: cloud}\n")
    assert site.run("occopus-import", "nodes.yaml").returncode == 0
    found = told(look_again())
    assert [each.partition(":")[2].strip()[:60] for each in found] == [
        "node_def:a: no credentials fit {type: cloud} under 'resource",
        "node_def:b: no credentials fit {type: cloud} under 'resource",
    ]


def test_packages_that_do_not_load(site: Any, home: Path) -> None:
    site.install("occopus-broken", "raise RuntimeError('no licence')")
    (finding,) = told(look_again())
    assert finding == " occopus-broken does not load: can't be imported: RuntimeError: no licence = pip install -U occopus-broken"


def test_help_says_what_the_exit_code_means(site: Any) -> None:
    said = site.run("occopus", "doctor", "--help").stdout
    assert "The exit code is 1 where something must be changed" in said
    assert "occopus doctor infra.yaml nodes/node_definitions.yaml" in said

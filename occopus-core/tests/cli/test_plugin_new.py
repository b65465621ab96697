"""occopus plugin new, as an author runs it: names, refusals, and what is written. That it works is tested where packages are installed."""

from __future__ import annotations

import ast
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from occopus.plugins import CONTRACT_VERSION, hookspecs
from occopus.scaffold.kinds import KINDS
from occopus.scaffold.names import LONGEST, Names
from occopus.scaffold.writing import TEMPLATES

HOOKS = {
    "resource": "occopus_resource_handlers",
    "contextualiser": "occopus_contextualisers",
    "config-manager": "occopus_config_managers",
    "health-check": "occopus_health_checks",
    "notifier": "occopus_notifiers",
}


def everything_in(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("kind", KINDS)
def test_package_is_whole(site: Any, tmp_path: Path, kind: str) -> None:
    done = site.run("occopus", "plugin", "new", "my_cloud", "--kind", kind, "--into", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    folder = tmp_path / "occopus-my-cloud"
    texts = {path: (text or b"").decode() for path, text in everything_in(folder).items()}
    assert {"README.md", ".gitignore", "src/occopus_my_cloud/py.typed", "tests/test_conformance.py"} <= texts.keys()

    project = tomllib.loads(texts["pyproject.toml"])["project"]
    assert project["name"] == "occopus-my-cloud"
    assert project["entry-points"]["occopus"] == {"my_cloud": "occopus_my_cloud.plugin"}
    assert texts["README.md"].startswith("# occopus-my-cloud\n")

    plugin = texts["src/occopus_my_cloud/plugin.py"]
    assert f"\nCONTRACT = {CONTRACT_VERSION}\n" in plugin
    assert f"\n@hookimpl\ndef {HOOKS[kind]}()" in plugin
    assert '"my_cloud"' in plugin

    for path, text in texts.items():
        assert not re.search(r"\{\{ ?names|MODULE|\{%", text), f"{path} has a part of a template"
        assert "/tmp" not in text, f"{path} names a folder of this machine"
        if path.endswith(".py"):
            ast.parse(text)
            assert text.count("\n") <= 150, f"{path} is long"
    assert any("REPLACE" in text for text in texts.values()), "the author is told where to begin"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_leads_on(site: Any, tmp_path: Path, kind: str) -> None:
    first, *steps = site.run("occopus", "plugin", "new", "acme", "--kind", kind, "--into", tmp_path).stderr.splitlines()
    assert first == f"made {tmp_path / 'occopus-acme'}: a {KINDS[kind].noun} that works, for you to make it yours"
    assert [step.split()[0] for step in steps] == ["cd", "pytest", "occopus", "grep"]


def test_without_more_it_is_a_backend_in_the_folder_where_one_is(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    site.run("occopus", "plugin", "new", "acme")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["occopus-acme"]
    assert (tmp_path / "here" / "occopus-acme" / "src" / "occopus_acme" / "handler.py").exists()


def test_handler_is_short() -> None:
    handler = TEMPLATES / "resource" / "src" / "MODULE" / "handler.py.jinja"
    assert handler.read_text().count("\n") < 120, "authors read it as an example"


def test_every_kind_has_its_hook() -> None:
    assert HOOKS.keys() == KINDS.keys() == {folder.name for folder in TEMPLATES.iterdir()} - {"common"}
    assert {*HOOKS.values(), "occopus_schema_rules"} == {name for name in vars(hookspecs) if name.startswith("occopus_")}


@pytest.mark.parametrize("name", ["a", "acme", "azure_vm", "my-cloud-2", "x" * LONGEST])
def test_good_names(name: str) -> None:
    names = Names.of(name)
    assert names.module.isidentifier()
    assert names.camel.isidentifier()
    assert re.fullmatch(r"occopus-[a-z0-9-]+", names.package)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MyCloud", "mycloud"),
        ("my cloud", "my-cloud"),
        ("my.cloud/", "my-cloud"),
        ("Größe", "grosse"),
        ("occopus-acme", "acme"),
        ("occopus_acme", "acme"),
        ("3par", "par"),
        ("-acme-", "acme"),
        ("my--cloud", "my-cloud"),
        ("my_-cloud", "my-cloud"),
        ("x" * 30, "x" * LONGEST),
        ("云", "mycloud"),
        ("", "mycloud"),
        ("../acme", "acme"),
        ("acme\n", "acme"),
    ],
)
def test_bad_names(site: Any, tmp_path: Path, name: str, near: str) -> None:
    done = site.run("occopus", "plugin", "new", "--into", tmp_path / "site", "--", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be the name of a plugin" in done.stderr
    assert f"'{near}', for example" in done.stderr
    assert Names.of(near).name == near
    assert list((tmp_path / "site").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("core", "resource", "'occopus-core' is a package of Occopus itself"),
        ("azure_aci", "notifier", "'occopus-azure-aci' is a package of Occopus itself"),
        ("local", "resource", "the resource handler 'local' is offered by occopus-core already"),
        ("cloudinit", "contextualiser", "the contextualiser 'cloudinit' is offered by occopus-core already"),
        ("ports", "health-check", "the health check 'ports' is offered by occopus-healthchecks already"),
        ("timeout", "health-check", "the health check 'timeout' is offered by occopus-core already"),
        ("pigeon", "notifier", "the notifier 'pigeon' is offered by pigeons already"),
    ],
)
def test_names_that_mean_something_already(site: Any, tmp_path: Path, name: str, kind: str, words: str) -> None:
    site.install(
        "pigeons",
        """
        from occopus.plugins import NotifierSpec, hookimpl
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("pigeon", "x:Y", {})
        """,
    )
    (tmp_path / "here").mkdir()
    done = site.run("occopus", "plugin", "new", name, "--kind", kind, "--into", tmp_path / "here")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {words}\n  = take another name\n"
    assert list((tmp_path / "here").iterdir()) == []


def test_what_one_has_begun_oneself_can_be_begun_again(site: Any, tmp_path: Path) -> None:
    site.install(
        "occopus-pigeon",
        """
        from occopus.plugins import NotifierSpec, hookimpl
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("pigeon", "x:Y", {})
        """,
    )
    assert site.run("occopus", "plugin", "new", "pigeon", "--kind", "notifier", "--into", tmp_path).returncode == 0


@pytest.mark.parametrize("what", ["folder", "file", "link to nothing"])
def test_what_is_there_stays_as_it_was(site: Any, tmp_path: Path, what: str) -> None:
    place = tmp_path / "site" / "occopus-acme"
    if what == "folder":
        place.mkdir()
        (place / "README.md").write_text("mine")
    elif what == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path / "nothing")
    before = everything_in(tmp_path / "site")
    done = site.run("occopus", "plugin", "new", "acme", "--into", tmp_path / "site")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'{place}' is there already\n  = give the plugin another name" in done.stderr
    assert everything_in(tmp_path / "site") == before
    assert not (tmp_path / "nothing").exists()


def test_a_folder_that_is_not_there(site: Any, tmp_path: Path) -> None:
    done = site.run("occopus", "plugin", "new", "acme", "--into", tmp_path / "nowhere")
    assert done.returncode == 2
    assert f"'{tmp_path / 'nowhere' / 'occopus-acme'}' can't be written: No such file or directory" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_all_is_written_or_nothing(tmp_path: Path, occopus_home: Path) -> None:
    """The longer files don't find room."""
    (tmp_path / "here").mkdir()
    command = [sys.executable, "-m", "occopus", "plugin", "new", "acme", "--into", str(tmp_path / "here")]

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    environment = {"PATH": "", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=no_large_files, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be written: File too large" in done.stderr
    assert list((tmp_path / "here").iterdir()) == []


def test_a_kind_that_is_none(site: Any) -> None:
    done = site.run("occopus", "plugin", "new", "acme", "--kind", "backend")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(kind in done.stderr for kind in KINDS)


def test_help_has_an_example(site: Any) -> None:
    assert "occopus plugin new mycloud\n" in site.run("occopus", "plugin", "new", "--help").stdout

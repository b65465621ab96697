"""What `occopus plugin new` writes works at once: it installs, is in use, keeps its contract, and is clean. For each kind, as its author.

It needs hatchling, ruff and mypy beside pytest.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from occopus.scaffold.kinds import KINDS
from occopus.scaffold.names import LONGEST

NAMES = {kind: f"my-{kind.replace('-', '_')}" for kind in KINDS}

MAY_BE_SKIPPED = ("tells no costs", "the settings hold no secret", "needs the fixture 'is_confined' where the section says")
"""What does not apply; whatever else is skipped lacks a fixture."""


@dataclass
class Bench:
    """New packages, one of each kind, installed in a folder beside the interpreter's own."""

    path: Path

    @property
    def site(self) -> Path:
        return self.path / "site"

    def folder(self, kind: str) -> Path:
        return self.path / f"occopus-{NAMES[kind].replace('_', '-')}"

    @property
    def environment(self) -> Mapping[str, str]:
        own = {"HOME": str(self.path), "OCCOPUS_DATA_DIR": str(self.path / "data"), "PYTHONPATH": str(self.site), "COLUMNS": "200"}
        return {"PATH": os.environ["PATH"], **own}

    def run(self, module: str, *arguments: str | Path, at: Path | None = None) -> str:
        """What a command prints, which must end well."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=at or self.path, env=self.environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{module} {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("scaffold"))
    for kind, name in NAMES.items():
        bench.run("occopus", "plugin", "new", name, "--kind", kind)
    folders = [bench.folder(kind) for kind in KINDS]
    options = ["-q", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", bench.site]
    environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "pip", "install", *options, *folders]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return bench


def test_all_are_in_use(bench: Bench) -> None:
    rows = json.loads(bench.run("occopus", "plugins", "--json"))
    ours = {row["name"]: (row["kind"], row["package"], row["status"]) for row in rows if row["name"] in NAMES.values()}
    assert ours == {NAMES[kind]: (KINDS[kind].noun, bench.folder(kind).name, "ok") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_its_contract(bench: Bench, kind: str) -> None:
    said = bench.run("pytest", "-q", "-rs", "-p", "no:cacheprovider", at=bench.folder(kind))
    skipped = [line for line in said.splitlines() if line.startswith("SKIPPED") and not any(reason in line for reason in MAY_BE_SKIPPED)]
    assert skipped == [], "its author must give all fixtures"
    passed = re.search(r"(\d+) passed", said)
    assert passed
    assert int(passed[1]) >= 20, said


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_well_typed(bench: Bench, kind: str) -> None:
    bench.run("mypy", "--cache-dir", bench.path / "types", at=bench.folder(kind))


@pytest.mark.parametrize("name", ["short", "typical", "long"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_in_good_style(bench: Bench, kind: str, name: str, tmp_path: Path) -> None:
    """Whatever its name is: lines become longer and shorter with it."""
    folder = bench.folder(kind)
    if name != "typical":
        bench.run("occopus", "plugin", "new", "x" if name == "short" else "m" * LONGEST, "--kind", kind, "--into", tmp_path)
        [folder] = tmp_path.iterdir()
    bench.run("ruff", "check", "--no-cache", at=folder)
    bench.run("ruff", "format", "--check", "--no-cache", at=folder)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "notifier"])
def test_its_example_is_valid(bench: Bench, kind: str) -> None:
    examples = bench.folder(kind) / "examples"
    said = bench.run("occopus", "validate", examples / "infra.yaml", examples / "nodes.yaml")
    assert said.startswith("valid: example: "), "without a warning"


def test_its_target_is_valid(bench: Bench) -> None:
    """Events of an infrastructure that runs on this machine can be sent there."""
    web = bench.folder("contextualiser") / "examples"
    nodes = (web / "nodes.yaml").read_text() + "    health_check: {ping: false}\n"
    (bench.path / "nodes.yaml").write_text(nodes)
    infra_id = bench.run("occopus", "build", web / "infra.yaml", "--nodes", "nodes.yaml").splitlines()[0]
    try:
        said = bench.run("occopus", "notify", "-i", infra_id, "--file", bench.folder("notifier") / "examples" / "targets.yaml")
        assert said.split() == [NAMES["notifier"], "operations", "(ready,", "failed,", "destroyed)"]
    finally:
        bench.run("occopus", "destroy", "-i", infra_id)

"""occopus init for every backend that is installed: the files that it writes are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from occopus.credentials import Credentials, load_credentials
from occopus.diagnostics import Diagnostics
from occopus.model.secret import SecretReference
from occopus.plugins.loading import load_plugins
from occopus.schema.credentials import credentials_faults

OCCOPUS = Path(sys.executable).parent / "occopus"
REGISTRY = load_plugins()
BACKENDS = REGISTRY.names("resource handler")
WITHOUT_CREDENTIALS = {"local", "docker"}


def run(*arguments: str | Path) -> str:
    done = subprocess.run([OCCOPUS, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_written_is_right(backend: str, tmp_path: Path, occopus_home: Path) -> None:
    folder = tmp_path / "first"
    run("init", folder, "--backend", backend)
    assert run("validate", folder / "infra.yaml", folder / "nodes" / "node_definitions.yaml") == (
        "valid: first: 1 node, 0 dependencies, 1 node definition\n"
    )
    assert (folder / "auth_data.yaml").exists() == (backend not in WITHOUT_CREDENTIALS)


@pytest.mark.parametrize("backend", sorted(set(BACKENDS) - WITHOUT_CREDENTIALS))
def test_credentials_are_what_the_backend_takes(backend: str, tmp_path: Path, occopus_home: Path) -> None:
    run("init", tmp_path, "--backend", backend)
    asked_for: list[str] = []

    def look_up(reference: SecretReference) -> str:
        asked_for.append(reference.name)
        return "a secret that is looked up"

    diagnostics = Diagnostics()
    credentials = Credentials(load_credentials(tmp_path / "auth_data.yaml", diagnostics).entries, look_up=look_up)
    auth_data = credentials.select("resource", {"type": backend})
    spec = REGISTRY.resource_handler(backend).credentials
    assert diagnostics.faults == ()
    assert auth_data
    assert spec
    assert credentials_faults(spec, auth_data) == []
    assert all(name.startswith(f"{backend}_".upper()) for name in asked_for)
    secret = [key for key, rule in spec.schema.items() if rule.get("meta", {}).get("secret")]
    assert all(auth_data[key] == "a secret that is looked up" for key in secret if key in auth_data), "no secret is written"

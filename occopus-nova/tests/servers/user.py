"""Occopus as its users run it: the installed commands in a directory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(sys.executable).parent
PATIENCE = 300.0
"""Seconds after which a test no longer believes that something will happen."""

CLOUD_CONFIG = "#cloud-config\nwrite_files:\n- path: /tmp/hello\n  content: '{{ variables.message }} from {{ name }}'\n"


def until(condition: Callable[[], Any], what: str, every: float = 0.1) -> Any:
    """What a condition gives as soon as it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} does not happen"
        time.sleep(every)
    return found


@dataclass
class Home:
    """A user's directory: `infra.yaml`, `nodes.yaml` and `auth.yaml`."""

    path: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def describe(
        self,
        auth_data: dict[str, Any],
        *implementations: dict[str, Any],
        nodes: dict[str, int] | None = None,
        types: dict[str, list[dict[str, Any]]] | None = None,
        **more: Any,
    ) -> None:
        """Nodes with how many there are to be. Each has the implementations (resource sections) that `types` has under its name, or else
        those that are given for all.
        """
        nodes, types = nodes or {"web": 1}, types or {}
        listed = [
            {"name": name, "type": name if name in types else "machine", "scaling": {"min": count, "max": 20}, "create_timeout": 240}
            for name, count in nodes.items()
        ]
        context = {"type": "cloudinit", "context_template": CLOUD_CONFIG}
        definitions = {
            f"node_def:{type}": [{"resource": each, "contextualisation": context, "health_check": {"ping": False}} for each in sections]
            for type, sections in {"machine": implementations, **types}.items()
            if sections
        }
        self.write("infra.yaml", {"infra_name": "test", "user_id": "me", "nodes": listed, "variables": {"message": "Hello"}, **more})
        self.write("nodes.yaml", definitions)
        self.authenticate(auth_data)

    def authenticate(self, auth_data: dict[str, Any]) -> None:
        self.write("auth.yaml", {"resource": [{"type": "nova", "auth_data": auth_data}]})
        (self.path / "auth.yaml").chmod(0o600)

    def write(self, name: str, data: object) -> None:
        (self.path / name).write_text(yaml.safe_dump(data))

    def start(self, command: str, *args: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        own = {"HOME": str(self.path), "OCCOPUS_DATA_DIR": str(self.path / "data"), "OCCOPUS_AUTH_DATA_PATH": str(self.path / "auth.yaml")}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        process = subprocess.Popen([SCRIPTS / command, *args], cwd=self.path, text=True, env=kept | own | {"NO_PROXY": "*"}, **pipes)
        self.running.append(process)
        return process

    def run(self, command: str, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        process = self.start(command, *args)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def build(self, *args: str) -> str:
        """Build side by side, and give the identifier."""
        return self.run("occopus-build", "infra.yaml", "--nodes", "nodes.yaml", "--parallelize", *args).stdout.strip()

    def fail_to_build(self) -> str:
        """What a build says that fails."""
        return self.run("occopus-build", "infra.yaml", "--nodes", "nodes.yaml", "--parallelize", code=1).stderr

    def maintain(self, infra_id: str) -> str:
        return self.run("occopus-maintain", "-i", infra_id, "--parallelize").stderr

    def destroy(self, infra_id: str) -> None:
        self.run("occopus-destroy", "-i", infra_id, "--parallelize")

    def report(self, infra_id: str) -> dict[str, Any]:
        """By node."""
        report: dict[str, Any] = json.loads(self.run("occopus", "report", "-i", infra_id, "--json").stdout)
        return report

    def addresses(self, infra_id: str, node: str = "web") -> list[list[str]]:
        """Of a node's instances, each with its first one first."""
        return [instance["addresses"] for instance in self.report(infra_id)[node]["instances"].values()]

    def list(self) -> list[dict[str, Any]]:
        """What there is, as its store says."""
        found: list[dict[str, Any]] = json.loads(self.run("occopus", "list", "--json").stdout)
        return found

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()

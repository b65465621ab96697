"""A user's folder in which canaries stand wherever a secret may stand, with a backend that tells everything."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

import psutil
import pytest

sys.path.append(str(Path(__file__).parent))  # pytest puts no folder there by itself

from plantation import CREDENTIALS, PEM, PLAIN, REFERENCES, STORED_NOWHERE, found_in, found_in_files, found_in_process_listing

HERE = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent
PATIENCE = 60.0
MARKER = "a-name-that-everybody-may-see"


def quoted(name: str) -> str:
    return json.dumps((CREDENTIALS | PLAIN)[name])  # JSON is YAML


CONFIGURATION = f"user: me\ndb_password: {PLAIN['in text']}\n"
INFRA = f"""\
infra_name: {MARKER}
user_id: me
variables:
  password: {quoted("password")}
  db-passwd: {quoted("db-passwd")}
  credentials:
    - {quoted("in a list")}
    - {{deep: {quoted("in a mapping")}}}
  from_env: !secret {{env: CANARY}}
  from_file: !secret {{file: secret.txt}}
  from_keyring: !secret {{keyring: service/name}}
nodes:
  - name: machine
    type: machine
    scaling: {{min: 1, max: 2}}
    variables: {{clientSecret: {quoted("clientSecret")}, other: 1}}
  - {{name: container, type: container}}
dependencies: [[container, machine]]
"""
NODES = f"""\
'node_def:machine':
  - resource:
      type: leaky
      api_key: {quoted("api_key")}
      label: "{{{{ variables.from_env }}}} {{{{ variables.password }}}}"
      note: "{{{{ ('me:' ~ variables.from_file) | b64encode }}}}"
    contextualisation:
      type: cloudinit
      attributes: {{token: {quoted("token")}}}
      context_template:
        write_files:
          - {{path: secrets.txt, content: "{{{{ variables.from_env }}}} {{{{ variables.from_keyring }}}} {{{{ variables.password }}}}"}}
          - {{path: app.conf, content: {json.dumps(CONFIGURATION)}}}
          - path: id_rsa
            permissions: '0600'
            content: |
{indent(PEM, " " * 14)}\
        private_key: {quoted("private_key")}
        runcmd:
          - exec sleep 1000
'node_def:container':
  - resource: {{type: leaky}}
    contextualisation:
      type: docker
      env:
        - FROM_FILE={{{{ variables.from_file }}}}
        - {json.dumps("API_TOKEN=" + PLAIN["in env"])}
        - "LIST={{{{ variables.credentials[0] }}}}{{{{ variables.credentials[1].deep }}}}"
      command: [sh, -c, exec sleep 1000]
"""
AUTH = f"""\
resource:
  - type: leaky
    auth_data:
      password: {quoted("password of the credentials")}
      keys: [{quoted("key in a list of the credentials")}]
"""


@dataclass
class World:
    """The folder. `leaky` is which call of the backend fails, `more` are further variables of the environment."""

    path: Path
    leaky: str = ""
    more: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "occopus.log"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH")}
        own = {
            "HOME": str(self.path),
            "PYTHONPATH": os.pathsep.join([str(self.path / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "OCCOPUS_DATA_DIR": str(self.data),
            "OCCOPUS_CONFIG_PATH": str(self.path / "config.yaml"),
            "OCCOPUS_AUTH_DATA_PATH": str(self.path / "auth_data.yaml"),
            "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
            "KEYRING_FILE": str(self.path / "keyring.json"),
            "CANARY": REFERENCES["env"],
            "LEAKY": self.leaky,
        }
        return kept | own | self.more

    def write(self, name: str, text: str) -> str:
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o600)
        return name

    def start(self, command: str, *args: str, **options: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        arguments = [str(SCRIPTS / "occopus"), command, *args]
        process = subprocess.Popen(arguments, cwd=self.path, env=self.environment, text=True, **pipes, **options)
        self.running.append(process)
        return process

    def run(self, command: str, *args: str, code: int | None = 0, **options: Any) -> str:
        """Run a command to its end and look for canaries everywhere; what it said, on both ways."""
        process = self.start(command, *args, **options)
        out, err = process.communicate(timeout=PATIENCE)
        said = out + err
        assert code in (None, process.returncode), said
        assert found_in(said) == [], said
        self.assert_clean()
        return said

    def build(self, *args: str, **options: Any) -> str:
        return self.run("build", "infra.yaml", "--nodes", "nodes.yaml", *args, **options)

    @property
    def infra_id(self) -> str:
        with_ids = json.loads(
            subprocess.check_output([SCRIPTS / "occopus", "list", "--json"], cwd=self.path, env=self.environment, text=True)
        )
        return str(with_ids[0]["infra_id"])

    def assert_clean(self) -> None:
        """No canary in the log or a process listing; none that a store must not have in any file of it."""
        assert found_in(self.log.read_text() if self.log.exists() else "") == []
        assert found_in_process_listing() == []
        assert {name: found for name, found in found_in_files(self.data, STORED_NOWHERE).items() if name.startswith("occopus.")} == {}

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for process in psutil.process_iter():
            try:
                if "OCCOPUS_NODE_ID" in (variables := process.environ()) and variables.get("HOME", "").startswith(str(self.data)):
                    os.kill(process.pid, signal.SIGKILL)
            except (psutil.Error, OSError):
                continue


def _install(site: Path) -> None:
    """The backend as a package, and the keyring beside it."""
    site.mkdir()
    for module in ("leaky.py", "file_keyring.py"):
        shutil.copy(HERE / module, site)
    info = site / "leaky-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[occopus]\nleaky = leaky\n")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    _install(tmp_path / "site")
    made.write("config.yaml", "logging: {file: occopus.log, level: DEBUG}\n")
    made.write("auth_data.yaml", AUTH)
    made.write("infra.yaml", INFRA)
    made.write("nodes.yaml", NODES)
    made.write("secret.txt", REFERENCES["file"] + "\n")
    made.write("keyring.json", json.dumps({"service/name": REFERENCES["keyring"]}))
    yield made
    made.end()


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same folder, for what is done within this process."""
    monkeypatch.chdir(world.path)
    monkeypatch.syspath_prepend(world.path / "site")
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("OCCOPUS_CONFIG_PATH")
    yield world
    sys.modules.pop("leaky", None)

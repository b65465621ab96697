"""A user of Occopus: a home directory in which the installed commands run, as they do for everybody."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

SCRIPTS = Path(sys.executable).parent
KEPT = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
PATIENCE = 300.0
"""Seconds after which a test no longer believes that something will happen."""

PLACE = re.compile(r"\b(?:replace_with|add_yes_if)_\w+")
"""What published descriptions have where their users are to write something."""

BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}")

LOADED = """
import json, sys
from occopus.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, every: float = 0.01) -> T:
    """What a condition gives as soon as it gives something. It is asked every so many seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} does not happen"
        time.sleep(every)
    return found


@dataclass
class User:
    """Runs commands in an environment with nothing of the real user's."""

    path: Path
    """The home directory."""
    variables: dict[str, str] = field(default_factory=dict)
    """What the environment has besides."""
    secrets: list[str] = field(default_factory=list)
    """What no command may say."""
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """All that commands find in their environment."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | {"HOME": str(self.path), "OCCOPUS_DATA_DIR": str(self.data), "NO_PROXY": "*"} | self.variables

    @property
    def data(self) -> Path:
        """The data directory, in which the store is."""
        return self.path / "data"

    @property
    def authentication(self) -> Path:
        """The authentication file."""
        return self.path / ".occopus" / "auth_data.yaml"

    def authenticate(self, type: str, auth_data: Mapping[str, Any], *, section: str = "resource", secrets: tuple[str, ...] = ()) -> None:
        """Add an entry to the authentication file, or replace that of its type. No command may say any of `secrets` from now on."""
        known = json.loads(self.authentication.read_text()) if self.authentication.exists() else {}
        others = [entry for entry in known.get(section, ()) if entry["type"] != type]
        known[section] = [*others, {"type": type, "auth_data": dict(auth_data)}]
        self.write(".occopus/auth_data.yaml", json.dumps(known)).chmod(0o600)  # JSON is YAML, too
        self.secrets.extend(secrets)

    def write(self, name: str, text: str) -> Path:
        """A file in the home directory."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def copy(self, source: Path, values: Mapping[str, str] | None = None, instead: Mapping[str, str] | None = None) -> Path:
        """A copy of a folder with descriptions. Given values, one stands in each place that is to be replaced: that whose key is in the
        place's text, the longest if several are. The keys of `instead` are replaced wherever they stand.
        """
        folder = self.path / source.name
        shutil.copytree(source, folder, copy_function=shutil.copyfile)
        for path in folder.rglob("*.yaml"):
            text = path.read_text()
            for old, new in (instead or {}).items():
                text = text.replace(old, new)
            path.write_text(PLACE.sub(lambda place: _value_for(place[0], values), text) if values else text)
        return folder

    def start(self, command: str, *args: str | Path) -> subprocess.Popen[str]:
        """Begin a command."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        process = subprocess.Popen([SCRIPTS / command, *args], cwd=self.path, env=self.environment, text=True, **pipes)
        self.running.append(process)
        return process

    def run(self, command: str, *args: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must have this exit code."""
        process = self.start(command, *args)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"{process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        assert not [secret for secret in self.secrets if secret in out + err], "it says a secret"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def interrupt(self, process: subprocess.Popen[str]) -> None:
        """Press Ctrl-C during a build, which must remove what it has made."""
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1, err
        assert "everything that was made is removed again" in err

    def build(self, *args: str | Path) -> str:
        """Build, and give the identifier."""
        return self.run("occopus-build", *args).stdout.strip()

    def report(self, infra_id: str, node: str) -> dict[str, Any]:
        """What the report says of a node's instances, by their ids."""
        report = json.loads(self.run("occopus", "report", "--json", "-i", infra_id).stdout)
        instances: dict[str, Any] = report[node]["instances"]
        return instances

    @property
    def infras(self) -> list[str]:
        """The identifiers of all infrastructures in the store."""
        return [each["infra_id"] for each in json.loads(self.run("occopus", "list", "--json").stdout)]

    def adopt(self, infra_id: str, infra: Path, nodes: Path) -> None:
        """Lose the store, and take over what runs. There must be nothing to do then."""
        shutil.rmtree(self.data)
        self.run("occopus", "adopt", "-i", infra_id, infra, "--nodes", nodes)
        assert "nothing to do" in self.run("occopus", "maintain", "-i", infra_id).stderr

    def log_everything(self) -> Path:
        """The file into which all commands write the most talkative log from now on."""
        log = self.path / "occopus.log"
        config = self.write("config.yaml", f"logging: {{file: '{log}', level: DEBUG}}\n")
        self.variables["OCCOPUS_CONFIG_PATH"] = str(config)
        return log

    def secrets_in(self, *files: Path) -> list[str]:
        """The secrets that files tell, plainly or in base64. Of a folder, all files in it."""
        every = [path for file in files for path in (file.rglob("*") if file.is_dir() else [file]) if path.is_file()]
        told = b"\n".join(path.read_bytes() for path in every)
        encoded = [each for each in BASE64.findall(told) if len(each) % 4 != 1]
        decoded = b"\n".join(base64.b64decode(each + b"=" * (-len(each) % 4)) for each in encoded)
        return [secret for secret in self.secrets if secret.encode() in told or secret.encode() in decoded]

    def modules_loaded_by(self, *args: str | Path) -> set[str]:
        """The modules that are loaded when `occopus` ends, which must end well."""
        command = [sys.executable, "-c", LOADED, *args]
        done = subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return set(json.loads(done.stderr.splitlines()[-1]))

    def end(self) -> None:
        """Leave no command running."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _value_for(place: str, values: Mapping[str, str]) -> str:
    return values[max((key for key in values if key in place), key=len)]

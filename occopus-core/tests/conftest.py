"""Little packages that are really installed, in a folder of their own, and the commands as a user runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, distributions
from pathlib import Path
from textwrap import dedent

import hypothesis
import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from redis_server import RedisServer

hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes says more of the machine than of the code
hypothesis.settings.load_profile("any machine")


def pytest_configure() -> None:
    """The core needs no health checks, but its tests use real ones."""
    try:
        distribution("occopus-healthchecks")
    except PackageNotFoundError:
        pytest.exit("the tests of the core use occopus-healthchecks: pip install ./occopus-healthchecks", returncode=4)


@dataclass(frozen=True)
class Site:
    """A folder of installed packages beside the interpreter's own."""

    folder: Path

    def install(self, name: str, code: str, version: str = "1.0", entry: str = "", extra: str = "") -> str:
        """A distribution with one module, announced as a plugin; the module's name. `extra` is a second module, `MODULE_more`."""
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(dedent(code))
        if extra:
            (self.folder / f"{module}_more.py").write_text(dedent(extra))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[occopus]\n{module} = {entry or module}\n")
        return module

    @property
    def entry_points(self) -> list[EntryPoint]:
        """What the packages announce."""
        found = distributions(path=[str(self.folder)])
        return [entry for each in found for entry in each.entry_points if entry.group == "occopus"]

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of the installed commands with these packages installed too."""
        program = Path(sys.executable).parent / command[0]
        environ = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200", **environment}
        arguments = [str(argument) for argument in command[1:]]
        done = subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, occopus_home: Path) -> Site:
    """An empty folder of packages, on the path of this process too. Modules from it are forgotten again."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts a real Redis with the options that it is given, or skips the test where there is none."""
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        servers.append(RedisServer(tmp_path / f"redis-{len(servers)}", *options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop(signal.SIGKILL)


@pytest.fixture
def redis_server(start_redis: Callable[..., RedisServer]) -> RedisServer:
    """A real Redis of this test's own, which may be stopped, started again, paused."""
    return start_redis()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis for all tests that only use it, and that empty it before."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--unixsocket", "redis.sock")
    server.start()
    yield server
    server.stop(signal.SIGKILL)

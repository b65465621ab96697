"""Settings of the program: from the configuration file, the environment, or their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from occopus.descriptors.loader import Document, load_file
from occopus.diagnostics import Diagnostics
from occopus.errors import UsageError
from occopus.settings_file import read_own
from occopus.settings_original import TellIdle, is_original, name_idle, read_original
from occopus.settings_rest import Token


@dataclass(frozen=True)
class Settings:
    """All settings. `store_url` may hold a password. `create_timeout` is in seconds.

    Without `parallelize` one step is carried out at a time, with it up to `parallelism`. Of the service: `rest_hosts` are the names by
    which it may be asked, besides those that are its own; `rest_cors` the origins whose pages may ask it; `rest_interval` the seconds from
    one pass to the next, `rest_drain` those for which it waits at its end; `rest_body_limit` the bytes of the largest upload;
    `rest_cooldown` the seconds that have to pass between two decisions of autoscaling for a node; with
    `rest_private_targets` events may go to addresses that are not on the public internet.
    """

    data_dir: Path
    store_url: str = field(repr=False)
    log_file: Path | None = None
    log_level: str = "INFO"
    rest_host: str = "127.0.0.1"
    rest_port: int = 5000
    rest_tokens: tuple[Token, ...] = ()
    rest_hosts: tuple[str, ...] = ()
    rest_cors: tuple[str, ...] = ()
    rest_interval: float = 10.0
    rest_drain: float = 30.0
    rest_body_limit: int = 4 * 1024**2
    rest_cooldown: float = 300.0
    rest_private_targets: bool = False
    auth_data_path: Path | None = None
    parallelize: bool = False
    parallelism: int = 32
    create_timeout: float = 3600.0


def load_settings(
    cfg_path: Path | str | None,
    auth_data_path: Path | str | None,
    environ: Mapping[str, str],
    diagnostics: Diagnostics,
    tell_idle: TellIdle = name_idle,
) -> Settings:
    """Finds and reads the configuration file, and finds the authentication file; it is well to have neither.

    Faults are added to `diagnostics`, and what is wrong has its default. `tell_idle` adds what a configuration of Occopus 1 has in vain.
    """
    configuration = CONFIGURATION.find(cfg_path, environ, diagnostics)
    authentication = AUTHENTICATION.find(auth_data_path, environ, diagnostics)
    chosen = _read(configuration, diagnostics, tell_idle) if configuration else {}
    place = _Places(configuration.parent if configuration else Path(), _home(environ))
    data_dir = _data_dir(environ.get("OCCOPUS_DATA_DIR"), chosen.pop("data_dir", None), place)
    if "log_file" in chosen:
        chosen["log_file"] = place.of(chosen["log_file"])
    chosen.setdefault("store_url", f"sqlite://{data_dir / 'occopus.db'}")
    return Settings(data_dir=data_dir, auth_data_path=authentication, **chosen)


@dataclass(frozen=True)
class _Places:
    """Paths in a configuration file start from its folder, so that they mean the same wherever a command is run."""

    folder: Path
    home: Path

    def of(self, path: str) -> Path:
        if path == "~" or path.startswith("~/"):
            return self.home / path[2:]
        return (self.folder / path).absolute()


@dataclass(frozen=True)
class _File:
    """A file that is looked for: what it is, its usual name, and the option and variable that name another."""

    what: str
    name: str
    option: str
    variable: str

    def find(self, given: Path | str | None, environ: Mapping[str, str], diagnostics: Diagnostics) -> Path | None:
        """The first of the search order. One that is named must be there."""
        home = _home(environ)
        for path, source in ((given, self.option), (environ.get(self.variable), f"${self.variable}")):
            if path:
                found = home / str(path)[2:] if str(path).startswith("~/") else Path(path)
                if found.exists():
                    return found
                diagnostics.error(f"there is no {self.what} file '{path}', which {source} names")
                return None
        usual = (home / ".occopus" / self.name, Path(self.name), Path("/etc/occopus") / self.name)
        return next((path for path in usual if path.is_file()), None)


CONFIGURATION = _File("configuration", "occopus_config.yaml", "--cfg", "OCCOPUS_CONFIG_PATH")
AUTHENTICATION = _File("authentication", "auth_data.yaml", "--auth_data_path", "OCCOPUS_AUTH_DATA_PATH")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _data_dir(from_environ: str | None, from_file: str | None, place: _Places) -> Path:
    if from_environ:
        return _Places(Path(), place.home).of(from_environ)
    if from_file:
        return place.of(from_file)
    return _default_data_dir()


def _default_data_dir() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 (most runs are told the folder, or need no platform's rules)

    return user_data_path("occopus", appauthor=False)


def _read(path: Path, diagnostics: Diagnostics, tell_idle: TellIdle) -> dict[str, Any]:
    """The settings that a file has, by their names in `Settings`."""
    # The original's files have tags of their own, which mean nothing here; in ours a tag that is not known is a fault.
    trial = Diagnostics()
    document = load_file(path, trial, lenient=True)
    read: Callable[[Document, Diagnostics], dict[str, Any]] = read_own
    if document and is_original(document.data):
        diagnostics.extend(trial.faults)
        read = partial(read_original, tell_idle=tell_idle)
    else:
        document = load_file(path, diagnostics)
    try:
        return read(document, diagnostics) if document else {}
    except UsageError as error:  # a secret that the file refers to
        diagnostics.error(error.message, None, error.hint)
        return {}

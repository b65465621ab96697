"""Settings: where files are looked for, what they may say, and the configuration of Occopus 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from occopus.diagnostics import Diagnostics
from occopus.settings import Settings, load_settings
from occopus.store.opening import open_store
from occopus.store.redis import RedisStore


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it, and a working folder of its own."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


def load(home: Path, cfg: Path | str | None = None, auth: str | None = None, **environ: str) -> tuple[Settings, list[str]]:
    diagnostics = Diagnostics()
    environ = {"HOME": str(home), "OCCOPUS_DATA_DIR": str(home / "data"), **environ}
    settings = load_settings(cfg, auth, {key: value for key, value in environ.items() if value}, diagnostics)
    return settings, [f"{fault.position}: {fault.message}".replace(f"{home}/", "") for fault in diagnostics.faults]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_any_file_everything_has_a_default(home: Path) -> None:
    settings, faults = load(home)
    assert faults == []
    assert settings == Settings(data_dir=home / "data", store_url=f"sqlite://{home}/data/occopus.db")


def test_without_a_variable_the_data_stands_in_the_users_own_folder(home: Path) -> None:
    settings, _ = load(home, OCCOPUS_DATA_DIR="")
    assert settings.data_dir.name == "occopus"
    assert settings.data_dir.is_absolute()


def test_the_files_are_looked_for_in_order(home: Path) -> None:
    places = [
        write(home / "work" / "occopus_config.yaml", "parallelism: 4"),
        write(home / ".occopus" / "occopus_config.yaml", "parallelism: 3"),
        write(home / "variable.yaml", "parallelism: 2"),
        write(home / "option.yaml", "parallelism: 1"),
    ]
    assert load(home, str(places[3]), OCCOPUS_CONFIG_PATH=str(places[2]))[0].parallelism == 1
    assert load(home, OCCOPUS_CONFIG_PATH=str(places[2]))[0].parallelism == 2
    assert load(home, OCCOPUS_CONFIG_PATH="~/variable.yaml")[0].parallelism == 2
    assert load(home)[0].parallelism == 3
    places[1].unlink()
    assert load(home)[0].parallelism == 4


def test_the_authentication_file_is_looked_for_in_the_same_order(home: Path) -> None:
    write(home / "work" / "auth_data.yaml", "")
    assert load(home)[0].auth_data_path == Path("auth_data.yaml")
    usual = write(home / ".occopus" / "auth_data.yaml", "")
    assert load(home)[0].auth_data_path == usual
    other = write(home / "other.yaml", "")
    assert load(home, OCCOPUS_AUTH_DATA_PATH=str(other))[0].auth_data_path == other
    assert load(home, None, str(usual), OCCOPUS_AUTH_DATA_PATH=str(other))[0].auth_data_path == usual


def test_a_file_that_is_named_must_be_there(home: Path) -> None:
    assert load(home, "none.yaml")[1] == ["None: there is no configuration file 'none.yaml', which --cfg names"]
    _, faults = load(home, None, "no.yaml", OCCOPUS_CONFIG_PATH="none.yaml")
    assert faults == [
        "None: there is no configuration file 'none.yaml', which $OCCOPUS_CONFIG_PATH names",
        "None: there is no authentication file 'no.yaml', which --auth_data_path names",
    ]


FULL = """\
data_dir: ./state
store: {url: "redis://db:6379/3"}
logging: {file: ~/occopus.log, level: debug}
rest: {host: 0.0.0.0, port: 8080}
parallelize: yes
parallelism: 64
create_timeout: 90
"""


def test_every_setting_can_be_given(home: Path) -> None:
    cfg = write(home / "etc" / "c.yaml", FULL)
    settings, faults = load(home, cfg, OCCOPUS_DATA_DIR="")
    assert faults == []
    assert settings == Settings(
        data_dir=home / "etc" / "state",
        store_url="redis://db:6379/3",
        log_file=home / "occopus.log",
        log_level="DEBUG",
        rest_host="0.0.0.0",
        rest_port=8080,
        parallelize=True,
        parallelism=64,
        create_timeout=90.0,
    )
    assert load(home, cfg)[0].data_dir == home / "data"
    assert "redis" not in repr(settings)


def test_the_store_may_be_a_reference_to_a_secret(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_OF_THE_TEST", "redis://:pw@db/0")
    cfg = write(home / "c.yaml", "store: {url: !secret {env: STORE_OF_THE_TEST}}")
    assert load(home, cfg)[0].store_url == "redis://:pw@db/0"
    monkeypatch.delenv("STORE_OF_THE_TEST")
    assert load(home, cfg)[1] == ["None: there is no value for '!secret env:STORE_OF_THE_TEST'"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paralelize: true", ["c.yaml:1:1: the setting 'paralelize' is not known"]),
        ("rest:\n  prot: 1", ["c.yaml:2:3: the setting 'rest.prot' is not known"]),
        ("rest: 5000", ["c.yaml:1:7: 'rest' has to be a mapping"]),
        ("rest: {port: 70000}", ["c.yaml:1:14: 'rest.port' has to be a whole number from 1 to 65535"]),
        ("parallelism: yes", ["c.yaml:1:14: 'parallelism' has to be a whole number from 1 to 10000"]),
        ("parallelize: 2", ["c.yaml:1:14: 'parallelize' has to be true or false"]),
        ("create_timeout: -1", ["c.yaml:1:17: 'create_timeout' has to be a number of seconds above 0"]),
        ("logging: {level: LOUD}", ["c.yaml:1:18: 'logging.level' has to be one of CRITICAL, ERROR, WARNING, INFO, DEBUG"]),
        ("store: {url: here}", ["c.yaml:1:14: 'store.url' has to be the address of a store, such as redis://host:6379/0"]),
        ("- a", ["c.yaml:1:1: a configuration file is a mapping"]),
        ("data_dir: !Thing x", ["c.yaml:1:11: the tag '!Thing' is not known here"]),
        ("rest: {port: 0}\nparallelism: 0", ["c.yaml:1:14", "c.yaml:2:14"]),
    ],
)
def test_what_is_wrong_is_a_fault_and_the_rest_has_its_default(home: Path, text: str, expected: list[str]) -> None:
    settings, faults = load(home, write(home / "c.yaml", text))
    assert len(faults) == len(expected)
    assert all(fault.startswith(start) for fault, start in zip(faults, expected, strict=True))
    assert settings.parallelism == 32


def test_a_setting_that_is_nearly_right_comes_with_the_right_one(home: Path) -> None:
    diagnostics = Diagnostics()
    load_settings(write(home / "c.yaml", "paralelize: true"), None, {"HOME": str(home)}, diagnostics)
    assert diagnostics.faults[0].hint == "did you mean 'parallelize'?"


ORIGINAL = """\
plugins: !python_import [some.module, os]
logging:
  version: 1
  formatters: {plain: {format: '%(message)s'}}
  handlers:
    screen: {class: logging.StreamHandler}
    file: &file
      class: logging.FileHandler
      filename: old.log
      level: DEBUG
  root: {level: WARNING, handlers: [screen, file]}
components:
  rest: {host: 10.0.0.1, port: 5001}
  resourcehandler: !ResourceHandler &rh {protocol: null}
  uds: !UDS &uds
    protocol: redis
    host: db.example
    port: 6380
    db: 2
    altdbs: {node_def: 1, infra: 10}
  infobroker: !InfoRouter
    sub_providers:
      - !DynamicStateProvider {resource_handler: *rh}
      - *uds
  eventlog: !EventLog {protocol: logging}
  dry_run: False
"""


def test_a_configuration_of_occopus_1_is_taken_over_with_one_warning(home: Path) -> None:
    settings, faults = load(home, write(home / "c.yaml", ORIGINAL))
    assert settings == Settings(
        data_dir=home / "data",
        store_url="redis://db.example:6380/2",
        log_file=home / "old.log",
        log_level="WARNING",
        rest_host="10.0.0.1",
        rest_port=5001,
    )
    assert faults == [
        "c.yaml:1:1: this is a configuration of Occopus 1; these entries are not needed any more: "
        "components.dry_run, components.eventlog, components.infobroker, components.resourcehandler, components.uds.altdbs, "
        "logging.formatters, logging.handlers.file.class, logging.handlers.file.level, logging.handlers.screen, "
        "logging.root.handlers, logging.version, plugins"
    ]


@pytest.mark.parametrize(
    ("uds", "url"),
    [
        ("protocol: redis", "redis://localhost:6379/0"),
        ("protocol: redis, host: '::1', port: 7000", "redis://[::1]:7000/0"),
        ("protocol: redis, host: 10.0.0.1, db: 15, altdbs: {infra: 10}", "redis://10.0.0.1:6379/15"),
    ],
)
def test_the_redis_of_occopus_1_is_taken_over(home: Path, uds: str, url: str) -> None:
    settings, faults = load(home, write(home / "c.yaml", f"components: {{uds: !UDS {{{uds}}}}}"))
    assert settings.store_url == url
    assert [fault.endswith("not needed any more: components.uds.altdbs") for fault in faults] == [True] * ("altdbs" in uds)
    assert isinstance(open_store(url), RedisStore)


@pytest.mark.parametrize(
    ("uds", "place", "message"),
    [
        ("!UDS {protocol: dict}", "c.yaml:1:35", "'components.uds' names a store that is not known here"),
        ("!UDS x", "c.yaml:1:19", "'components.uds' names a store that is not known here"),
        ("!UDS {protocol: redis, port: x}", "c.yaml:1:48", "'components.uds.port' has to be a whole number from 1 to 65535"),
    ],
)
def test_a_store_of_occopus_1_that_is_not_known_is_a_fault(home: Path, uds: str, place: str, message: str) -> None:
    settings, faults = load(home, write(home / "c.yaml", f"components: {{uds: {uds}}}"))
    assert f"{place}: {message}" in faults
    assert settings.store_url.startswith("sqlite:")

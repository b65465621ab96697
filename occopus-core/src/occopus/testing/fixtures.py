"""Fixtures for everybody who tests against Occopus. Pytest loads this module wherever Occopus is installed, so it imports nothing of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from occopus.plugins.registry import Registry
    from occopus.testing.user import User

CONFIGURATION_HOMES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_DIRS")
"""What would lead back to the user's own files although HOME says otherwise."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "commands: runs the installed commands, as every test does that asks for `occopus_user`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "occopus_user" in getattr(item, "fixturenames", ()):
            item.add_marker("commands")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """A check of a suite that fails ends with where the contract says so (`occopus.testing.contract`)."""
    quotation = getattr(getattr(item, "obj", None), "written_in", None)
    if (
        quotation
        and call.when == "call"
        and call.excinfo
        and not call.excinfo.errisinstance((pytest.skip.Exception, pytest.xfail.Exception))
    ):
        call.excinfo.value.add_note(str(quotation))


@pytest.fixture(scope="session")
def occopus_registry() -> Registry:
    """The plugins of every installed package."""
    from occopus.plugins.loading import load_plugins  # noqa: PLC0415 - most test runs never ask for it

    return load_plugins()


@pytest.fixture
def occopus_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, in an environment where Occopus finds no file and no setting of the user's own."""
    for name in [name for name in os.environ if name.startswith("OCCOPUS_")]:
        monkeypatch.delenv(name)
    for name in CONFIGURATION_HOMES:
        monkeypatch.delenv(name, raising=False)
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    data.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("OCCOPUS_DATA_DIR", str(data))
    return data


@pytest.fixture
def occopus_user(tmp_path: Path) -> Iterator[User]:
    """A user with an empty home directory, in which the installed commands run."""
    from occopus.testing.user import User  # noqa: PLC0415 - most test runs never ask for it

    user = User(tmp_path)
    yield user
    user.end()

"""Looking secrets up: errors name the reference and never a value."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from occopus.errors import UsageError
from occopus.model.secret import SecretReference
from occopus.secrets import LONGEST, resolve, resolve_in


class Ring:
    """A keyring that holds one secret and breaks for one service."""

    def get_password(self, service_name: str, username: str) -> str | None:
        if service_name == "broken":
            raise RuntimeError("backend says hunter2")
        return "hunter2" if (service_name, username) == ("https://cloud/api", "me") else None


def test_an_environment_variable() -> None:
    assert resolve(SecretReference("env", "PW"), {"PW": "hunter2"}) == "hunter2"


def test_a_file_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("one\ntwo\n")
    assert resolve(SecretReference("file", str(tmp_path / "s"))) == "one\ntwo"


def test_a_keyring() -> None:
    assert resolve(SecretReference("keyring", "https://cloud/api/me"), {}, Ring()) == "hunter2"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (SecretReference("env", "NONE"), "there is no value for '!secret env:NONE'"),
        (SecretReference("env", "EMPTY"), "there is no value for '!secret env:EMPTY'"),
        (SecretReference("file", "/nowhere/s"), "the file of '!secret file:/nowhere/s' cannot be read: No such file or directory"),
        (SecretReference("file", "a\0b"), "the file of '!secret file:a\0b' cannot be read as text"),
        (SecretReference("keyring", "cloud/you"), "there is no value for '!secret keyring:cloud/you'"),
        (SecretReference("keyring", "cloud"), "'!secret keyring:cloud' does not say which secret of the keyring is meant"),
        (SecretReference("keyring", "broken/x"), "the keyring cannot be read for '!secret keyring:broken/x' (RuntimeError)"),
    ],
)
def test_a_secret_that_is_not_there_is_named(reference: SecretReference, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(reference, {"EMPTY": ""}, Ring())
    assert caught.value.message == message
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("content", [b"\xff\xfe\xfd", b"x" * (LONGEST + 1)])
def test_a_file_that_can_hold_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(UsageError, match="the file of '!secret file:"):
        resolve(SecretReference("file", str(tmp_path / "s")))


def test_without_the_keyring_package_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # how the import system notes that there is none
    with pytest.raises(UsageError) as caught:
        resolve(SecretReference("keyring", "cloud/me"))
    assert caught.value.hint == "pip install occopus-core[keyring]"


def test_references_inside_of_data_are_looked_up() -> None:
    data = {"a": [SecretReference("env", "PW"), 1], "b": {"c": None}}
    assert resolve_in(data, lambda reference: resolve(reference, {"PW": "x"})) == {"a": ["x", 1], "b": {"c": None}}

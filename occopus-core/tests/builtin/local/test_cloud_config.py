"""What is taken from a cloud-config, and what is refused before anything is made."""

from __future__ import annotations

import base64
import gzip
import logging
from contextlib import suppress
from pathlib import PurePosixPath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from occopus.builtin.local.cloud_config import CloudConfig, File, parse
from occopus.plugins import ErrorKind, ResourceError

LOGGER = logging.getLogger("occopus.local")
PACKED = base64.b64encode(gzip.compress(b"hello", mtime=0)).decode()
PLAIN64 = base64.b64encode(b"hello").decode()


def read(config: object) -> CloudConfig:
    return parse("#cloud-config\n" + yaml.safe_dump(config), LOGGER)


def written(*entries: object) -> tuple[File, ...]:
    return read({"write_files": list(entries)}).files


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (None, "hello"),
        ("text/plain", "hello"),
        ("b64", PLAIN64),
        ("base64", PLAIN64),
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("gz", gzip.compress(b"hello", mtime=0)),
        ("gz+b64", PACKED),
        ("gzip+base64", PACKED),
        ("gz+base64", PACKED),
        ("GZIP+B64", PACKED),
    ],
)
def test_encodings(encoding: str | None, content: object) -> None:
    assert written({"path": "/x", "content": content, "encoding": encoding}) == (File(PurePosixPath("x"), b"hello"),)


@pytest.mark.parametrize(("permissions", "mode"), [("0755", 0o755), ("600", 0o600), (0o640, 0o640), (None, 0o644)])
def test_permissions(permissions: object, mode: int) -> None:
    assert written({"path": "/x", "permissions": permissions})[0].mode == mode


def test_append_adds_to_an_earlier_entry() -> None:
    first = {"path": "/x", "content": "a", "permissions": "0600"}
    assert written(first, {"path": "/x", "content": "b", "append": True}) == (File(PurePosixPath("x"), b"ab", 0o600),)
    assert written(first, {"path": "/x", "content": "b"}) == (File(PurePosixPath("x"), b"b"),)


def test_boot_commands_come_first() -> None:
    config = read({"runcmd": ["echo b", ["echo", 1, "c d"]], "bootcmd": ["echo a"]})
    assert config.commands == (("sh", "-c", "echo a"), ("sh", "-c", "echo b"), ("echo", "1", "c d"))


def test_empty_config_is_good() -> None:
    assert parse("#cloud-config\n", LOGGER) == CloudConfig((), ())


def test_keys_without_meaning_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    read({"packages": ["x"], "users": [], "write_files": [{"path": "/x", "source": "u", "owner": "root"}]})
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["packages, users, write_files.source"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runcmd: [a", "no valid YAML"),
        ("- a list", "must be a mapping"),
        ("runcmd: echo", "'runcmd' of the cloud-config must be a list"),
        ("runcmd: [{a: b}]", r"runcmd\[0\]"),
        ("runcmd: [[]]", r"runcmd\[0\]"),
        ("write_files: [x]", r"write_files\[0\]"),
        ("write_files: [{content: x}]", "needs a 'path'"),
        ("write_files: [{path: /}]", "needs a 'path'"),
        ("write_files: [{path: /a/../../b}]", "leads out of"),
        ("write_files: [{path: ..}]", "leads out of"),
        ("write_files: [{path: /state.json}]", "keeps for itself"),
        ("write_files: [{path: /x, permissions: rwx}]", "no octal number"),
        ("write_files: [{path: /x, permissions: '77777'}]", "out of range"),
        ("write_files: [{path: /x, encoding: rot13}]", "unknown"),
        ("write_files: [{path: /x, encoding: b64, content: '%'}]", "is not b64"),
        ("write_files: [{path: /x, encoding: gzip, content: x}]", "is not gzip"),
    ],
)
def test_faults_are_invalid(text: str, words: str) -> None:
    with pytest.raises(ResourceError, match=words) as raised:
        parse(f"#cloud-config\n{text}\n", LOGGER)
    assert raised.value.kind is ErrorKind.INVALID


def test_fault_in_yaml_shows_the_place_and_not_the_text() -> None:
    with pytest.raises(ResourceError, match="at line 3") as raised:
        parse("#cloud-config\nruncmd:\n- login {hunter2: ]\n  x: [", LOGGER)
    assert "hunter2" not in raised.value.message


@given(st.lists(st.sampled_from(["..", ".", "a", "", " ", "..a", "~", "\\"]), min_size=1).map("/".join))
def test_no_path_leaves_the_directory(path: str) -> None:
    with suppress(ResourceError):
        (file,) = written({"path": path})
        assert not file.path.is_absolute()
        assert ".." not in file.path.parts

"""The operating system's errors in the words of the contract."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from occopus.builtin.local.failures import translated
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import ErrorKind, ResourceError


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ErrorKind.NO_CAPACITY),
        (errno.EAGAIN, ErrorKind.NO_CAPACITY),
        (errno.EDQUOT, ErrorKind.QUOTA),
        (errno.EMFILE, ErrorKind.TRANSIENT),
        (errno.EACCES, ErrorKind.CREDENTIALS),
        (errno.EROFS, ErrorKind.INVALID),
        (errno.EIO, ErrorKind.UNKNOWN),
    ],
)
def test_errors_have_their_kind(number: int, kind: ErrorKind) -> None:
    with pytest.raises(ResourceError) as raised, translated("making a node"):
        raise OSError(number, os.strerror(number), "/some/file")
    assert raised.value.kind is kind
    assert raised.value.message == f"making a node failed: {os.strerror(number)} (/some/file)"


def test_data_directory_that_is_none(local: Any) -> None:
    (local.data_dir / "local").write_text("a file")
    with pytest.raises(ResourceError, match="making the local node") as raised:
        local.create()
    assert raised.value.kind is ErrorKind.INVALID
    (local.data_dir / "local").unlink()


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden"])
def test_identifier_that_can_not_name_a_directory(local: Any, name: str) -> None:
    with pytest.raises(ResourceError, match="can't name a directory") as raised:
        local.handler.drop(Handle(InfraId("infra"), NodeId(name), "web"))
    assert raised.value.kind is ErrorKind.INVALID

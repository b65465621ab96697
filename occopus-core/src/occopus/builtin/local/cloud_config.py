"""Reads the part of a cloud-config that a directory and a few processes can carry out."""

from __future__ import annotations

import base64
import binascii
import gzip
import logging
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from occopus.builtin.local.failures import invalid

APPLIED = ("bootcmd", "write_files", "runcmd")
FILE_KEYS = ("path", "content", "permissions", "encoding", "append", "owner", "defer")
BASE64 = ("b64", "base64")
GZIP = ("gz", "gzip")

KEPT = frozenset({"node.json", "job.json", "state.json", "output.log", "user-script"})
"""What the handler keeps in a node's directory itself."""

TEMPORARY = ".occopus-"
"""How the names begin that files of the handler have while they are being written."""


@dataclass(frozen=True)
class File:
    """A file to be written, its path relative to the node's directory."""

    path: PurePosixPath
    content: bytes
    mode: int = 0o644


Command = tuple[str, ...]


@dataclass(frozen=True)
class CloudConfig:
    files: tuple[File, ...]
    commands: tuple[Command, ...]


def parse(text: str, logger: logging.Logger) -> CloudConfig:
    """Check a text that begins with `#cloud-config` and take what is applied from it.

    Raises:
        ResourceError: INVALID, where the text is no YAML, or a key that is applied does not have the form that cloud-init wants.
    """
    try:
        config = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise invalid(f"the cloud-config is no valid YAML: {_reason(error)}") from None
    if not isinstance(config, Mapping):
        raise invalid(f"the cloud-config must be a mapping, not a {type(config).__name__}")
    entries = _list(config, "write_files")
    files = _files(entries)
    commands = _commands(config, "bootcmd") + _commands(config, "runcmd")
    ignored = [str(key) for key in config if key not in APPLIED]
    ignored += [f"write_files.{key}" for entry in entries for key in entry if key not in FILE_KEYS]
    if ignored:
        logger.info("these keys of the cloud-config have no meaning for local nodes and are ignored: %s", ", ".join(sorted(set(ignored))))
    return CloudConfig(files, commands)


def _reason(error: yaml.YAMLError) -> str:
    """Without the excerpt that PyYAML shows: the text may hold secrets."""
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = re.sub(r"'(?!<)[^']{2,}'", "'...'", getattr(error, "problem", None) or "it can not be read")
    return f"{problem}{place}"


def _list(config: Mapping[Any, Any], key: str) -> list[Any]:
    value = config.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid(f"'{key}' of the cloud-config must be a list, not a {type(value).__name__}")
    return value


def _commands(config: Mapping[Any, Any], key: str) -> tuple[Command, ...]:
    return tuple(_command(value, f"{key}[{index}]") for index, value in enumerate(_list(config, key)))


def _command(value: Any, where: str) -> Command:
    if isinstance(value, str):
        return ("sh", "-c", value)
    if isinstance(value, list) and value:
        return tuple(str(part) for part in value)
    raise invalid(f"{where} of the cloud-config must be a text or a list of a program and its arguments")


def _files(entries: list[Any]) -> tuple[File, ...]:
    """Each path once, with what all its entries make of it together: so writing may be repeated after a crash."""
    files: dict[PurePosixPath, File] = {}
    for index, entry in enumerate(entries):
        where = f"write_files[{index}]"
        if not isinstance(entry, Mapping):
            raise invalid(f"{where} of the cloud-config must be a mapping")
        path = _path(entry.get("path"), where)
        content, mode = _content(entry, where), _mode(entry.get("permissions"), where)
        before = files.get(path)
        if before and entry.get("append"):
            content = before.content + content
            mode = before.mode if mode is None else mode
        files[path] = File(path, content, 0o644 if mode is None else mode)
    return tuple(files.values())


def _path(value: Any, where: str) -> PurePosixPath:
    path = PurePosixPath(value.lstrip("/")) if isinstance(value, str) and "\0" not in value else PurePosixPath()
    if not path.parts:
        raise invalid(f"{where} of the cloud-config needs a 'path'")
    if ".." in path.parts:
        raise invalid(f"{where}: the path '{value}' leads out of the node's directory")
    if path.parts[0].lower() in KEPT or path.parts[0].lower().startswith(TEMPORARY):
        raise invalid(f"{where}: '{value}' is a name that Occopus keeps for itself in a local node's directory")
    return path


def _mode(value: Any, where: str) -> int | None:
    """Text is octal, as for cloud-init; a number is what YAML made of it."""
    if value is None:
        return None
    try:
        mode = int(value, 8) if isinstance(value, str) else int(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"{where}: the permissions '{value}' are no octal number") from error
    if not 0 <= mode <= 0o7777:
        raise invalid(f"{where}: the permissions '{value}' are out of range")
    return mode


def _content(entry: Mapping[Any, Any], where: str) -> bytes:
    value = entry.get("content")
    content = value if isinstance(value, bytes) else str("" if value is None else value).encode()
    encoding = str(entry.get("encoding") or "text/plain").strip().lower()
    try:
        for step in _decoding(encoding, where):
            content = gzip.decompress(content) if step in GZIP else base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, OSError, EOFError, zlib.error) as error:
        raise invalid(f"{where}: the content is not {encoding}: {error}") from error
    return content


def _decoding(encoding: str, where: str) -> list[str]:
    """What to undo, in that order: `gz+b64` was compressed first."""
    if encoding == "text/plain":
        return []
    steps = encoding.split("+")
    well_known = len(steps) == 1 and steps[0] in GZIP + BASE64
    if well_known or (len(steps) == 2 and steps[0] in GZIP and steps[1] in BASE64):
        return steps[::-1]
    raise invalid(f"{where}: the encoding '{encoding}' is unknown; cloud-init has b64, gzip and gz+b64")

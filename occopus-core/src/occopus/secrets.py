"""Looks up the secrets that references name. Messages name the reference, never a value."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from occopus.errors import UsageError
from occopus.model.secret import SecretReference

LONGEST = 1024 * 1024
"""Bytes that a file with a secret may have."""


class Keyring(Protocol):
    """What is used of the `keyring` package."""

    def get_password(self, service_name: str, username: str) -> str | None: ...


def resolve(reference: SecretReference, environ: Mapping[str, str] = os.environ, keyring: Keyring | None = None) -> str:
    """The value that a reference names. The line end that closes a file is not part of its secret.

    Raises:
        UsageError: there is no such value, it is empty, or it cannot be read.
    """
    if reference.kind == "env":
        value = environ.get(reference.name)
    elif reference.kind == "file":
        value = _from_file(reference)
    else:
        value = _from_keyring(reference, keyring)
    if not value:
        raise UsageError(f"there is no value for '{reference}'", _HINTS[reference.kind].format(name=reference.name))
    return value


def resolve_in(data: Any, look_up: Callable[[SecretReference], str] = resolve) -> Any:
    """Nested data with every reference replaced by its value."""
    if isinstance(data, SecretReference):
        return look_up(data)
    if isinstance(data, Mapping):
        return {key: resolve_in(value, look_up) for key, value in data.items()}
    if isinstance(data, list):
        return [resolve_in(value, look_up) for value in data]
    return data


_HINTS = {
    "env": "set the environment variable {name}",
    "file": "put the secret into the file",
    "keyring": "store it with 'keyring set SERVICE NAME'",
}


def _from_file(reference: SecretReference) -> str:
    try:
        with Path(reference.name).expanduser().open("rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise UsageError(f"the file of '{reference}' is too large for a secret")
        return content.decode().rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"the file of '{reference}' cannot be read: {error.strerror}") from None
    except (ValueError, RuntimeError):  # a name that no file can have, a home folder that is not known, not UTF-8
        raise UsageError(f"the file of '{reference}' cannot be read as text") from None


def _from_keyring(reference: SecretReference, keyring: Keyring | None) -> str | None:
    # The service may hold slashes itself, as addresses do.
    service, slash, name = reference.name.rpartition("/")
    if not (service and slash and name):
        raise UsageError(f"'{reference}' does not say which secret of the keyring is meant", "write !secret {keyring: service/name}")
    keyring = keyring or _system_keyring(reference)
    try:
        return keyring.get_password(service, name)
    except Exception as error:  # each keyring has errors of its own, and any of them may quote what it holds
        raise UsageError(f"the keyring cannot be read for '{reference}' ({type(error).__name__})") from None


def _system_keyring(reference: SecretReference) -> Keyring:
    try:
        keyring: Keyring = importlib.import_module("keyring")
    except ImportError:
        raise UsageError(f"'{reference}' needs the keyring package", "pip install occopus-core[keyring]") from None
    return keyring

"""The authentication file: entries that can't be right, or are not used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from occopus.credentials import Credentials, load_credentials
from occopus.credentials_file import DROPPED, Entry
from occopus.diagnostics import Diagnostics, Fault, did_you_mean
from occopus.doctor.report import Report
from occopus.errors import MissingPlugin, UsageError
from occopus.plugins.schema import CredentialsSpec
from occopus.schema.composition import Composition
from occopus.schema.credentials import credentials_faults
from occopus.secrets import resolve_in
from occopus.workspace import Workspace

PLACEHOLDER = re.compile(r"(your_|your@|path_to_|name_of_|id_of_|password_of_|replace_with_)\S*")
"""What the original's authentication file, and its manual, have where users are to write something."""


def examine_authentication(workspace: Workspace, report: Report) -> Credentials:
    """What is said of the authentication file, and its entries."""
    path = workspace.settings.auth_data_path
    diagnostics = Diagnostics()
    credentials = load_credentials(path, diagnostics, workspace.masker)
    report.take(diagnostics.faults)
    for entry in credentials.entries:
        report.take(_of_entry(entry, workspace.composition))
    report.take(_twins(credentials.entries))
    if path is None:
        report.well.append("authentication: no file")
    else:
        types = ", ".join(dict.fromkeys(entry.criteria["type"] for entry in credentials.entries))
        report.well.append(f"authentication: {path}, with mode {path.stat().st_mode & 0o777:04o}, has entries for: {types or 'nothing'}")
    return credentials


def credentials_spec(composition: Composition, kind: str, type: str) -> CredentialsSpec | None:
    """What a type of a section needs from the authentication file; None where it needs nothing.

    Raises:
        MissingPlugin: nobody offers that type.
    """
    find = {"resource": "resource_handler", "config_management": "config_manager", "notifier": "notifier"}[kind]
    spec: Any = getattr(composition.registry, find)(type)
    needs: CredentialsSpec | None = spec.credentials
    return needs


def _of_entry(entry: Entry, composition: Composition) -> Iterator[Fault]:
    type = entry.criteria["type"]

    def doubt(message: str, hint: str | None = None) -> Fault:
        return Fault(f"the entry for '{type}': {message}", entry.position, hint, warning=True)

    try:
        spec = credentials_spec(composition, entry.kind, type)
        keys = composition.rules(entry.kind, type).schema
    except MissingPlugin as missing:
        yield doubt(missing.message, missing.hint)
        return
    if spec is None:
        yield doubt("it is not used, as this type needs no credentials", "remove it")
        return
    for key in entry.criteria.keys() - keys.keys():
        yield doubt(f"it fits nothing, as '{entry.kind}' of this type has no key '{key}'", did_you_mean(key, keys))
    if entry.auth_data.get("type") == DROPPED:
        return  # reading the file told that
    try:
        faults = credentials_faults(spec, resolve_in(entry.auth_data))
    except UsageError as error:
        yield doubt(error.message, error.hint)
        return
    yield from map(doubt, faults)
    for key in () if faults else sorted(entry.auth_data.keys() - spec.schema.keys()):
        yield doubt(f"'{key}' is not used", did_you_mean(key, spec.schema))
    for key, value in entry.auth_data.items():
        if isinstance(value, str) and PLACEHOLDER.fullmatch(value):
            yield doubt(f"'{key}' has the value that the example file has", "put your own there")


def _twins(entries: tuple[Entry, ...]) -> Iterator[Fault]:
    seen: list[tuple[str, Any]] = []
    for entry in entries:
        if (entry.kind, entry.criteria) in seen:
            message = f"there is an entry for '{entry.criteria['type']}' with the same keys already, so neither can be chosen"
            yield Fault(message, entry.position, "remove one, or give it a key more, 'name' or 'endpoint' for example", warning=True)
        seen.append((entry.kind, entry.criteria))

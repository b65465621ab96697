"""Descriptions and node definitions: what validation says, secrets in the open, and whether there are credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from occopus.credentials import Credentials
from occopus.descriptors.loader import Document, load_file
from occopus.diagnostics import DescriptionError, Diagnostics, Fault
from occopus.doctor.authentication import credentials_spec
from occopus.doctor.report import Report
from occopus.errors import CredentialsError, MissingPlugin, UsageError
from occopus.model.secret import is_secret_key
from occopus.schema.composition import Composition
from occopus.schema.credentials import credentials_faults
from occopus.schema.definitions import Definition
from occopus.schema.infrastructure import check_unused
from occopus.schema.validation import is_template
from occopus.workspace import Workspace

ELSEWHERE = "say where it is: !secret {env: NAME}, !secret {file: PATH} or !secret {keyring: SERVICE/NAME}"

Place = tuple[str | int, ...]


def examine_files(files: Sequence[str | Path], workspace: Workspace, credentials: Credentials, report: Report) -> None:
    """What is said of files that were given."""
    definitions: dict[str, Definition] = {}
    try:
        description = workspace.read(files)
    except DescriptionError as error:
        report.take(error.faults)  # reading masked them
    else:
        report.take(description.warnings)
        definitions |= description.definitions
        nodes = description.infrastructure.nodes.values() if description.infrastructure else ()
        for type in {node.type for node in nodes} - definitions.keys():
            definitions[type] = workspace.definition(type) or Definition(type, ())
        report.well.append(f"read: {', '.join(map(str, files))}")
    for path in files:
        document = load_file(path, Diagnostics())
        if document:
            report.take(_in_the_open(document, document.data))
    report.take(_without_credentials(definitions.values(), workspace.composition, credentials), workspace.masker.mask)


def examine_imported(workspace: Workspace, credentials: Credentials, report: Report) -> None:
    """What is said of the node definitions in the store."""
    diagnostics = Diagnostics(workspace.masker.mask)
    definitions = {name: found for name in workspace.definitions() if (found := workspace.definition(name))}
    check_unused(definitions, workspace.composition, diagnostics, tolerate_missing=False)
    report.take(diagnostics.faults)
    report.take(_without_credentials(definitions.values(), workspace.composition, credentials), workspace.masker.mask)


def _in_the_open(document: Document, value: Any, path: Place = ()) -> Iterator[Fault]:
    """The secrets that are written out, each at its place."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if is_secret_key(key) and isinstance(item, str) and item.strip() and not is_template(item):
                place = document.position((*path, key))
                yield Fault(f"'{key}' stands here in the open, and will be stored so", place, ELSEWHERE, warning=True)
            else:
                yield from _in_the_open(document, item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_the_open(document, item, (*path, index))


def _without_credentials(definitions: Iterable[Definition], composition: Composition, credentials: Credentials) -> Iterator[Fault]:
    """The sections for which the authentication file has nothing, too much, or not what is needed."""
    for definition in definitions:
        for index, implementation in enumerate(definition.implementations):
            for kind in ("resource", "config_management"):
                section = implementation.get(kind)
                if isinstance(section, Mapping) and not any(map(is_template, section.values())):
                    for message, hint in _lacks(kind, section, composition, credentials):
                        place = definition.locate((*definition.base, index, kind), True)
                        yield Fault(f"node_def:{definition.name}: {message}", place, hint)


def _lacks(kind: str, section: Mapping[str, Any], composition: Composition, credentials: Credentials) -> Iterator[tuple[str, str | None]]:
    try:
        spec = credentials_spec(composition, kind, section["type"])
        found = credentials.select(kind, section, spec.required) if spec else None
    except MissingPlugin:
        return  # validation told that
    except (CredentialsError, UsageError) as error:
        yield error.message, error.hint
        return
    if spec and found is not None:
        for words in credentials_faults(spec, found):
            yield f"{words} ({credentials.place(kind, section)})", None

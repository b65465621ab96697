"""Everything that can be done without touching a backend.

Reading, checking, rendering, planning from nothing, and looking into the store.
"""

from __future__ import annotations

import getpass
import json
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import unquote, urlsplit

from occopus.descriptors.loader import load_file
from occopus.descriptors.loading import Reader, read_file
from occopus.diagnostics import Diagnostics, Fault
from occopus.engine.planning import World, make_plan, seeded
from occopus.engine.requesting import request_scaling
from occopus.engine.targets import set_targets
from occopus.errors import InfrastructureNotFound, UsageError
from occopus.masked_errors import without_secrets
from occopus.masking import Masker
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.node import Section
from occopus.model.plan import Plan
from occopus.model.request import ScaleRequest
from occopus.model.secret import SecretReference, from_plain, to_plain
from occopus.plugins.loading import load_plugins
from occopus.plugins.reach import Address, anywhere
from occopus.plugins.registry import Registry
from occopus.rendering.faults import report_template_faults
from occopus.rendering.rehearsal import Rehearsal, Rehearsed, without_effects
from occopus.rendering.scope import Outside, refused_command
from occopus.schema.checking import Locate, Reporter, nowhere
from occopus.schema.composition import Composition
from occopus.schema.definitions import Definition, holds_definitions, read_definitions
from occopus.schema.infrastructure import InfrastructureCompiler, check_unused, compile_source
from occopus.schema.targets import check_targets
from occopus.secrets import resolve
from occopus.settings import Settings, load_settings
from occopus.store.base import Store
from occopus.store.opening import open_store
from occopus.store.records import (
    delete_definition,
    load_definition,
    load_definitions,
    load_events,
    load_infra,
    load_infras,
    load_targets,
    put_definition,
)

COMMAND_TIMEOUT = 60.0
"""Seconds that `cmd()` in a template may take."""


def _ignore(text: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Description:
    """What a set of files says, without faults. `infrastructure` is None where they hold only node definitions."""

    infrastructure: Infrastructure | None
    definitions: Mapping[str, Definition]
    warnings: tuple[Fault, ...] = ()


@dataclass
class Workspace:
    """The settings, the plugins and the store that everything is done with.

    `user` is whose node definitions are used. `warn` is told of doubts that arise while something is done. `run_command` carries out
    `cmd()` of templates. `may_reach` says to which addresses events may be sent.
    """

    settings: Settings
    registry: Registry = field(default_factory=load_plugins)
    user: str = field(default_factory=getpass.getuser)
    warn: Callable[[str], None] = _ignore
    masker: Masker = field(default_factory=Masker)
    run_command: Callable[[str], str] = field(default_factory=lambda: run_command)
    may_reach: Callable[[Address], bool] = anywhere

    @classmethod
    def open(cls, cfg_path: str | None = None, auth_data_path: str | None = None, **options: Any) -> Self:
        """One with the settings found where they are looked for.

        Raises:
            DescriptionError: the configuration has faults.
        """
        diagnostics = Diagnostics()
        settings = load_settings(cfg_path, auth_data_path, os.environ, diagnostics)
        diagnostics.raise_if_errors()
        opened = cls(settings, **options)
        for fault in diagnostics.faults:
            opened.warn(str(fault))
        return opened

    @cached_property
    def store(self) -> Store:
        store = open_store(self.settings.store_url, self.warn)
        password = urlsplit(self.settings.store_url).password
        if password:
            self.masker.add(password)
            self.masker.add(unquote(password))
        return store

    def close(self) -> None:
        """Let go of the store, where it was used."""
        if "store" in vars(self):
            self.store.close()

    @cached_property
    def composition(self) -> Composition:
        return Composition(self.registry)

    @cached_property
    def outside(self) -> Outside:
        """The world as templates see it: local commands and secrets."""

        def look_up(reference: SecretReference) -> str:
            value = resolve(reference)
            self.masker.add(value)
            return value

        return Outside(self.run_command, look_up, lambda doubt: self.warn(self.masker.mask(doubt)), self.masker.add)

    def of_user(self, user: str) -> Self:
        """The same for another user: the same store, and that user's node definitions."""
        _ = self.store, self.composition, self.outside  # made once, for all
        other = copy(self)
        other.user = user
        return other

    def refuse_local(self) -> None:
        """From now on refuse what would run programs on this machine, `cmd()` and local nodes: descriptions come from others."""
        self.registry = replace(self.registry, refuses_local=True)
        self.run_command = refused_command
        for made in ("composition", "outside"):
            vars(self).pop(made, None)

    def read(
        self, paths: Iterable[str | Path], *, definitions_only: bool = False, reader: Reader = read_file, secrets: bool = True
    ) -> Description:
        """Read and check descriptions and node definitions, all files together; definitions that are not among them come from the store.

        `reader` gives the files, those that are imported too. Without `secrets`, `!secret` is refused.

        Raises:
            DescriptionError: with every fault of all files.
        """
        diagnostics = Diagnostics(self.masker.mask)
        wanted = {os.path.realpath(path): path for path in paths}.values()
        documents = [document for path in wanted if (document := load_file(path, diagnostics, reader, secrets=secrets))]
        for document in documents:
            self.masker.learn(document.data)
        complete = len(documents) == len(wanted)
        definitions: dict[str, Definition] = {}
        descriptions = []
        for document in documents:
            if holds_definitions(document.data) or definitions_only:
                _add(definitions, read_definitions(document.data, document.position, diagnostics), diagnostics)
            else:
                descriptions.append(document)
        for second in descriptions[1:]:
            diagnostics.error("a second infrastructure description", second.position(()), "give one at a time")
        infrastructure = None
        find = self._stored_definition if complete else self._perhaps_in_the_unreadable
        compiler = InfrastructureCompiler(self.composition, diagnostics, definitions, find)
        if descriptions:
            infrastructure = compiler.compile(descriptions[0].data, descriptions[0].position)
            if infrastructure:
                report_template_faults(infrastructure, compiler, self.outside, diagnostics)
        tolerant = definitions_only or bool(descriptions) or not complete
        check_unused(definitions, self.composition, diagnostics, tolerant, compiler.checked)
        diagnostics.raise_if_errors()
        return Description(infrastructure, definitions, diagnostics.faults)

    def compile(self, description: Section, definitions: Section | None = None) -> Infrastructure:
        """An infrastructure from plain data, as the YAML files have it. Node definitions that are not among `definitions` come from the
        store.

        Raises:
            DescriptionError: with every fault.
            UsageError: it describes no infrastructure.
        """
        data = {"description": description} | ({"definitions": definitions} if definitions else {})
        texts = {name: json.dumps(each, default=str, indent=1).encode() for name, each in data.items()}  # JSON is YAML, too
        found = self.read(texts, reader=lambda path: texts[path.name])
        if found.infrastructure is None:
            raise UsageError("this describes no infrastructure", "'infra_name', 'user_id' and 'nodes' say what it is")
        return found.infrastructure

    def import_definitions(self, description: Description) -> list[str]:
        """Keep node definitions in the store, each in place of an earlier one of its name; their names."""
        puts = [put_definition(self.user, d.name, to_plain(list(d.implementations))) for d in description.definitions.values()]
        self.store.write(puts)
        return list(description.definitions)

    def definitions(self) -> list[str]:
        """The names of the node definitions that the user imported."""
        return load_definitions(self.store, self.user)

    def definition(self, name: str) -> Definition | None:
        """One that the user imported."""
        return self._stored_definition(name)

    def forget_definition(self, name: str) -> None:
        """Remove a node definition. Infrastructures that were built from it have their own copy."""
        self.store.write([delete_definition(self.user, name)])

    def render(self, infrastructure: Infrastructure) -> list[Rehearsed]:
        """What each instance would get, before anything exists. Doubts were told when the description was read."""
        quiet = replace(without_effects(self.outside), warn=_ignore)
        with without_secrets(self.masker.mask):
            return list(Rehearsal(infrastructure, self.composition, quiet).rehearse())

    def plan_from_nothing(self, infrastructure: Infrastructure) -> Plan:
        """What building a new infrastructure would do."""
        return make_plan(World(infrastructure, None), seeded(str(uuid.uuid4())))

    def described(self, infra_id: str) -> Infrastructure:
        """The description that an infrastructure was built from; of one that is on its way out, the last.

        Raises:
            InfrastructureNotFound: there is none.
        """
        record = load_infra(self.store, InfraId(infra_id)).value
        source = record.desired if record.desired is not None else record.former
        if source is None:
            raise InfrastructureNotFound(infra_id)
        self.masker.learn(from_plain(source))
        return compile_source(source, self.composition, self.masker.mask)

    def list(self) -> list[InfraRecord]:
        """All infrastructures in the store, the oldest first."""
        return sorted(load_infras(self.store), key=lambda infra: infra.created_at)

    def scale(self, infra_id: str, node: str, *, change: int | None = None, target: int | None = None, leaving: str | None = None) -> str:
        """Ask for so many more or fewer instances of a node (`change`), for exactly so many (`target`), or for the one to go that has
        an id or address (`leaving`). The next pass carries it out; what that will come to.

        Raises:
            InfrastructureNotFound, UsageError: there is no such infrastructure, node or instance.
        """
        request = ScaleRequest(InfraId(infra_id), node, time.time(), change, target)
        return request_scaling(self.store, request, leaving)

    def events(self, infra_id: str, after: str = "") -> Iterator[tuple[str, Event]]:
        """What happened to an infrastructure, also to one that is gone.

        Raises:
            InfrastructureNotFound: nothing was ever recorded of it.
        """
        found = list(load_events(self.store, InfraId(infra_id), after))
        if not found and not after:
            raise InfrastructureNotFound(infra_id)
        return iter(found)

    def notifications(self, infra_id: str) -> Sequence[Section]:
        """Where the events of an infrastructure go.

        Raises:
            InfrastructureNotFound: there is none.
        """
        load_infra(self.store, InfraId(infra_id))
        return [target.section for target in load_targets(self.store, InfraId(infra_id)).value]

    def set_notifications(self, infra_id: str, sections: object, locate: Locate = nowhere) -> Sequence[Section]:
        """From now on the events of an infrastructure go to these targets, each a section of a notifier such as
        `{"type": "webhook", "url": ..., "kinds": [...]}`, and nowhere else; they, as they are kept. `locate` finds them in a file.

        Raises:
            DescriptionError: with every fault in them; they hold no secrets, which belong in the authentication file.
            InfrastructureNotFound: there is no such infrastructure.
        """
        self.masker.learn(sections)
        diagnostics = Diagnostics(self.masker.mask)
        check_targets(sections, self.composition, Reporter(diagnostics, locate), self.may_reach)
        diagnostics.raise_if_errors()
        set_targets(self.store, InfraId(infra_id), cast("Sequence[Section]", sections), time.time())
        return self.notifications(infra_id)

    def _stored_definition(self, name: str) -> Definition | None:
        implementations = from_plain(load_definition(self.store, self.user, name) or [])
        self.masker.learn(implementations)
        return Definition(name, tuple(implementations)) if implementations else None

    def _perhaps_in_the_unreadable(self, name: str) -> Definition:
        """Where a file can't be read, a definition that is not found may stand in it: it is not reported as missing."""
        return self._stored_definition(name) or Definition(name, (), sound=False)


def _add(definitions: dict[str, Definition], more: Mapping[str, Definition], diagnostics: Diagnostics) -> None:
    for name, definition in more.items():
        if name in definitions:
            first = definitions[name]
            message = f"the node definition '{name}' stands in two files"
            diagnostics.error(message, definition.locate(definition.base, True), f"the other one is at {first.locate(first.base, True)}")
        definitions[name] = definition


def run_command(command: str) -> str:
    """The output of a local command, without the newline at its end, as a shell's $(...) gives it.

    Raises:
        UsageError: it fails or takes too long; the message has the end of what it printed.
    """
    import subprocess  # noqa: PLC0415 - few templates run commands

    try:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False)  # noqa: S602
    except subprocess.TimeoutExpired:
        raise UsageError(f"the command '{command}' takes more than {COMMAND_TIMEOUT:g} s") from None
    if done.returncode:
        raise UsageError(f"the command '{command}' fails with exit code {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout.rstrip("\n")

"""What all doors open to: the commands, the service and programs do everything through `InfrastructureManager`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from occopus.credentials import load_credentials
from occopus.descriptors.loader import load_file
from occopus.diagnostics import Diagnostics, Fault
from occopus.errors import InfrastructureNotFound, UsageError
from occopus.masking import Masker
from occopus.model.infrastructure import InfraId, Infrastructure, InfraRecord
from occopus.model.secret import SecretReference, from_plain, to_plain
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Registry
from occopus.schema.composition import Composition
from occopus.schema.definitions import Definition, holds_definitions, read_definitions
from occopus.schema.infrastructure import InfrastructureCompiler, check_unused, compile_source
from occopus.settings import Settings, load_settings
from occopus.store.base import Store
from occopus.store.opening import open_store
from occopus.store.records import load_definition, load_events, load_infra, load_infras, put_definition

if TYPE_CHECKING:
    from occopus.engine.rehearsal import Rehearsed
    from occopus.engine.scope import Outside
    from occopus.engine.services import Services, Watcher
    from occopus.model.event import Event
    from occopus.model.instance import Instance
    from occopus.model.plan import Plan

COMMAND_TIMEOUT = 60.0
"""Seconds that `cmd()` in a template may take."""

# The engine brings asyncio and the templates Jinja2. What needs neither starts without them: hence the imports inside the methods below.


@dataclass(frozen=True)
class Description:
    """What a set of files says, without faults. `infrastructure` is None where they hold only node definitions."""

    infrastructure: Infrastructure | None
    definitions: Mapping[str, Definition]
    warnings: tuple[Fault, ...] = ()


@dataclass
class InfrastructureManager:
    """Describes, plans, builds, watches and removes infrastructures.

    `user` is whose node definitions are used. `warn` is told of doubts that arise while something is done.
    """

    settings: Settings
    registry: Registry = field(default_factory=load_plugins)
    user: str = field(default_factory=lambda: _user_name())
    warn: Callable[[str], None] = lambda text: None
    masker: Masker = field(default_factory=Masker)

    @classmethod
    def open(cls, cfg_path: str | None = None, auth_data_path: str | None = None, **options: Any) -> InfrastructureManager:
        """A manager with the settings found where they are looked for.

        Raises:
            DescriptionError: the configuration has faults.
        """
        diagnostics = Diagnostics()
        settings = load_settings(cfg_path, auth_data_path, os.environ, diagnostics)
        diagnostics.raise_if_errors()
        manager = cls(settings, **options)
        for fault in diagnostics.faults:
            manager.warn(str(fault))
        return manager

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings.store_url)

    @cached_property
    def composition(self) -> Composition:
        return Composition(self.registry)

    def read(self, paths: Iterable[str | Path], *, definitions_only: bool = False) -> Description:
        """Read and check descriptions and node definitions, all files together; definitions that are not among them come from the store.

        Raises:
            DescriptionError: with every fault of all files.
        """
        diagnostics = Diagnostics()
        documents = [document for path in paths if (document := load_file(path, diagnostics))]
        definitions: dict[str, Definition] = {}
        descriptions = []
        for document in documents:
            if holds_definitions(document.data) or definitions_only:
                definitions |= read_definitions(document.data, document.position, diagnostics)
            else:
                descriptions.append(document)
        if len(descriptions) > 1:
            second = descriptions[1]
            diagnostics.error("a second infrastructure description", second.position(()), "give one at a time")
        infrastructure = None
        if descriptions:
            compiler = InfrastructureCompiler(self.composition, diagnostics, definitions, self._stored_definition)
            infrastructure = compiler.compile(descriptions[0].data, descriptions[0].position)
            self._rehearse(infrastructure, compiler, diagnostics)
        check_unused(definitions, self.composition, diagnostics, tolerate_missing=definitions_only or bool(descriptions))
        diagnostics.raise_if_errors()
        return Description(infrastructure, definitions, diagnostics.faults)

    def import_definitions(self, description: Description) -> list[str]:
        """Keep node definitions in the store, each in place of an earlier one of its name; their names."""
        puts = [put_definition(self.user, d.name, to_plain(list(d.implementations))) for d in description.definitions.values()]
        self.store.write(puts)
        return list(description.definitions)

    def render(self, infrastructure: Infrastructure) -> list[Rehearsed]:
        """What each instance would get, before anything exists."""
        from occopus.engine.rehearsal import Rehearsal, without_effects

        outside = without_effects(self._outside())
        return list(Rehearsal(infrastructure, self.composition, outside).rehearse())

    def plan(self, infrastructure: Infrastructure | None, infra_id: str | None = None) -> Plan:
        """What building `infrastructure` would do; without one, what the next pass over `infra_id` would do."""
        if infra_id is None:
            return self._plan_from_nothing(infrastructure)
        import asyncio

        from occopus.engine import session

        return asyncio.run(session.plan(self._services(), InfraId(infra_id), infrastructure))

    def _plan_from_nothing(self, infrastructure: Infrastructure | None) -> Plan:
        import random
        import uuid

        from occopus.engine.planning import Choices, World, make_plan

        choices = Choices(lambda: str(uuid.uuid4()), random.Random().choice)  # noqa: S311 - chooses an implementation
        return make_plan(World(infrastructure, None, ()), choices)

    def build(self, infrastructure: Infrastructure, infra_id: str | None, watcher: Watcher, interrupts: Interrupts) -> Sequence[Instance]:
        """Build an infrastructure, or make an existing one what `infrastructure` says; its instances.

        Raises:
            StepsFailed, Interrupted: what was made is removed again; the message says what could not be.
        """
        from occopus.engine import session
        from occopus.engine.running import run

        services = self._services(watcher)
        id = InfraId(infra_id or services.clock.new_id())
        return run(lambda stop: session.build(services, id, infrastructure, stop), interrupts.first, lambda: interrupts.second(id))

    def destroy(self, infra_id: str, watcher: Watcher, interrupts: Interrupts) -> None:
        """Remove an infrastructure with everything that was made for it."""
        from occopus.engine import session
        from occopus.engine.running import run

        services = self._services(watcher)
        id = InfraId(infra_id)
        run(lambda stop: session.destroy(services, id, stop), interrupts.first, lambda: interrupts.second(id))

    def report(self, infra_id: str) -> tuple[InfraRecord, Sequence[Instance]]:
        """An infrastructure and its instances as they are now."""
        import asyncio

        from occopus.engine import session

        return asyncio.run(session.report(self._services(), InfraId(infra_id)))

    def described(self, infra_id: str) -> Infrastructure:
        """The description that an infrastructure was built from; of one that is on its way out, the last.

        Raises:
            InfrastructureNotFound: there is none.
        """
        record = load_infra(self.store, InfraId(infra_id)).value
        source = record.desired if record.desired is not None else record.former
        if source is None:
            raise InfrastructureNotFound(infra_id)
        return compile_source(source, self.composition)

    def list(self) -> list[InfraRecord]:
        """All infrastructures in the store, the oldest first."""
        return sorted(load_infras(self.store), key=lambda infra: infra.created_at)

    def events(self, infra_id: str, after: str = "") -> Iterator[tuple[str, Event]]:
        """What happened to an infrastructure, also to one that is gone.

        Raises:
            InfrastructureNotFound: nothing was ever recorded of it.
        """
        found = list(load_events(self.store, InfraId(infra_id), after))
        if not found and not after:
            raise InfrastructureNotFound(infra_id)
        return iter(found)

    def _rehearse(self, infrastructure: Infrastructure | None, compiler: InfrastructureCompiler, diagnostics: Diagnostics) -> None:
        """Find faults in templates while nothing exists yet."""
        if infrastructure is None:
            return
        from occopus.engine.faults import report_template_faults

        report_template_faults(infrastructure, compiler, self._outside(), diagnostics)

    def _stored_definition(self, name: str) -> Definition | None:
        implementations = load_definition(self.store, self.user, name)
        return Definition(name, tuple(from_plain(implementations))) if implementations else None

    def _outside(self) -> Outside:
        from occopus.engine.scope import Outside
        from occopus.secrets import resolve

        def look_up(reference: SecretReference) -> str:
            value = resolve(reference)
            self.masker.add(value)
            return value

        return Outside(run_command, look_up, self.warn)

    def _services(self, watcher: Watcher | None = None) -> Services:
        from occopus.engine.policy import Policy
        from occopus.engine.services import Services, Watcher

        diagnostics = Diagnostics()
        credentials = load_credentials(self.settings.auth_data_path, diagnostics, self.masker)
        diagnostics.raise_if_errors()
        for fault in diagnostics.faults:
            self.warn(str(fault))
        settings = self.settings
        return Services(
            store=self.store,
            composition=self.composition,
            credentials=credentials,
            outside=self._outside(),
            data_dir=settings.data_dir,
            policy=Policy(parallelism=settings.parallelism if settings.parallelize else 0, create_timeout=settings.create_timeout),
            watcher=watcher or Watcher(),
        )


@dataclass(frozen=True)
class Interrupts:
    """What is said at the first and at the second Ctrl-C; the second is given the infrastructure's id."""

    first: Callable[[], None]
    second: Callable[[str], None]


def run_command(command: str) -> str:
    """The output of a local command, without the newline at its end, as a shell's $(...) gives it.

    Raises:
        UsageError: it fails or takes too long; the message has the end of what it printed.
    """
    try:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False)  # noqa: S602
    except subprocess.TimeoutExpired:
        raise UsageError(f"the command '{command}' takes more than {COMMAND_TIMEOUT:g} s") from None
    if done.returncode:
        raise UsageError(f"the command '{command}' fails with exit code {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout.rstrip("\n")


def _user_name() -> str:
    import getpass

    return getpass.getuser()

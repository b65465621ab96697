"""What all doors open to: the commands, the service and programs do everything through `InfrastructureManager`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from occopus.credentials import load_credentials
from occopus.diagnostics import Diagnostics
from occopus.engine import session
from occopus.engine.policy import Policy
from occopus.engine.running import run
from occopus.engine.services import Services, Watcher
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Plan
from occopus.workspace import Workspace


class InfrastructureManager(Workspace):
    """Describes, plans, builds, watches and removes infrastructures."""

    def plan(self, infrastructure: Infrastructure | None, infra_id: str) -> Plan:
        """What the next pass over an infrastructure would do; with `infrastructure`, what building that would do."""
        with self._services() as services:
            return asyncio.run(session.plan(services, InfraId(infra_id), infrastructure))

    def build(self, infrastructure: Infrastructure, infra_id: str | None = None, watcher: Watcher | None = None) -> Sequence[Instance]:
        """Build an infrastructure, or make an existing one what `infrastructure` says; its instances.

        Raises:
            InfrastructureNotFound: an identifier is given, and there is no such infrastructure.
            StepsFailed, Interrupted: what was made is removed again; the message says what could not be.
        """
        with self._services(watcher) as services:
            id, existing = InfraId(infra_id or services.clock.new_id()), infra_id is not None
            return run(lambda stop: session.build(services, id, infrastructure, stop, must_exist=existing), id, services.watcher)

    def destroy(self, infra_id: str, watcher: Watcher | None = None) -> None:
        """Remove an infrastructure with everything that was made for it."""
        id = InfraId(infra_id)
        with self._services(watcher) as services:
            run(lambda stop: session.destroy(services, id, stop), id, services.watcher)

    def report(self, infra_id: str) -> tuple[InfraRecord, Sequence[Instance]]:
        """An infrastructure and its instances as they are now."""
        with self._services() as services:
            return asyncio.run(session.report(services, InfraId(infra_id)))

    @contextmanager
    def _services(self, watcher: Watcher | None = None) -> Iterator[Services]:
        diagnostics = Diagnostics()
        credentials = load_credentials(self.settings.auth_data_path, diagnostics, self.masker)
        diagnostics.raise_if_errors()
        for fault in diagnostics.faults:
            self.warn(str(fault))
        settings = self.settings
        services = Services(
            store=self.store,
            composition=self.composition,
            credentials=credentials,
            outside=self.outside,
            data_dir=settings.data_dir,
            policy=Policy(parallelism=settings.parallelism if settings.parallelize else 0, create_timeout=settings.create_timeout),
            watcher=(watcher or Watcher()).undisturbing(),
            mask=self.masker.mask,
        )
        try:
            yield services
        finally:
            services.clock.close()

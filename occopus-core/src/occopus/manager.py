"""What all doors open to: the commands, the service and programs do everything through `InfrastructureManager`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from occopus.credentials import load_credentials
from occopus.diagnostics import Diagnostics
from occopus.engine import keeping, looking, session
from occopus.engine.adoption import adopt
from occopus.engine.converging import Outcome
from occopus.engine.costs import Costs, costs
from occopus.engine.policy import Policy
from occopus.engine.running import run
from occopus.engine.services import Services, Watcher
from occopus.masked_errors import without_secrets
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Plan
from occopus.workspace import Workspace


class InfrastructureManager(Workspace):
    """Describes, plans, builds, watches and removes infrastructures."""

    def plan(self, infrastructure: Infrastructure | None, infra_id: str, *, force_replace: bool = False) -> Plan:
        """What the next pass over an infrastructure would do; with `infrastructure`, what building that would do.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
        """
        with self._services() as services:
            return asyncio.run(looking.plan(services, InfraId(infra_id), infrastructure, force_replace=force_replace))

    def build(
        self, infrastructure: Infrastructure, infra_id: str | None = None, watcher: Watcher | None = None, *, plan: str | None = None
    ) -> Outcome:
        """Build an infrastructure, or make an existing one what `infrastructure` says. `plan` is the token of a plan that was shown: then
        just that is carried out.

        Raises:
            InfrastructureNotFound: an identifier is given, and there is no such infrastructure.
            CredentialsError: the authentication file lacks what it needs; nothing is done.
            StalePlan: the infrastructure has changed since the plan was made; nothing is done.
            StepsFailed, Interrupted: what was made is removed again; the message says what could not be.
        """
        with self._services(watcher) as services:
            services.backends().admit(infrastructure)
            id, existing = InfraId(infra_id or services.clock.new_id()), infra_id is not None
            build = partial(session.build, services, id, infrastructure, must_exist=existing, exactly=plan)
            return run(build, id, services.watcher)

    def maintain(self, infra_id: str, watcher: Watcher | None = None, *, force_replace: bool = False) -> Outcome:
        """Make one pass: replace what has failed, and come to the numbers of instances that are wanted.

        With `force_replace`, also where most of an infrastructure fails only our own health checks at once.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
            StepsFailed, Interrupted: the next pass goes on where it ended.
        """
        id = InfraId(infra_id)
        with self._services(watcher) as services:
            return run(partial(session.maintain, services, id, force_replace=force_replace), id, services.watcher)

    def keep(
        self,
        infra_id: str,
        every: float,
        told: Callable[[Outcome | Exception], None],
        watcher: Watcher | None = None,
        *,
        force_replace: bool = False,
    ) -> None:
        """Make passes, with so many seconds in between, until Ctrl-C or until the infrastructure is gone.

        `told` hears what each came to; `force_replace` is that of `maintain`.
        """
        id = InfraId(infra_id)
        with self._services(watcher) as services:
            keep = partial(keeping.keep, services, id, every, told=told, force_replace=force_replace)
            run(keep, id, services.watcher)

    def adopt(self, infrastructure: Infrastructure, infra_id: str, watcher: Watcher | None = None) -> Outcome:
        """Take over what bears the mark of an infrastructure that the store does not know (any more). Nothing is made or removed.

        Raises:
            UsageError: the store knows it, or nothing bears its mark.
        """
        id = InfraId(infra_id)
        with self._services(watcher) as services:
            return run(partial(adopt, services, id, infrastructure), id, services.watcher)

    def destroy(self, infra_id: str, watcher: Watcher | None = None) -> None:
        """Remove an infrastructure with everything that was made for it.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
            StepsFailed, Interrupted: run it again.
        """
        id = InfraId(infra_id)
        with self._services(watcher) as services:
            run(partial(session.destroy, services, id), id, services.watcher)

    def report(self, infra_id: str) -> tuple[InfraRecord, Sequence[Instance]]:
        """An infrastructure and its instances as they are now."""
        with self._services() as services:
            return asyncio.run(looking.report(services, InfraId(infra_id)))

    def costs(self, infra_id: str) -> Costs:
        """What the instances of an infrastructure have cost so far, where their backends tell.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
        """
        with self._services() as services:
            return asyncio.run(costs(services, InfraId(infra_id)))

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
            watcher=(watcher or Watcher()).undisturbing().masked(self.masker.mask),
            mask=self.masker.mask,
            learn=self.masker.learn,
        )
        try:
            with without_secrets(self.masker.mask):
                yield services
        finally:
            services.clock.close()

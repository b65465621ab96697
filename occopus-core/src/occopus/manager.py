"""What all doors open to: the commands, the service and programs do everything through `InfrastructureManager`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial

from occopus.credentials import load_credentials
from occopus.diagnostics import Diagnostics
from occopus.engine import keeping, looking, session
from occopus.engine.adoption import adopt
from occopus.engine.converging import Outcome
from occopus.engine.costs import Costs, costs
from occopus.engine.courier import Courier
from occopus.engine.policy import Policy
from occopus.engine.running import run
from occopus.engine.services import Services, Watcher
from occopus.engine.wishes import submit
from occopus.errors import AlreadyMaintained, NotMaintained
from occopus.maintenance import INTERVAL, Maintenance
from occopus.masked_errors import without_secrets
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.model.instance import Instance
from occopus.model.plan import Plan
from occopus.store.records import load_infra
from occopus.workspace import Workspace

LAST_DELIVERY = 5.0
"""Seconds for which the end of maintaining waits until the last events are delivered."""


class InfrastructureManager(Workspace):
    """Describes, plans, builds, watches and removes infrastructures."""

    def plan(self, infrastructure: Infrastructure | None, infra_id: str, *, force_replace: bool = False) -> Plan:
        """What the next pass over an infrastructure would do; with `infrastructure`, what building that would do.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
        """
        with self.services() as services:
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
        with self.services(watcher) as services:
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
        with self.services(watcher) as services:
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
        """Make passes, with so many seconds in between, until Ctrl-C or until the infrastructure is gone, and deliver its events.

        `told` hears what each came to; `force_replace` is that of `maintain`.
        """
        id = InfraId(infra_id)
        with self.services(watcher) as services:
            keep = partial(keeping.keep, services, id, every, told=told, force_replace=force_replace)
            with Courier(services, only=id, may_reach=self.may_reach).working(LAST_DELIVERY):
                run(keep, id, services.watcher)

    def submit_infrastructure(self, infrastructure: Infrastructure) -> str:
        """Note down that an infrastructure should exist; its identifier. Whoever maintains it makes it.

        Raises:
            CredentialsError: the authentication file lacks what it needs; nothing is noted down.
        """
        with self.services() as services:
            services.backends().admit(infrastructure)
            infra_id = InfraId(services.clock.new_id())
            submit(self.store, infra_id, infrastructure, services.clock.time())
        return infra_id

    def start_provisioning(self, infra_id: str, interval: float = INTERVAL) -> Maintenance:
        """Maintain an infrastructure in a thread of this program: a pass at once, and another every so many seconds.

        Raises:
            AlreadyMaintained: this program does so already.
            InfrastructureNotFound: there is none.
        """
        if self._is_maintained(infra_id):
            raise AlreadyMaintained(f"'{infra_id}' is maintained already")
        load_infra(self.store, InfraId(infra_id))
        maintenance = self._maintained[infra_id] = Maintenance(infra_id, self.services, interval)
        maintenance.start()
        return maintenance

    def stop_provisioning(self, infra_id: str, wait_timeout: float = 60.0) -> bool:
        """Maintain an infrastructure no longer; it stays as it is. Whether the pass under way has ended within so many seconds.

        Raises:
            NotMaintained: this program does not maintain it.
        """
        has_ended = self.get(infra_id).stop(wait_timeout)
        if has_ended:
            del self._maintained[infra_id]
        return has_ended

    def add(self, infrastructure: Infrastructure) -> str:
        """Submit an infrastructure and maintain it; its identifier. Raises what these raise."""
        infra_id = self.submit_infrastructure(infrastructure)
        self.start_provisioning(infra_id)
        return infra_id

    def attach(self, infra_id: str) -> Maintenance:
        """Maintain an infrastructure that is there already, as `start_provisioning` does."""
        return self.start_provisioning(infra_id)

    def detach(self, infra_id: str) -> bool:
        """Maintain an infrastructure no longer, as `stop_provisioning` does."""
        return self.stop_provisioning(infra_id)

    def get(self, infra_id: str) -> Maintenance:
        """The thread that maintains an infrastructure.

        Raises:
            NotMaintained: there is none.
        """
        if infra_id not in self._maintained:
            raise NotMaintained(f"'{infra_id}' is not maintained by this program")
        return self._maintained[infra_id]

    def tear_down(self, infra_id: str) -> None:
        """Remove an infrastructure that this program does not maintain, as `destroy` does.

        Raises:
            AlreadyMaintained: it does; `stop_provisioning` comes first.
            InfrastructureNotFound, StepsFailed, Interrupted: as of `destroy`.
        """
        if self._is_maintained(infra_id):
            raise AlreadyMaintained(f"'{infra_id}' is maintained", "stop_provisioning comes first")
        self.destroy(infra_id)

    @cached_property
    def _maintained(self) -> dict[str, Maintenance]:
        return {}

    def _is_maintained(self, infra_id: str) -> bool:
        return infra_id in self._maintained and self._maintained[infra_id].is_alive()

    def adopt(self, infrastructure: Infrastructure, infra_id: str, watcher: Watcher | None = None) -> Outcome:
        """Take over what bears the mark of an infrastructure that the store does not know (any more). Nothing is made or removed.

        Raises:
            UsageError: the store knows it, or nothing bears its mark.
        """
        id = InfraId(infra_id)
        with self.services(watcher) as services:
            return run(partial(adopt, services, id, infrastructure), id, services.watcher)

    def destroy(self, infra_id: str, watcher: Watcher | None = None) -> None:
        """Remove an infrastructure with everything that was made for it.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
            StepsFailed, Interrupted: run it again.
        """
        id = InfraId(infra_id)
        with self.services(watcher) as services:
            run(partial(session.destroy, services, id), id, services.watcher)

    def report(self, infra_id: str) -> tuple[InfraRecord, Sequence[Instance]]:
        """An infrastructure and its instances as they are now."""
        with self.services() as services:
            return asyncio.run(looking.report(services, InfraId(infra_id)))

    def costs(self, infra_id: str) -> Costs:
        """What the instances of an infrastructure have cost so far, where their backends tell.

        Raises:
            InfrastructureNotFound: there is no such infrastructure.
        """
        with self.services() as services:
            return asyncio.run(costs(services, InfraId(infra_id)))

    @contextmanager
    def services(self, watcher: Watcher | None = None) -> Iterator[Services]:
        """What the engine works with. Errors that leave the block say no secrets.

        Raises:
            DescriptionError: the authentication file has faults.
        """
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

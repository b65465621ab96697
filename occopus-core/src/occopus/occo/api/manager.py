"""`occo.api.manager`: the original's names for `occopus.InfrastructureManager`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from occopus.errors import AlreadyMaintained, NotMaintained, UsageError
from occopus.maintenance import INTERVAL, Maintenance
from occopus.model.infrastructure import Infrastructure
from occopus.occo.api import occoapp

InfrastructureIDTakenException = AlreadyMaintained
InfrastructureIDNotFoundException = NotMaintained

Description = str | Path | Mapping[str, Any]
"""A file, or the plain data that it holds."""


class InfrastructureManager:
    """Builds and maintains infrastructures. `process_strategy` is `sequential` or `parallel`."""

    def __init__(self, process_strategy: str = "sequential") -> None:
        self._manager = occoapp.manager(process_strategy)

    def add(self, infra_desc: Description) -> str:
        """Store an infrastructure and begin to maintain it; its identifier."""
        return self._manager.add(self._compiled(infra_desc))

    def submit_infrastructure(self, infra_desc: Description) -> str:
        """Store an infrastructure; its identifier."""
        return self._manager.submit_infrastructure(self._compiled(infra_desc))

    def start_provisioning(self, infra_id: str) -> None:
        """Raises:
        InfrastructureIDTakenException: it is maintained already.
        """
        self._manager.start_provisioning(infra_id)

    def attach(self, infra_id: str) -> None:
        """Maintain an infrastructure that is there already."""
        self._manager.attach(infra_id)

    def stop_provisioning(self, infra_id: str, wait_timeout: float = 60) -> None:
        """Maintain it no longer; it stays as it is.

        Raises:
            InfrastructureIDNotFoundException: it is not maintained.
        """
        self._manager.stop_provisioning(infra_id, wait_timeout)

    def detach(self, infra_id: str) -> None:
        """The same."""
        self._manager.detach(infra_id)

    def get(self, infra_id: str) -> Maintenance:
        """What maintains an infrastructure.

        Raises:
            InfrastructureIDNotFoundException: it is not maintained.
        """
        return self._manager.get(infra_id)

    def tear_down(self, infra_id: str) -> None:
        """Remove an infrastructure.

        Raises:
            ValueError: it is maintained; `stop_provisioning` comes first.
        """
        self._manager.tear_down(infra_id)

    def _compiled(self, infra_desc: Description) -> Infrastructure:
        if isinstance(infra_desc, Mapping):
            return self._manager.compile(infra_desc)
        found = self._manager.read([infra_desc]).infrastructure
        if found is None:
            raise UsageError(f"'{infra_desc}' describes no infrastructure")
        return found


class InfrastructureMaintenanceProcess(Maintenance):
    """Maintains an infrastructure that is stored already, with so many seconds between two passes, from `start` to `stop`."""

    def __init__(self, infra_id: str, enactor_interval: float = INTERVAL, process_strategy: str = "sequential") -> None:
        super().__init__(infra_id, occoapp.manager(process_strategy).services, enactor_interval)

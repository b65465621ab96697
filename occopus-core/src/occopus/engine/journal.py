"""The journal of one pass: intent before an effect, fact after it, all under one lease.

It keeps what it has read and written, so that no step reads the infrastructure again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Handle, Instance, NodeId, Phase
from occopus.model.node import Section
from occopus.store.base import Change, Lease, Store
from occopus.store.records import (
    Versioned,
    append_event,
    delete_infra,
    delete_instance,
    load_infra,
    load_instances,
    put_infra,
    put_instance,
)

LOG = logging.getLogger("occopus.engine")

Listener = Callable[[Event], None]


class Journal:
    """Writes to the store on behalf of one infrastructure's lease holder. Its methods may be called from several threads."""

    def __init__(
        self, store: Store, lease: Lease, infra_id: InfraId, now: Callable[[], float], listen: Listener, mask: Callable[[str], str]
    ) -> None:
        """`mask` hides secrets: the words of backends may repeat what they were given."""
        self.store = store
        self.lease = lease
        self.infra_id = infra_id
        self._now = now
        self._listen = listen
        self._mask = mask
        self._lock = threading.RLock()
        self._infra: Versioned[InfraRecord] | None = None
        self._instances: dict[NodeId, Versioned[Instance]] = {}
        self._by_node: dict[str, dict[NodeId, None]] = {}

    def load(self) -> None:
        """Read what the store knows.

        Raises:
            InfrastructureNotFound: it does not know this infrastructure.
        """
        self._infra = load_infra(self.store, self.infra_id)
        self._instances = load_instances(self.store, self.infra_id)
        self._by_node = {}
        for node_id, known in self._instances.items():
            self._by_node.setdefault(known.value.node_name, {})[node_id] = None

    @property
    def infra(self) -> InfraRecord:
        assert self._infra is not None, "the journal is loaded or begun first"  # noqa: S101
        return self._infra.value

    @property
    def exists(self) -> bool:
        """Whether the store has the infrastructure."""
        return self._infra is not None

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, the oldest first."""
        with self._lock:
            return tuple(known.value for known in self._instances.values())

    def instances_of(self, node_name: str) -> list[Instance]:
        """The instances of a node that can be reached, the oldest first."""
        with self._lock:
            found = [self._instances[node_id].value for node_id in self._by_node.get(node_name, ())]
        return [instance for instance in found if instance.addresses and instance.phase is not Phase.DROPPING]

    def get(self, node_id: NodeId) -> Instance | None:
        known = self._instances.get(node_id)
        return known.value if known else None

    def latest(self, instance: Instance) -> Instance:
        """The instance as it was last written, with every id that is known."""
        return self.get(instance.node_id) or instance

    def save_infra(self, infra: InfraRecord, kind: str, message: str = "") -> None:
        """Write the infrastructure's own record, with an event that says why."""
        with self._lock:
            version = self._infra.version if self._infra else 0
            event = self._write([put_infra(infra, version)], self._event(kind, message=message))
            self._infra = Versioned(infra, version + 1)
        self._tell(event)

    def remember_manager(self, section: Section) -> None:
        """Note that a config manager will know of this infrastructure, before it does."""
        with self._lock:
            if section not in self.infra.config_managers:
                known = (*self.infra.config_managers, section)
                self.save_infra(replace(self.infra, config_managers=known), "config-manager", str(section["type"]))

    def save(self, instance: Instance, kind: str | None = None, message: str = "") -> Instance:
        """Write an instance, with an event where `kind` names one. Gives the instance back as it was written."""
        instance = replace(instance, reason=self._mask(instance.reason))
        with self._lock:
            known = self._instances.get(instance.node_id)
            version = known.version if known else 0
            event = self._write([put_instance(instance, version)], self._event(kind, instance, message) if kind else None)
            self._instances[instance.node_id] = Versioned(instance, version + 1)
            self._by_node.setdefault(instance.node_name, {})[instance.node_id] = None
        self._tell(event)
        return instance

    def checkpoint(self, handle: Handle) -> None:
        """Store the ids of a handle; when it returns they survive a crash."""
        with self._lock:
            instance = self._instances[handle.node_id].value
            if dict(instance.ids) != dict(handle.ids):
                self.save(replace(instance, ids=dict(handle.ids)))

    def forget(self, instance: Instance, message: str = "") -> None:
        """Take an instance out of the store: nothing is left of it."""
        with self._lock:
            known = self._instances.get(instance.node_id)
            if known is None:
                return
            event = self._write([delete_instance(instance, known.version)], self._event("dropped", instance, message))
            del self._instances[instance.node_id]
            del self._by_node[instance.node_name][instance.node_id]
        self._tell(event)

    def forget_infra(self) -> None:
        """Take the whole infrastructure out of the store; its events stay."""
        assert self._infra is not None, "the journal is loaded or begun first"  # noqa: S101
        event = self._write([delete_infra(self._infra.value, self._infra.version)], self._event("destroyed"))
        self._infra = None
        self._tell(event)

    def note(self, kind: str, instance: Instance | None = None, message: str = "") -> None:
        """Record an event that changes nothing."""
        self._tell(self._write([], self._event(kind, instance, message)))

    def _event(self, kind: str, instance: Instance | None = None, message: str = "") -> Event:
        name, node_id = (instance.node_name, instance.node_id) if instance else ("", "")
        return Event(self.infra_id, self._now(), kind, name, node_id, self._mask(message))

    def _write(self, changes: list[Change], event: Event | None) -> Event | None:
        self.store.write([*changes, append_event(event)] if event else changes, self.lease)
        return event

    def _tell(self, event: Event | None) -> None:
        """Only when everything is written down here too: whoever listens may fail."""
        if event:
            LOG.info("%s", " ".join(filter(None, (self.infra_id, event.kind, event.node_name, event.node_id, event.message))))
            self._listen(event)
